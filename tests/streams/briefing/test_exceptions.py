"""Who is named, in which order, how many, and who never is."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.policy import Policy
from schemas.figures import CustomerFigures
from schemas.figures.published import example
from schemas.told import Told
from streams.briefing.exceptions import KINDS, SLACK, Exceptions, Named, Owner
from streams.briefing.periods import Period, period_of
from tests.streams.briefing.town import POLICY, VIP, briefed, event, replayed

WEEK = Period("week", 2026, 10)
STEP = "2026-03-03T02:00:00.000Z"


def of(kind: str, named: tuple[Named, ...]) -> Named:
    [found] = [one for one in named if one.kind == kind]
    return found


def customer(name: str, **more: Any) -> CustomerFigures:
    return replace(example(), customer_id=name, complaint_cases=[], **more)


def risky(name: str, risk: float | None, **more: Any) -> CustomerFigures:
    one = customer(name, **more)
    return replace(one, relationship=replace(one.relationship, churn_risk=risk))


def owing(name: str, *hours: float, level: int = 1, **more: Any) -> CustomerFigures:
    """A customer with an overdue complaint for each of these hours of waiting."""
    [case] = example().complaint_cases[:1]
    cases = [
        replace(case, complaint_id=f"{name}-{place}", overdue=True, escalated_to=level,
                open_hours=each)
        for place, each in enumerate(hours)
    ]  # fmt: skip
    return replace(example(), customer_id=name, complaint_cases=cases, **more)


def given_all(rules: dict[str, Any], *customers: CustomerFigures) -> Exceptions:
    found = Exceptions(Policy.model_validate({"briefing": rules}), WEEK)
    for one in customers:
        found.add(one)
    return found


def test_the_town_names_its_vip_for_four_reasons(folder: Path, tmp_path: Path) -> None:
    named = {one.kind: one for one in briefed(folder, tmp_path).named}
    assert tuple(named) == KINDS
    totals = {kind: one.total for kind, one in named.items()}
    assert totals == {
        "outrage": 1, "complaint_overdue": 1, "callback_broken": 1, "churn_risk": 0,
        "dissatisfied": 1, "lost": 0,
    }  # fmt: skip
    for one in named.values():
        assert {(case.customer_id, case.tier, case.owner_id) for case in one.cases} <= {
            (VIP, "vip", "rm-1")
        }
    assert named["outrage"].cases[0].reason == "Security is violated: complaint k-1 about fraud."
    [overdue] = named["complaint_overdue"].cases
    # acknowledged within an hour: that was at 11:00 of Shanghai
    assert (overdue.complaint_id, overdue.at) == ("k-1", "2026-03-03T03:00:00.000Z")
    assert named["complaint_overdue"].owners == (Owner("rm-1", 1, 1),)
    [broken] = named["callback_broken"].cases
    assert (broken.at, isinstance(broken.reason, Told)) == ("2026-03-05T07:00:00.000Z", True)
    assert named["dissatisfied"].cases[0].factor == "service"


def test_only_the_tiers_of_the_policy_are_named_for_churn_risk_and_from_its_line_on() -> None:
    line = Policy().alerts.churn_risk
    found = given_all(
        {"tiers": ["key", "private"]},
        risky("low", line - 0.01, tier="private"),
        risky("at", line, tier="key"),
        risky("high", 0.9, tier="key"),
        risky("vip", 0.9, tier="vip"),
        risky("none", None, tier="private"),
        risky("private", line, tier="private"),
    )
    churn = of("churn_risk", found.named(WEEK, stands=True))
    assert [case.customer_id for case in churn.cases] == ["private", "high", "at"]


def test_complaints_stand_by_owner_and_the_worst_of_all_are_named() -> None:
    found = given_all(
        {"most": {"complaint_overdue": 3}},
        owing("a", 10.0, owner_id="rm-1"),
        owing("b", 20.0, 5.0, owner_id="rm-2"),
        owing("c", 7.0, level=3, owner_id=None),
        owing("d", 30.0, owner_id="rm-1"),
        owing("e", 1.0, owner_id="rm-2"),
    )
    named = of("complaint_overdue", found.named(WEEK, stands=True))
    assert named.total == 6
    # c is escalated furthest, then d and b wait longest; owners with the most of them first
    assert [case.customer_id for case in named.cases] == ["b", "d", "c"]
    assert named.owners == (Owner("rm-2", 3, 2), Owner("rm-1", 2, 2), Owner(None, 1, 1))


def test_a_kind_of_which_none_are_to_be_named_is_left_out() -> None:
    found = given_all({"most": {"outrage": 0}}, customer("a"))
    assert [one.kind for one in found.named(WEEK, stands=True)] == list(KINDS[1:])


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.floats(0.6, 1.0), max_size=SLACK + 30, unique=True),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_who_is_named_does_not_hang_on_the_order(risks: list[float], most: int, order: Any) -> None:
    everyone = [risky(f"c-{place}", risk, tier="vip") for place, risk in enumerate(risks)]
    shuffled = [*everyone]
    order.shuffle(shuffled)
    rules = {"most": {"churn_risk": most}}
    one, other = (
        of("churn_risk", given_all(rules, *each).named(WEEK, stands=True))
        for each in (everyone, shuffled)
    )
    assert one == other
    assert one.total == len(risks)
    assert [case.figure for case in one.cases] == sorted(risks, reverse=True)[:most]


# -- of the period ----------------------------------------------------------------------------


def broken(name: str, at: str = STEP, **more: Any) -> dict[str, Any]:
    return {
        "kind": "promise_broken",
        "customer_id": name,
        "occurred_at": at,
        "reason": "So.",
        **more,
    }


def lost(name: str, at: str = STEP) -> dict[str, Any]:
    return {
        "dimension": "relationship", "from_state": "at_risk", "to_state": "lost", "reason": "So.",
        "customer_id": name, "occurred_at": at,
    }  # fmt: skip


def test_whoever_is_gone_is_counted_and_never_named() -> None:
    found = Exceptions(Policy(), WEEK)
    for output in (broken("gone"), broken("here"), broken("here", raises_again="a"), lost("gone")):
        found.add_output(WEEK, output)
    found.add(customer("here", tier="standard"))
    named = found.named(WEEK, stands=False)
    assert [one.kind for one in named] == ["callback_broken", "lost"]
    calls, losses = named
    assert ([case.customer_id for case in calls.cases], calls.total, calls.gone) == (["here"], 1, 1)
    assert (losses.cases, losses.total) == ((), 0)


def test_an_erased_customer_is_not_named(tmp_path: Path) -> None:
    erased = event(VIP, "03-08T12:00", "profile", erase=True)
    from tests.streams.briefing.town import EVENTS

    folder = replayed(tmp_path / "town", "2026-03-09T09:00:00+08:00", [*EVENTS, erased])
    named = briefed(folder, tmp_path).named
    assert VIP not in str(named)
    assert of("callback_broken", named).gone == 1


@pytest.mark.parametrize("asked", [None, WEEK])
def test_cases_of_other_periods_are_let_go(asked: Period | None) -> None:
    found = Exceptions(POLICY, asked)
    for week in range(1, 12):
        period = period_of(date.fromisocalendar(2026, week, 3), "week")
        at = datetime.fromisocalendar(2026, week, 3).isoformat()
        found.add_output(period, lost("here", at))
    found.add(customer("here", tier="vip"))
    assert of("lost", found.named(WEEK, stands=False)).total == 1
    early = period_of(date.fromisocalendar(2026, 2, 3), "week")
    assert of("lost", found.named(early, stands=False)).total == 0

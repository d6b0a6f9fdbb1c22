"""The state of a customer: a truth table, an independent restatement, and totality."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import RelationshipRules, StateRules
from domain.relationship.customer_state import STATES, Facts, customer_state, reactivated_at

RULES = RelationshipRules()
NOW = 1_000 * DAY
BUYER = Facts(
    now=NOW,
    purchases=6,
    recent_purchases=4,
    last_purchase=NOW - 10 * DAY,
    lapse_point=30 * DAY,
    p_alive=0.9,
    attitude=8.0,
)


def restated(facts: Facts) -> str:
    """The rules of the reference as sets of states that may claim the customer, by rank."""
    claims = {"first_time"} if facts.purchases else {"potential"}
    if not facts.purchases:
        return "target" if facts.first_campaign is not None else "potential"
    if facts.purchases > 1:
        claims.add("repeat")
        fond = facts.attitude is not None and not facts.attitude < 7
        claims |= {"loyal"} if fond and facts.recent_purchases > 2 else set()
    if facts.reactivated_at is not None and facts.reactivated_at > facts.now - 30 * DAY:
        claims.add("reactivated")
    gap = 0 if facts.last_purchase is None else facts.now - facts.last_purchase
    point = 10**18 if facts.lapse_point is None else facts.lapse_point
    alive = 1.0 if facts.p_alive is None else facts.p_alive
    claims |= {"at_risk"} if gap > point or alive < 0.6 else set()
    claims |= {"lost"} if gap > 2 * point or alive < 0.4 else set()
    ranks = ("lost", "at_risk", "reactivated", "loyal", "repeat", "first_time")
    return next(state for state in ranks if state in claims)


def optional(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | strategy


times = optional(st.integers(NOW - 500 * DAY, NOW))
any_facts = st.builds(
    Facts,
    now=st.just(NOW),
    purchases=st.integers(0, 12),
    recent_purchases=st.integers(0, 12),
    last_purchase=times,
    lapse_point=optional(st.integers(14 * DAY, 400 * DAY)),
    p_alive=st.none() | st.floats(0, 1),
    attitude=st.none() | st.floats(0, 10),
    first_campaign=times,
    lost_since=times,
    reactivated_at=times,
)


@given(any_facts)
@settings(max_examples=400, deadline=None)
def test_any_facts_give_one_state_with_a_sentence(facts: Facts) -> None:
    found = customer_state(facts, RULES)
    assert found.state in STATES
    assert found.state == restated(facts)
    assert len(found.reason) > 10
    assert found.reason.endswith(".")
    assert "None" not in found.reason


def test_every_corner_of_the_truth_table_is_as_the_reference_says() -> None:
    met = set()
    gaps = (0, 30 * DAY, 30 * DAY + 1, 60 * DAY, 60 * DAY + 1)
    back = (None, NOW - 30 * DAY, NOW - 30 * DAY + 1, NOW)
    for count, recent, gap, alive, fond, sent, returned in product(
        (0, 1, 2, 3), (0, 2, 3), gaps, (None, 0.39, 0.4, 0.59, 0.6), (None, 6.9, 7.0), (None, 1),
        back,
    ):  # fmt: skip
        facts = Facts(
            now=NOW,
            purchases=count,
            recent_purchases=min(recent, count),
            last_purchase=NOW - gap if count else None,
            lapse_point=30 * DAY if count else None,
            p_alive=alive,
            attitude=fond,
            first_campaign=sent,
            reactivated_at=returned,
        )
        assert customer_state(facts, RULES).state == restated(facts), facts
        met.add(restated(facts))
    assert met == set(STATES)


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        (
            {"purchases": 0, "first_campaign": None},
            "potential",
            "No purchase and no campaign sent yet.",
        ),
        (
            {"purchases": 0, "first_campaign": NOW - 4 * DAY},
            "target",
            "No purchase yet; the first campaign was sent 4 days ago.",
        ),
        ({"purchases": 1}, "first_time", "One purchase, 10 days ago."),
        (
            {"recent_purchases": 2},
            "repeat",
            "6 purchases, 2 within 180 days; loyal is from 3 on.",
        ),
        (
            {"attitude": 6.999},
            "repeat",
            "6 purchases, 4 within 180 days; the attitude is 6.99, loyal is from 7 on.",
        ),
        (
            {"attitude": None},
            "repeat",
            "6 purchases, 4 within 180 days; the attitude is unknown.",
        ),
        (
            {},
            "loyal",
            "4 purchases within 180 days and an attitude of 8.0; loyal is from 3 and 7 on.",
        ),
        (
            {"last_purchase": NOW - 35 * DAY},
            "at_risk",
            "No purchase for 35 days; the lapse point is 30 days.",
        ),
        (
            {"p_alive": 0.5999},
            "at_risk",
            "The probability of being alive is 0.59, below 0.6.",
        ),
        (
            {"last_purchase": NOW - 62 * DAY, "p_alive": 0.31},
            "lost",
            "No purchase for 62 days; 2 times the lapse point is 60 days."
            " The probability of being alive is 0.31, below 0.4.",
        ),
        (
            {"lost_since": NOW - 50 * DAY, "reactivated_at": NOW - 10 * DAY},
            "reactivated",
            "Bought again 10 days ago after being lost for 40 days.",
        ),
    ],
)
def test_each_state_says_why_with_its_numbers(
    changes: dict[str, Any], state: str, reason: str
) -> None:
    found = customer_state(BUYER._replace(**changes), RULES)
    assert (found.state, found.reason) == (state, reason)


def test_somebody_who_came_back_and_falls_silent_is_at_risk_again() -> None:
    back = BUYER._replace(reactivated_at=NOW - 20 * DAY, last_purchase=NOW - 20 * DAY)
    assert customer_state(back, RULES).state == "reactivated"
    assert customer_state(back._replace(lapse_point=15 * DAY), RULES).state == "at_risk"
    assert customer_state(back._replace(now=NOW + 10 * DAY), RULES).state == "loyal"


def test_facts_that_are_not_known_are_named() -> None:
    facts = BUYER._replace(p_alive=None, lapse_point=None, attitude=None)
    assert customer_state(facts, RULES).missing == ("p_alive", "lapse_point", "attitude")
    assert customer_state(BUYER, RULES).missing == ()
    assert customer_state(Facts(now=NOW), RULES).missing == ()


def test_an_operator_may_move_the_lines() -> None:
    rules = RelationshipRules(
        states=StateRules(at_risk_p_alive=0.95, lost_p_alive=0.92, lost_lapse_points=3)
    )
    assert customer_state(BUYER, rules).state == "lost"
    assert customer_state(BUYER._replace(p_alive=0.93), rules).state == "at_risk"
    silent = BUYER._replace(p_alive=None, last_purchase=NOW - 90 * DAY)
    assert customer_state(silent, rules).state == "at_risk"


@given(st.lists(st.integers(0, 100), max_size=21).map(sorted), st.none() | st.integers(0, 100))
@settings(deadline=None)
def test_the_return_is_the_first_purchase_after_the_loss(
    bought: list[int], lost_since: int | None
) -> None:
    later = [] if lost_since is None else [at for at in bought if at > lost_since]
    assert reactivated_at(bought, lost_since) == min(later, default=None)

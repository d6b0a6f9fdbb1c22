"""What a customer met of campaigns, and what it adds to their sums: worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from domain.campaigns.response import row
from domain.campaigns.sums import Sums
from domain.kernel.units import MICRO
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.touchpoints import Campaign, Survey
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task
from tests.domain.test_order_of_arrival import PATIENT, THOROUGH

FEW = Policy.model_validate({"campaigns": {"kept_per_customer": 2, "kept": 2}})


def sums(task: Task, campaign: str = "m-1") -> dict[str, int]:
    """The sums of a campaign that are not 0, without its times."""
    found = asdict(task.ctx.campaigns.sums[campaign])
    return {name: found[name] for name in found if found[name] and name not in ("first", "newest")}


def test_a_worked_campaign() -> None:
    make = Events()
    task = Task().take(
        make.campaign(0, "sent", cost=0.05),
        make.campaign(HOUR, "sent", cost=0.05),  # a reminder
        make.campaign(2 * HOUR, "opened"),
        make.campaign(3 * HOUR, "clicked"),
        make.campaign(4 * HOUR, "clicked"),
        make.transaction(5 * HOUR, amount=100.0),
        make.campaign(6 * HOUR, "converted", revenue=60.0),
        make.transaction(4 * HOUR + 7 * DAY, amount=20.0),  # within 7 days of the second click
        make.transaction(4 * HOUR + 7 * DAY + 1, amount=40.0),
    )
    assert sums(task) == {
        "sent": 1, "reminders": 1, "opened": 1, "clicked": 1, "converted": 1, "answered": 1,
        "cost": 100_000, "revenue": 60 * MICRO, "receipts": 120 * MICRO,
    }  # fmt: skip
    told = task.exported().campaigns["m-1"]
    assert (told.sent_at, told.clicked_at) == (
        "2026-03-02T00:00:00.000Z",
        "2026-03-02T03:00:00.000Z",
    )
    assert (told.reminders, told.cost, told.revenue, told.receipts) == (1, 0.1, 60.0, 120.0)
    assert (told.opted_out_at, task.exported().campaigns_forgotten) == (None, 0)


def test_a_click_before_its_sent_is_an_answer_once_that_is_known() -> None:
    make = Events()
    click, sent = make.campaign(HOUR, "clicked"), make.campaign(0, "sent")
    task = Task().take(click)
    assert sums(task) == {"clicked": 1}
    assert sums(task.take(sent)) == {"sent": 1, "clicked": 1, "answered": 1}
    assert sums(task.take(make.campaign(2 * HOUR, "converted", revenue=0.0))) == {
        "sent": 1, "clicked": 1, "converted": 1, "answered": 1,
    }  # fmt: skip


def test_an_answer_without_a_mailing_is_none() -> None:
    make = Events()
    task = Task().take(make.campaign(0, "converted", revenue=5.0))
    assert sums(task) == {"converted": 1, "revenue": 5 * MICRO}
    assert row("m-1", task.ctx.campaigns.sums["m-1"], Policy().campaigns).response is None


def test_the_largest_amounts_are_stored_and_the_sums_stay_within_bounds() -> None:
    make = Events()
    task = Task(reload_always=True)
    for n in range(3):
        task.take(
            make.campaign(n * HOUR, "clicked", cost=1e15),
            make.campaign(n * HOUR, "converted", revenue=1e15),
            make.transaction(n * HOUR, amount=1e15),
        )
    most = 2**62
    assert sums(task) == {
        "clicked": 1, "converted": 1, "cost": most, "revenue": most, "receipts": most,
    }  # fmt: skip


def test_a_repeat_counts_once() -> None:
    make = Events()
    sent = make.campaign(0, "sent", cost=1.0)
    assert sums(Task().take(sent, sent)) == {"sent": 1, "cost": MICRO}


def test_surveys_rate_their_campaign() -> None:
    make = Events()
    rated = [
        make.survey(0, "nps", 9.0).model_copy(update={"campaign_id": "m-1"}),
        make.survey(HOUR, "csat", 3.0).model_copy(update={"campaign_id": "m-1"}),
        make.survey(2 * HOUR, "csat", 1.0),
    ]
    task = Task().take(*rated)
    assert sums(task) == {"ratings": 2, "rated": 14 * MICRO}
    assert row("m-1", task.ctx.campaigns.sums["m-1"], Policy().campaigns).rating == 7.0


def test_of_a_customer_the_newest_are_kept_and_the_sums_stay() -> None:
    make = Events()
    task = Task(FEW)
    for n, name in enumerate(("a", "b", "c")):
        task.take(make.campaign(n * HOUR, "sent", campaign_id=name))
    told = task.exported()
    assert (list(told.campaigns), told.campaigns_forgotten) == (["b", "c"], 1)
    # one that is older than all is counted, and not kept
    task.take(make.campaign(MINUTE, "clicked", campaign_id="a"))
    told = task.exported()
    assert (list(told.campaigns), told.campaigns_forgotten) == (["b", "c"], 2)
    assert sums(task, "") == {"sent": 1, "clicked": 1, "dropped": 1}


def test_who_was_erased_begins_anew_and_the_sums_stay_nameless() -> None:
    make = Events()
    task = Task().take(make.campaign(0, "sent"), make.profile(HOUR, erase=True))
    assert task.records == {} or not any(key[:1] == b"g" for key in task.records)
    assert sums(task) == {"sent": 1}
    late = make.campaign(MINUTE, "clicked")
    task.take(late)
    assert task.statuses[-1] == "erased"
    assert sums(task) == {"sent": 1}


# -- in any order ---------------------------------------------------------------------------

STEPS = ("sent", "sent", "opened", "clicked", "clicked", "converted", "opted_out", "opted_in")


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[TouchpointBase, int]]:
    """Events with when each comes (ms), at most a day late."""
    make, made = Events(), []
    for _ in range(draw(st.integers(1, 25))):
        at = draw(st.integers(0, 24 * 20)) * HOUR
        if draw(st.integers(0, 2)):
            event: TouchpointBase = make.campaign(
                at, draw(st.sampled_from(STEPS)), campaign_id=draw(st.sampled_from(("m-1", "m-2"))),
                cost=draw(st.sampled_from((None, 0.1, 0.05))),
            )  # fmt: skip
        elif draw(st.booleans()):
            event = make.transaction(at, amount=draw(st.sampled_from((0.1, 0.2, 33.33))))
        else:
            named = draw(st.sampled_from((None, "m-1")))
            event = make.survey(at, "csat", float(draw(st.integers(1, 5))))
            event = event.model_copy(update={"campaign_id": named})
        made.append((event, at + draw(st.integers(0, DAY))))
    return made


def brute(events: list[Any]) -> dict[str, dict[str, Any]]:
    """Sums and times of each campaign, from all events at once."""
    found: dict[str, dict[str, Any]] = {}
    steps = [event for event in events if isinstance(event, Campaign)]
    buys = [event for event in events if event.type == "transaction"]
    for name in ("m-1", "m-2"):
        mine = [event for event in steps if event.campaign_id == name]
        rated = [
            event for event in events if isinstance(event, Survey) and event.campaign_id == name
        ]
        if not mine and not rated:
            continue
        of = {step: [event for event in mine if event.action == step] for step in STEPS}
        clicks = [event.occurred_at for event in of["clicked"]]
        receipts = [
            buy.amount
            for buy in buys
            if any(0 <= (buy.occurred_at - click).total_seconds() <= 7 * 86_400 for click in clicks)
        ]
        found[name] = {
            **{step: int(bool(of[step])) for step in STEPS if step != "opted_in"},
            "reminders": max(0, len(of["sent"]) - 1),
            "answered": int(bool(of["sent"] and (clicks or of["converted"]))),
            "cost": sum(round((event.cost or 0) * 1e6) for event in mine),
            "revenue": sum(round((event.revenue or 0) * 1e6) for event in mine),
            "receipts": sum(round(amount * 1e6) for amount in receipts),
            "ratings": len(rated),
            "rated": sum(round((event.score - 1) * 2.5e6) for event in rated if event.score),
        }
    return found


@PATIENT
@settings(THOROUGH, max_examples=150)
@given(lives())
def test_any_order_of_arrival_ends_in_what_brute_force_says(
    made: list[tuple[TouchpointBase, int]],
) -> None:
    came = [event for event, at in sorted(made, key=lambda each: each[1])]
    in_order = [event for event, _ in sorted(made, key=lambda each: each[0].occurred_at)]
    task = Task(reload_always=True).take(*came)
    expected = brute(came)
    assert task.ctx.campaigns.sums.keys() == expected.keys()
    for name, want in expected.items():
        got = asdict(task.ctx.campaigns.sums[name])
        assert {figure: got[figure] for figure in want} == want
    other = Task().take(*in_order)
    assert other.ctx.campaigns.sums == task.ctx.campaigns.sums
    assert other.exported(40 * DAY).campaigns == task.exported(40 * DAY).campaigns


def test_times_are_those_of_the_events() -> None:
    make = Events()
    found = Task().take(make.campaign(HOUR, "sent"), make.campaign(0, "opened")).ctx.campaigns
    assert found.sums["m-1"] == Sums(first=START, newest=START + HOUR, sent=1, opened=1)


@pytest.mark.parametrize("late", [HOUR, 0])
def test_purchases_that_came_before_their_click_was_known_count(late: int) -> None:
    make = Events()
    bought, click = make.transaction(HOUR, amount=7.0), make.campaign(HOUR - late, "clicked")
    assert sums(Task(reload_always=True).take(bought, click)) == {
        "clicked": 1,
        "receipts": 7 * MICRO,
    }

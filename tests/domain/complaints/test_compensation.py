"""Compensation: what is proposed for late resolutions, and never twice for the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.policy import Policy
from schemas.outputs import CareTask
from schemas.touchpoints import Complaint
from tests.domain import oracle
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task, after_start, ms_of
from tests.domain.test_order_of_arrival import THOROUGH

# balance -> hours to resolve, base, for each day begun, cap
RULES = {
    50_000.0: (15 * 24, 20, 5, 200),
    150_000.0: (7 * 24, 50, 10, 500),
    250_000.0: (3 * 24, 100, 20, 1_000),
    500_000.0: (24, 200, 50, 2_000),
    9_000_000.0: (24, 500, 100, 5_000),
}


def tasks(task: Task) -> list[CareTask]:
    """The proposals for late resolutions so far."""
    found = task.proposed("compensation")
    return [each for each in found if each.reason_key == "compensation.late"]


def resolved(at: int, **given_: Any) -> Complaint:
    """A resolution of complaint k-1."""
    made = Events().complaint(at, "resolved", event_id=f"r-{at}")
    return made.model_copy(update=given_)


@pytest.mark.parametrize("balance", RULES)
@pytest.mark.parametrize("late", [0, DAY - 1, DAY, 10 * DAY, 400 * DAY])
def test_the_amount_grows_with_tier_and_each_day_begun_up_to_the_cap(
    balance: float, late: int
) -> None:
    make = Events()
    hours, base, per_day, cap = RULES[balance]
    end = hours * HOUR + late
    task = Task().take(make.transaction(0, balance), make.complaint(0, "opened"), resolved(end))
    [proposal] = tasks(task)
    assert proposal.budget == min(cap, base + (late // DAY + 1) * per_day)
    assert (proposal.occasion, proposal.state) == ("compensation", "proposed")
    assert after_start(proposal) == end
    assert ms_of(proposal.due_at) == START + end + 3 * DAY


def test_a_proposal_says_what_it_comes_from() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, owner_id="m-1"),
        make.transaction(0, 500_000.0),
        make.complaint(HOUR, "opened"),
        make.complaint(2 * HOUR, "acknowledged"),
        resolved(3 * DAY, compensation=50.0),
    )
    [proposal] = tasks(task)
    assert proposal.reason == (
        "Complaint k-1 of a vip customer was resolved 1 d 23 h past its promise:"
        " 200.00 + 2 x 50.00 a day begun, at most 2,000.00, less 50.00 already given,"
        " makes 250.00 CNY."
    )
    assert (proposal.tier, proposal.owner_id, proposal.customer_id) == ("vip", "m-1", CUSTOMER)
    assert proposal.cause == ("e-00003", "e-00004", f"r-{3 * DAY}")


def test_nothing_is_proposed_in_time_or_for_a_withdrawal_or_where_enough_was_given() -> None:
    make = Events()
    end = 15 * DAY
    for step in (
        resolved(end - 1),
        make.complaint(end, "withdrawn"),
        resolved(end, compensation=25.0),
    ):
        assert tasks(Task().take(make.complaint(0, "opened"), step)) == []


def test_a_reopened_complaint_has_a_promise_and_a_proposal_of_its_own() -> None:
    make = Events()
    steps = (
        make.complaint(0, "opened"),
        resolved(16 * DAY),
        make.complaint(20 * DAY, "reopened"),
        resolved(40 * DAY),
    )
    found = tasks(Task(reload_always=True).take(*steps).until(60 * DAY))
    assert [after_start(each) for each in found] == [16 * DAY, 40 * DAY]
    assert [each.budget for each in found] == [20 + 2 * 5, 20 + 6 * 5]
    assert len({each.task_id for each in found}) == 2


def test_a_tier_that_comes_late_makes_a_resolution_late_after_all() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), resolved(30 * HOUR))
    assert tasks(task) == []
    task.take(make.transaction(7 * HOUR, 500_000.0))
    [proposal] = tasks(task)
    assert proposal.budget == 250.0
    assert tasks(task.take(make.transaction(31 * HOUR, 500_000.0))) == [proposal]


def test_a_resolution_over_a_day_old_proposes_nothing() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.click(17 * DAY))
    assert tasks(task.take(resolved(16 * DAY - 1))) == []


def test_switched_off_it_proposes_nothing() -> None:
    policy = Policy.model_validate({"complaints": {"compensation": {"enabled": False}}})
    task = Task(policy).take(Events().complaint(0, "opened"), resolved(40 * DAY))
    assert tasks(task) == []


def test_a_cap_below_the_base_is_refused() -> None:
    low = dict.fromkeys(("standard", "prospect", "key", "vip", "private"), 10)
    with pytest.raises(ValidationError, match=r"standard must not be below base.standard \(20\)"):
        Policy.model_validate({"complaints": {"compensation": {"cap": low}}})


# -- any order ----------------------------------------------------------------------------

TWO_HOURS = dict.fromkeys(("standard", "prospect", "key", "vip", "private"), 2)
HASTY = Policy.model_validate(
    {"complaints": {"resolve_hours": TWO_HOURS, "complex_resolve_hours": TWO_HOURS}}
)
STATUSES = ("opened", "acknowledged", "resolved", "resolved", "reopened", "reopened", "withdrawn")


@st.composite
def lives(draw: st.DrawFn) -> list[Complaint]:
    """Steps of two complaints within 23 hours, sensible or not, in order of time."""
    make = Events()
    times = draw(st.lists(st.integers(0, 23 * 60), max_size=14, unique=True))
    made = []
    for at in sorted(times):
        which, status = draw(st.sampled_from(("k-1", "k-2"))), draw(st.sampled_from(STATUSES))
        made.append(make.complaint(at * MINUTE, status, complaint_id=which))
    return made


def late_cycles(events: list[Complaint]) -> set[tuple[str, int]]:
    """(complaint, start) of every cycle resolved 2 hours or more after it began."""
    return {
        (which, oracle.ms(cycle["start"]))
        for which, steps in oracle.complaints(events).items()
        for cycle in oracle.complaint_cycles(steps)
        if "end" in cycle
        and cycle["end"].status == "resolved"
        and oracle.ms(cycle["end"]) - oracle.ms(cycle["start"]) >= 2 * HOUR
    }


@THOROUGH
@given(lives())
def test_in_order_there_is_one_proposal_for_each_late_cycle(events: list[Complaint]) -> None:
    found = tasks(Task(HASTY, reload_always=True).take(*events).until(60 * DAY))
    assert len({each.task_id for each in found}) == len(found)
    assert len(found) == len(late_cycles(events))


@THOROUGH
@given(st.data())
def test_in_any_order_no_late_cycle_is_left_out_and_none_is_paid_twice(data: st.DataObject) -> None:
    events = data.draw(lives())
    found = tasks(Task(HASTY).take(*data.draw(st.permutations(events))).until(60 * DAY))
    assert len({each.task_id for each in found}) == len(found)
    assert len(late_cycles(events)) <= len(found)
    assert len(found) <= sum(event.status == "resolved" for event in events)


@THOROUGH
@given(st.data())
def test_one_long_wait_is_compensated_once_in_whatever_order_its_steps_come(
    data: st.DataObject,
) -> None:
    make = Events()
    steps = [
        make.complaint(0, "opened"),
        make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "opened"),
        make.complaint(5 * HOUR, "resolved"),
        make.complaint(6 * HOUR, "resolved"),
    ]
    found = tasks(Task(HASTY).take(*data.draw(st.permutations(steps))).until(60 * DAY))
    assert len(found) == 1

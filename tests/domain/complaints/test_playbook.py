"""The playbook: steps ticked off, whatever came first; reopened complaints begin anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.alerts.ids import first_id
from domain.complaints.playbook import MAX_EARLY, MAX_TICKS
from domain.policy import Policy
from schemas.cases import TouchpointBase
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, SECOND, Events, Task
from tests.domain.test_order_of_arrival import PATIENT, THOROUGH, agree, stable

STEPS = ("accept", "apologise", "understand", "solve", "agree", "follow_up")
FEES = {"steps": ["accept", "refund", "follow_up"], "solution": "complaint.solution.fees"}
WITH_FEES = Policy.model_validate({"complaints": {"playbook": {"categories": {"fees": FEES}}}})


def case(task: Task, which: str = "k-1") -> dict[str, Any]:
    """What is told of a complaint."""
    cases = task.figures()["complaint_cases"]
    found: dict[str, Any] = next(each for each in cases if each["complaint_id"] == which)
    return found


def done(task: Task, which: str = "k-1") -> dict[str, str]:
    """When each step that is done was ticked off, without the date."""
    steps = case(task, which)["steps"]
    return {step["step"]: step["done_at"][11:16] for step in steps if step["done_at"]}


def test_a_new_complaint_has_every_step_before_it() -> None:
    told = case(Task().take(Events().complaint(0, "opened")))
    assert told["steps"] == [{"step": step, "done_at": None, "by": None} for step in STEPS]
    assert (told["next_step"], told["solution"]) == ("accept", "complaint.solution")


def test_a_tick_says_when_and_who_and_the_next_step_moves_on() -> None:
    make = Events()
    task = Task(reload_always=True).take(
        make.complaint(0, "opened"), make.tick(5 * MINUTE, "accept"), make.tick(HOUR, "solve")
    )
    told = case(task)
    assert told["steps"][0] == {
        "step": "accept", "done_at": "2026-03-02T00:05:00.000Z", "by": "m-1"
    }  # fmt: skip
    assert done(task) == {"accept": "00:05", "solve": "01:00"}
    assert told["next_step"] == "apologise"


def test_of_two_ticks_the_first_by_time_counts_once() -> None:
    make = Events()
    opened, late, early = (
        make.complaint(0, "opened"),
        make.tick(HOUR, "accept", by="li"),
        make.tick(30 * MINUTE, "accept", by="wu"),
    )
    for order in ((opened, late, early), (opened, early, late), (late, early, opened)):
        assert case(Task().take(*order))["steps"][0]["by"] == "wu"


def test_a_tick_that_was_made_before_the_opening_counts() -> None:
    make = Events()
    task = Task().take(make.tick(HOUR, "accept"), make.complaint(25 * HOUR, "opened"))
    assert done(task) == {"accept": "01:00"}
    task = Task().take(make.tick(HOUR, "accept"), make.complaint(25 * HOUR + 1, "opened"))
    assert done(task) == {}


def test_a_complaint_that_is_reopened_begins_its_steps_anew() -> None:
    make = Events()
    events = (
        make.complaint(0, "opened"),
        *(make.tick(HOUR + number, step) for number, step in enumerate(STEPS)),
        make.complaint(2 * HOUR, "acknowledged"),
        make.complaint(3 * HOUR, "resolved"),
    )
    task = Task().take(*events)
    assert len(done(task)) == 6
    assert case(task)["next_step"] is case(task)["solution"] is None
    task.take(make.complaint(9 * DAY, "reopened"), make.tick(9 * DAY + HOUR, "apologise"))
    assert done(task) == {"apologise": "01:00"}
    assert case(task)["next_step"] == "accept"
    assert len(task.customer.cases.cases[0].ticks) == 1


def test_what_is_done_after_the_resolution_still_counts_for_it() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"), make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "resolved"), make.tick(2 * DAY, "follow_up"),
    )  # fmt: skip
    assert done(task) == {"follow_up": "00:00"}


def test_nothing_comes_next_for_a_complaint_that_was_withdrawn() -> None:
    make = Events()
    told = case(Task().take(make.complaint(0, "opened"), make.complaint(HOUR, "withdrawn")))
    assert told["next_step"] is None


def test_a_category_has_steps_and_a_solution_of_its_own() -> None:
    make = Events()
    task = Task(WITH_FEES).take(
        make.complaint(0, "opened"), make.complaint(0, "opened", complaint_id="k-2", category="app")
    )
    assert [step["step"] for step in case(task)["steps"]] == ["accept", "refund", "follow_up"]
    assert case(task)["solution"] == "complaint.solution.fees"
    assert [step["step"] for step in case(task, "k-2")["steps"]] == list(STEPS)


def test_a_step_of_another_category_is_a_signal_whichever_comes_first() -> None:
    make = Events()
    opened, tick = make.complaint(0, "opened"), make.tick(HOUR, "solve")
    for order in ((opened, tick), (tick, opened)):
        [signal] = Task(WITH_FEES).take(*order).signals()
        assert (signal.kind, signal.labels) == (
            "unknown_step", {"complaint": "k-1", "step": "solve"}
        )  # fmt: skip
        assert signal.reason == (
            "step solve was ticked off for complaint k-1; a complaint about fees has the steps"
            " accept, refund and follow_up"
        )


def test_a_step_that_no_playbook_has_is_refused() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.tick(HOUR, "dance"))
    assert task.statuses == ["accepted", "rejected"]
    assert task.figures()["events"] == 1


def test_a_tick_of_no_complaint_of_the_customer_is_a_signal_after_two_days() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.tick(HOUR, "accept", "k-of-bob"))
    assert task.until(49 * HOUR - 1).signals() == []
    [signal] = task.until(49 * HOUR).signals()
    assert (signal.kind, signal.labels) == (
        "unmatched_step", {"complaint": "k-of-bob", "step": "accept"}
    )  # fmt: skip
    assert task.customer.cases.early == []
    assert task.customer.cases.unmatched == 1
    assert task.until(90 * DAY).signals() == [signal]


def test_a_tick_that_names_an_alert_of_another_customer_is_refused() -> None:
    make = Events()
    theirs, mine = (
        first_id("vip_complaint", name, "complaint", "e-1") for name in ("bob", CUSTOMER)
    )
    opened = make.complaint(0, "opened")
    task = Task().take(
        opened, make.tick(1, "accept", alert_id=theirs), make.tick(2, "solve", alert_id=mine)
    )
    assert task.statuses == ["accepted", "rejected", "accepted"]
    assert list(done(task)) == ["solve"]


def test_an_alert_carries_the_next_step_and_its_state_moves_with_it() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 500_000.0),
        make.complaint(HOUR, "opened"),
        make.tick(HOUR + MINUTE, "accept"),
    )
    [raised] = task.alerts("vip_complaint")
    assert (raised.next_step, raised.solution) == ("accept", "complaint.solution")
    state = task.states()[raised.alert_id]
    assert (state.next_step, state.solution) == ("apologise", "complaint.solution")
    escalated = task.until(2 * HOUR).alerts("complaint_escalated")
    assert escalated[0].next_step == "apologise"
    assert all(alert.next_step is None for alert in task.alerts("vip_new"))


def test_an_alert_that_comes_again_carries_the_step_of_then() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 9_000_000.0),
        make.complaint(HOUR, "opened", severity=5),
        make.tick(HOUR + 5 * SECOND, "accept"),
    )
    [again, *_] = task.until(HOUR + 11 * MINUTE).again()
    assert again.next_step == "apologise"


def test_ticks_are_bounded_and_the_first_of_each_step_stays() -> None:
    make = Events()
    ticks = [make.tick(HOUR + number, STEPS[number % 6]) for number in range(200)]
    task = Task().take(make.complaint(0, "opened"), *ticks)
    assert len(task.customer.cases.cases[0].ticks) == MAX_TICKS
    assert len(done(task)) == 6
    others = [make.tick(2 * HOUR + number, "accept", f"k-{number}") for number in range(2, 50)]
    task.take(*others)
    assert len(task.customer.cases.early) == MAX_EARLY
    assert task.customer.cases.unmatched == 48 - MAX_EARLY
    task.take(make.click(4 * DAY), make.tick(4 * DAY, "accept"))
    assert len(task.customer.cases.cases[0].ticks) == 7  # that of now is a day old tomorrow


def test_erased_nothing_of_it_is_left() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"), make.tick(1, "accept"), make.tick(2, "agree", "k")
    )
    task.take(make.profile(HOUR, erase=True), make.complaint(2 * HOUR, "opened"))
    assert done(task) == {}
    assert task.customer.cases.early == []


@pytest.mark.parametrize(
    "fault",
    [
        {"default": {"steps": []}},
        {"default": {"steps": ["accept", "accept"]}},
        {"categories": {"fees": {"steps": ["Accept!"]}}},
    ],
)
def test_a_playbook_that_makes_no_sense_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"complaints": {"playbook": fault}})


def test_a_tick_needs_its_complaint_and_step_and_nothing_else_may_have_them() -> None:
    make = Events()
    with pytest.raises(ValidationError, match="step: missing; must be given where action is"):
        make.tick(0, None)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="step: got accept; must not be given"):
        make.desk(0, "a1", "acknowledged", step="accept")
    with pytest.raises(ValidationError, match="alert_id: missing; must be given"):
        make.desk(0, None, "acknowledged")  # type: ignore[arg-type]


@st.composite
def arriving(draw: st.DrawFn) -> list[TouchpointBase]:
    """Steps and ticks of two complaints, none more than 24 hours late."""
    make, made = Events(), []
    for _ in range(draw(st.integers(1, 16))):
        at = draw(st.integers(0, 24 * 8)) * HOUR + draw(st.sampled_from((0, MINUTE)))
        which, beyond = draw(st.sampled_from(("k-1", "k-2"))), draw(st.integers(0, 2))
        event: TouchpointBase
        if draw(st.booleans()):
            step = draw(st.sampled_from(STEPS[:3]))
            event = make.tick(at, step, which, by=f"m-{make.made}", microseconds=beyond)
        else:
            statuses = ("opened", "acknowledged", "resolved", "reopened", "withdrawn")
            status = draw(st.sampled_from(statuses))
            event = make.complaint(at, status, complaint_id=which, microseconds=beyond)
        made.append((at + draw(st.integers(0, DAY)), event))
    made.sort(key=lambda each: each[0])
    return [event for _, event in made]


def expected(events: list[TouchpointBase], which: str) -> dict[str, int]:
    """By brute force, the first tick of each step since the newest reopening, by its ms."""
    mine: list[Any] = [event for event in events if getattr(event, "complaint_id", "") == which]
    mine.sort(key=lambda event: (event.occurred_at, event.event_id))
    steps = [event for event in mine if event.type == "complaint"]
    began, is_open = None, False
    for step in steps:
        if step.status in ("opened", "reopened"):
            if not is_open:
                began = step.occurred_at if step.status == "reopened" else None
            is_open = True
        elif step.status != "acknowledged":
            is_open = False
    found: dict[str, int] = {}
    for tick in mine:
        if tick.type != "desk":
            continue
        early = (steps[0].occurred_at - tick.occurred_at).total_seconds() > 24 * 3600 + 0.001
        since = (
            began is None
            or round(tick.occurred_at.timestamp() * 1e6) // 1000
            >= round(began.timestamp() * 1e6) // 1000
        )
        if not early and since:
            found.setdefault(tick.step, round(tick.occurred_at.timestamp() * 1e6) // 1000)
    return found


@PATIENT
@settings(THOROUGH, max_examples=100)
@given(arriving())
def test_in_any_order_the_steps_done_are_those_of_brute_force(
    events: list[TouchpointBase],
) -> None:
    end = 12 * DAY
    shuffled = Task(reload_always=True).take(*events).until(end)
    in_order = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    agree(stable(shuffled.figures()), stable(Task().take(*in_order).until(end).figures()))
    for told in shuffled.exported().complaint_cases:
        found = {step.step: step.done_at for step in told.steps if step.done_at}
        assert set(found) == set(expected(events, told.complaint_id))

"""The life of care tasks: moved by events, in whatever order; nothing that fits nowhere is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dispatch as rules
from domain.care import life
from domain.care.book import MAX_TASKS, MAX_WAITING
from domain.customer.state import Customer
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.moves import CustomerMove, Merged
from schemas.outputs import CareTask, output_id
from tests.domain.bank import CUSTOMER, DAY, HOUR, START, Events, Task, after_start
from tests.domain.test_order_of_arrival import PATIENT, THOROUGH

# no plans: only what rules propose
QUIET = Policy.model_validate({"care": {"plans": []}})


def card(make: Events, at: int = 0) -> tuple[TouchpointBase, str]:
    """A suggestion, whose answer is a care task; the task's id."""
    event = make.feedback(at, "suggestion", factor="service")
    return event, output_id("answer", CUSTOMER, event.event_id)


def told(task: Task, task_id: str) -> list[CareTask]:
    return [each for each in task.outputs if isinstance(each, CareTask) and each.task_id == task_id]


def states(task: Task, task_id: str) -> list[str]:
    return [each.state for each in told(task, task_id)]


def test_a_task_is_approved_done_and_answered() -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(
        said,
        make.care(1 * HOUR, number, "approved", cost=80.0),
        make.care(2 * HOUR, number, "done", cost=75.5),
        make.care(3 * HOUR, number, "feedback", score=5.0),
    )
    proposed, approved, done, answered = told(task, number)
    assert states(task, number) == ["proposed", "approved", "done", "feedback"]
    assert [after_start(each) for each in (approved, done, answered)] == [
        HOUR, 2 * HOUR, 3 * HOUR,
    ]  # fmt: skip
    assert (approved.cost, done.cost, done.score, answered.score) == (80.0, 75.5, None, 5.0)
    assert done.feedback_due_at == "2026-03-16T02:00:00.000Z"
    assert answered.feedback_due_at is None
    assert done.reason == "Done on 2026-03-02; feedback is awaited within 14 days."
    assert {each.due_at for each in (approved, done, answered)} == {proposed.due_at}
    figures = task.figures()["care"]
    assert (figures["done"], figures["feedback"], figures["satisfaction"]) == (1, 1, 5.0)
    assert (figures["spent"], figures["last_done_at"]) == (75.5, "2026-03-02T02:00:00.000Z")
    assert task.signals() == []
    # feedback is a moment: 5 of 5 is 10 of 10
    assert task.figures()["satisfaction"] == 10.0


def test_what_is_done_awaits_feedback_for_fourteen_days() -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(
        said, make.care(HOUR, number, "approved"), make.care(2 * HOUR, number, "done")
    )
    assert task.figures()["care"]["feedback_awaited"] == 1
    figures = task.until(14 * DAY + 2 * HOUR).figures()["care"]
    assert (figures["feedback_awaited"], figures["feedback_overdue"]) == (0, 1)


def test_a_task_is_declined_or_expires() -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(said, make.care(HOUR, number, "declined"))
    assert states(task, number) == ["proposed", "declined"]
    # an answer to a suggestion is due in 7 days, and expires 30 days after that
    waits = Task(QUIET).take(said).until(37 * DAY - 1)
    assert states(waits, number) == ["proposed"]
    assert states(waits.until(37 * DAY), number) == ["proposed", "expired"]
    assert waits.figures()["care"]["expired"] == 1


@pytest.mark.parametrize("score", [1.0, 2.0, 2.5])
def test_low_feedback_makes_one_task_more(score: float) -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(
        said,
        make.care(1 * HOUR, number, "approved"),
        make.care(2 * HOUR, number, "done"),
        make.care(3 * HOUR, number, "feedback", score=score),
    )
    follow_ups = task.proposed("care_follow_up")
    assert len(follow_ups) == (1 if score <= 2 else 0)
    if follow_ups:
        [again] = follow_ups
        assert again.due_at == "2026-03-05T03:00:00.000Z"
        assert again.reason == (
            f"Feedback of {score:g} of 5 on answer, up to 2: find out what was wrong within 3 days."
        )
        steps = [(4, "approved", None), (5, "done", None), (6, "feedback", 1.0)]
        for hour, action, low in steps:
            task.take(make.care(hour * HOUR, again.task_id, action, score=low))
        assert len(task.proposed("care_follow_up")) == 1


def test_what_is_out_of_order_or_unknown_is_signalled_each_of_them_after_a_day() -> None:
    make = Events()
    said, number = card(make)
    strange = [make.care(2 * HOUR, "a" * 32, "done") for _ in range(3)]
    early = make.care(HOUR, number, "done")
    task = Task(QUIET).take(said, early, *strange)
    assert task.signals() == []
    task.until(3 * DAY)
    kinds = [each.kind for each in task.signals()]
    assert kinds == ["care_out_of_order", "care_unknown", "care_unknown", "care_unknown"]
    assert [each.cause[0] for each in task.signals()] == [
        early.event_id, *(each.event_id for each in strange),
    ]  # fmt: skip
    assert task.signals()[0].reason == (
        f"care task {number} of customer alice was proposed when it was to be done: that counts"
        " for nothing"
    )
    assert states(task, number) == ["proposed"]
    assert task.figures()["care"]["unmatched"] == 4


def test_a_step_may_come_before_those_that_make_it_fit() -> None:
    make = Events()
    said, number = card(make)
    approved, done = make.care(HOUR, number, "approved"), make.care(2 * HOUR, number, "done")
    task = Task(QUIET).take(done, said, approved).until(3 * DAY)
    assert states(task, number) == ["proposed", "done"]
    assert task.signals() == []


def test_many_strange_steps_are_bounded_and_none_is_lost() -> None:
    make = Events()
    steps = [make.care(n, "b" * 32, "approved") for n in range(3 * MAX_WAITING)]
    task = Task(QUIET).take(*steps)
    assert len(task.signals()) == 2 * MAX_WAITING
    assert len(task.customer.care.waiting) == MAX_WAITING
    task.until(3 * DAY)
    assert len({each.signal_id for each in task.signals()}) == 3 * MAX_WAITING


def test_tasks_are_bounded_and_the_oldest_is_told_as_expired() -> None:
    make = Events()
    cards = [card(make, n * HOUR) for n in range(MAX_TASKS + 2)]
    task = Task(QUIET).take(*(event for event, _ in cards))
    assert len(task.customer.care.tasks) == MAX_TASKS
    assert [states(task, number) for _, number in cards[:3]] == [
        ["proposed", "expired"], ["proposed", "expired"], ["proposed"],
    ]  # fmt: skip
    figures = task.figures()["care"]
    assert (figures["proposed"], figures["expired"]) == (MAX_TASKS, 2)


def test_what_ended_is_kept_as_numbers_alone() -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(
        said,
        make.care(1 * HOUR, number, "approved"),
        make.care(2 * HOUR, number, "done", cost=10.0),
        make.care(3 * HOUR, number, "feedback", score=4.0),
    )
    before = task.figures()["care"]
    task.take(card(make, 3 * DAY)[0])
    assert len(task.customer.care.tasks) == 1
    after = task.figures()["care"]
    assert {name: after[name] for name in ("done", "feedback", "satisfaction", "spent")} == {
        name: before[name] for name in ("done", "feedback", "satisfaction", "spent")
    }


def test_an_erased_customer_has_no_tasks_and_no_timer() -> None:
    make = Events()
    said, number = card(make)
    task = Task(QUIET).take(said, make.profile(HOUR, erase=True))
    assert task.customer.next_due is None
    assert states(task.until(100 * DAY), number) == ["proposed"]


def test_tasks_of_another_id_are_moved_by_events_of_this_one() -> None:
    make = Events()
    said, number = card(make)
    other = Task(QUIET).take(said, make.care(HOUR, number, "approved"))
    move = CustomerMove(
        move_id="m",
        kind="state",
        customer_id="bob",
        into=CUSTOMER,
        at=START + 2 * HOUR,
        records=tuple(other.customer.records()),
        merged={"bob": Merged(CUSTOMER, START + 2 * HOUR, "e-merge")},
        occurred_at=said.occurred_at.isoformat(),  # type: ignore[arg-type]
        reason="-",
    )
    task = Task(QUIET)
    task.ctx.now = START + 2 * HOUR
    rules.take_move(task.customer, move, task.ctx)
    assert task.customer.care.tasks[0].task_id == number
    task.take(make.care(3 * HOUR, number, "done"))
    assert states(task, number) == ["done"]
    assert Customer.of_records(CUSTOMER, task.customer.records()).care == task.customer.care


# -- in any order ---------------------------------------------------------------------------


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[TouchpointBase, int]]:
    """Steps of two tasks, and of none, each with when it arrives: within a day."""
    make = Events()
    found: list[tuple[TouchpointBase, int]] = []
    numbers = []
    for at in (0, 5 * HOUR):
        event, number = card(make, at)
        found.append((event, at))
        numbers.append(number)
    for _ in range(draw(st.integers(0, 12))):
        action = draw(st.sampled_from(sorted(life.ACTION_INDEX)))
        at = draw(st.integers(6, 50 * 24)) * HOUR
        event = make.care(
            at,
            draw(st.sampled_from((*numbers, "c" * 32))),
            action,
            score=draw(st.sampled_from((1.0, 3.0, 5.0))) if action == "feedback" else None,
            cost=draw(st.sampled_from((None, 10.0))) if action != "feedback" else None,
        ) if action != "declined" else make.care(
            at, draw(st.sampled_from((*numbers, "c" * 32))), action
        )  # fmt: skip
        found.append((event, at + draw(st.integers(0, DAY))))
    return found


def care_of(task: Task) -> dict[str, Any]:
    figures: dict[str, Any] = task.figures()["care"]
    return figures


@PATIENT
@THOROUGH
@given(steps())
def test_within_a_day_any_order_of_arrival_ends_in_the_same(
    made: list[tuple[TouchpointBase, int]],
) -> None:
    end = 120 * DAY
    shuffled = [event for event, _ in sorted(made, key=lambda each: each[1])]
    in_order = [event for event, _ in sorted(made, key=lambda each: each[0].occurred_at)]
    first = Task(QUIET).take(*shuffled).until(end)
    second = Task(QUIET).take(*in_order).until(end)
    third = Task(QUIET, reload_always=True).take(*shuffled).until(end)
    assert third.outputs == first.outputs
    last = [
        {each.task_id: each.state for each in task.outputs if isinstance(each, CareTask)}
        for task in (first, second)
    ]
    follow_ups = {output_id("care_follow_up", CUSTOMER, number) for number in last[0]}
    for found in last:  # a follow-up that was made is not taken back
        for number in follow_ups:
            found.pop(number, None)
    assert last[0] == last[1]
    tasks = {"proposed", "approved", "expired"}  # so of a follow-up too
    for name in care_of(first).keys() - tasks - {"next_due_at"}:
        assert care_of(first)[name] == pytest.approx(care_of(second)[name]), name
    signals = [sorted(each.signal_id for each in task.signals()) for task in (first, second)]
    assert signals[0] == signals[1]

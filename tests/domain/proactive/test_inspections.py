"""The inspection plan: due times by hand, overdue once, closed by what was found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.assembly.replanning import replan
from domain.customer.state import FILE, HEALTH, LETTERS, Customer
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.fields import moment, rfc3339
from schemas.figures import HealthFigures
from schemas.touchpoints import Care
from tests.domain.bank import CUSTOMER, DAY, HOUR, START, Events, Task, after_start


def inspection(make: Events, at: int, found: str | None = "All is well.", **fields: Any) -> Care:
    return Care(
        **make._common(at, None, "branch"), action="done", occasion="inspection", found=found,
        **fields,
    )  # fmt: skip


def health(task: Task, day: float | None = None) -> HealthFigures:
    return task.exported(None if day is None else round(day * DAY)).health


def due_day(task: Task) -> float | None:
    """The due day, counted from START."""
    at = health(task).inspection_due_at
    days = [day for day in (n / 24 for n in range(24 * 400)) if on(day) == at]
    return days[0] if at is not None else None


def on(day: float) -> str:
    return rfc3339(moment(START + round(day * DAY)))


def overdue(task: Task) -> list[float]:
    """The days on which an inspection was signalled as overdue."""
    found = [each for each in task.signals() if each.kind == "inspection_overdue"]
    return [after_start(each) / DAY for each in found]


def test_a_vip_is_inspected_thirty_days_after_it_became_one() -> None:
    make = Events()
    task = Task().take(make.profile(0, owner_id="m-7"), make.transaction(5 * DAY, 300_000.0))
    assert (health(task).inspection_plan, due_day(task)) == ("vip", 35)
    task.until(35 * DAY - 1)
    assert overdue(task) == [] and not health(task).inspection_overdue
    task.until(120 * DAY)
    assert overdue(task) == [35]
    (signal,) = [each for each in task.signals() if each.kind == "inspection_overdue"]
    assert signal.labels == {"plan": "vip", "tier": "vip", "owner": "m-7"}
    assert signal.reason == (
        "The inspection of a vip customer was due at 2026-04-06T00:00:00.000Z, 30 days after"
        " 2026-03-07T00:00:00.000Z, and was not made. It is m-7's to make."
    )


def test_an_inspection_closes_it_with_what_was_found_and_a_new_period_begins() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 300_000.0)).until(40 * DAY)
    assert overdue(task) == [30] and health(task).grade == "watch"
    assert health(task).grade_reason == f"An inspection is overdue since {on(30)}."
    task.take(inspection(make, 41 * DAY, "The card was sent to an old address."))
    found = health(task)
    assert found.inspection_found == "The card was sent to an old address."
    assert (found.inspected_at, found.inspection_due_at) == (on(41), on(71))
    assert found.grade == "good"
    task.until(100 * DAY)
    assert overdue(task) == [30, 71]


def test_key_customers_are_inspected_every_ninety_days_and_others_never() -> None:
    make = Events()
    key = Task().take(make.transaction(DAY, 200_000.0))
    assert (health(key).inspection_plan, due_day(key)) == ("key", 91)
    prospect = Task().take(make.transaction(DAY, 199_999.0))
    assert health(prospect).inspection_plan is None
    assert overdue(prospect.until(300 * DAY)) == []


def test_the_due_time_does_not_slide_while_the_tier_moves_between_vip_and_private() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 300_000.0), make.transaction(10 * DAY, 9_000_000.0))
    assert due_day(task) == 30
    task.take(make.transaction(20 * DAY, 350_000.0))
    assert due_day(task) == 30
    assert overdue(task.until(29 * DAY)) == []
    assert overdue(task.until(60 * DAY)) == [30]  # the fall to vip is on day 50: nothing anew


def test_a_rise_from_key_counts_from_the_rise_and_never_puts_it_off() -> None:
    make = Events()
    early = Task().take(make.transaction(0, 200_000.0), make.transaction(10 * DAY, 300_000.0))
    assert (health(early).inspection_plan, due_day(early)) == ("vip", 40)
    late = Task().take(make.transaction(0, 200_000.0), make.transaction(80 * DAY, 300_000.0))
    assert (health(late).inspection_plan, due_day(late)) == ("key", 90)


def test_a_fall_to_key_counts_by_the_plan_of_key() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 300_000.0), make.transaction(DAY, 200_000.0))
    task.until(29 * DAY)
    assert due_day(task) == 30  # the tier is kept for 30 days
    task.until(31 * DAY)
    assert overdue(task) == [30]
    assert (health(task).inspection_plan, due_day(task)) == ("key", 90)
    assert overdue(task.until(200 * DAY)) == [30, 90]


def test_organisations_are_inspected_and_another_one_begins_anew() -> None:
    make = Events()
    task = Task().take(make.profile(0, organisation_id="acme"))
    assert (health(task).inspection_plan, due_day(task)) == ("organisation", 30)
    task.take(make.profile(9 * DAY, organisation_id="acme", region="Zhejiang"))
    assert due_day(task) == 30  # said again
    task.take(make.profile(20 * DAY, organisation_id="zeta"))
    assert due_day(task) == 50
    task.take(make.profile(21 * DAY, organisation_id=None))
    assert health(task).inspection_plan is None
    assert overdue(task.until(200 * DAY)) == []


def test_an_inspection_that_comes_late_counts_by_its_own_time() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 300_000.0), make.survey(10 * DAY, "csat", 5.0))
    task.take(inspection(make, 10 * DAY - HOUR, "first"), inspection(make, 9 * DAY, "before"))
    assert health(task).inspection_found == "first"
    assert due_day(task) == 40 - 1 / 24


def test_an_inspection_is_no_task_and_a_task_is_no_inspection() -> None:
    make = Events()
    common = make._common(0, None, "branch")
    for wrong in (
        {"action": "done"},
        {"action": "approved", "occasion": "inspection", "task_id": "t"},
        {"action": "done", "task_id": "t", "found": "Well."},
    ):
        with pytest.raises(ValidationError):
            Care.model_validate(common | wrong)
    task = Task().take(make.transaction(0, 300_000.0))
    task.take(Care(**make._common(DAY, None, "branch"), action="done", task_id="t"))
    assert health(task).inspected_at is None


def test_who_was_a_vip_before_there_were_plans_comes_under_one_with_the_next_balance() -> None:
    make = Events()
    task = Task().take(make.profile(0, organisation_id="acme"), make.transaction(0, 300_000.0))
    task.save()
    del task.records[LETTERS[HEALTH] + CUSTOMER.encode()]
    before = Customer.load(CUSTOMER, task.records.get)
    assert before is not None
    before.core.other_parts &= ~HEALTH
    before.core.inspection_due = 0
    before.reschedule()
    before._stored &= ~HEALTH
    task.customer = before
    assert before.has(FILE) and overdue(task.until(90 * DAY)) == []
    task.take(make.transaction(100 * DAY, 310_000.0))
    assert due_day(task) == 129 and overdue(task) == []
    assert overdue(task.until(140 * DAY)) == [129]


def test_another_policy_times_it_anew_and_tells_nothing_again() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 300_000.0))
    weekly = Policy.model_validate({"proactive": {"inspections": {"vip_days": 7}}})
    assert replan(task.customer, weekly)
    assert task.customer.core.inspection_due == START + 7 * DAY
    assert not replan(task.customer, weekly)
    assert overdue(task.until(40 * DAY)) == [30]  # of the clock's policy
    assert not replan(task.customer, weekly) and task.customer.core.inspection_due == 0
    assert overdue(task.until(60 * DAY)) == [30]


BALANCES = (100.0, 200_000.0, 300_000.0, 9_000_000.0)


@st.composite
def moves(draw: st.DrawFn) -> tuple[list[TouchpointBase], list[TouchpointBase]]:
    """What moves a plan, in order of time and in one in which nothing is over a day late."""
    make, made = Events(), []
    for number in range(draw(st.integers(1, 12))):
        at = draw(st.integers(0, 24 * 60)) * HOUR
        kind = draw(st.integers(0, 3))
        event_id = f"e-{number:03}"
        event: TouchpointBase
        if kind == 0:
            event = make.profile(
                at, organisation_id=draw(st.sampled_from((None, "acme", "zeta"))), event_id=event_id
            )
        elif kind == 1:
            pin = draw(st.sampled_from((None, "standard", "key", "vip")))
            event = make.profile(at, tier_pin=pin, event_id=event_id)
        elif kind == 2:
            event = inspection(make, at, f"found {number}")
        else:
            account = draw(st.sampled_from(("a-1", "a-2")))
            balance = draw(st.sampled_from(BALANCES))
            event = make.transaction(at, balance, account=account, event_id=event_id)
        made.append((event, at, draw(st.integers(0, DAY))))
    in_order = sorted(made, key=lambda each: (each[1], each[0].event_id))
    arriving = sorted(made, key=lambda each: each[1] + each[2])
    return [each[0] for each in in_order], [each[0] for each in arriving]


@settings(deadline=None, max_examples=150)
@given(moves(), st.integers(0, 60))
def test_the_plan_is_the_same_in_any_order_within_a_day(
    orders: tuple[list[TouchpointBase], list[TouchpointBase]], after: int
) -> None:
    end = (61 + after) * DAY
    first, second = (Task().take(*order).until(end) for order in orders)
    assert health(first) == health(second)


@settings(deadline=None, max_examples=50)
@given(moves())
def test_a_reload_changes_nothing(
    orders: tuple[list[TouchpointBase], list[TouchpointBase]],
) -> None:
    end = 150 * DAY
    steady = Task().take(*orders[1]).until(end)
    reloaded = Task(reload_always=True).take(*orders[1]).until(end)
    assert steady.outputs == reloaded.outputs and health(steady) == health(reloaded)
    assert steady.customer.next_due == reloaded.customer.next_due

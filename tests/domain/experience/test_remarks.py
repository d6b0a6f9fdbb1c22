"""Suggestions and comment cards: counted by factor, each with an answer that is owed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer.cause import Cause
from domain.customer.state import JOURNEY
from domain.experience import remarks
from domain.experience.portfolio import ExperiencePortfolio
from domain.experience.remarks import MAX_REMARKS
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.outputs import CareTask
from tests.domain.bank import DAY, HOUR, START, Events, Task


def remark(make: Events, at: int, kind: str = "suggestion", **fields: Any) -> TouchpointBase:
    return make.feedback(at, kind, contact_id=None, **fields)


def answer(make: Events, at: int, event_id: str) -> TouchpointBase:
    return make.feedback(at, "answered", contact_id=None, answers=event_id)


def tasks(task: Task) -> list[CareTask]:
    return task.proposed("answer")


def test_remarks_are_counted_by_factor() -> None:
    make = Events()
    task = Task().take(
        remark(make, 0, factor="price"), remark(make, HOUR, factor="price"), remark(make, 2 * HOUR),
        remark(make, 3 * HOUR, "comment_card", factor="service"),
        make.feedback(4 * HOUR, "praise", contact_id=None),
    )  # fmt: skip
    found = task.exported().experience
    assert found.suggestions == {"none": 1, "price": 2}
    assert found.comment_cards == {"service": 1}


def test_an_answer_is_owed_by_the_manager_until_the_day_of_the_policy() -> None:
    make = Events()
    first = remark(make, HOUR, "comment_card", factor="service")
    task = Task().take(make.profile(0, owner_id="m-7"), first)
    (owed,) = tasks(task)
    assert (owed.occasion, owed.owner_id, owed.state) == ("answer", "m-7", "proposed")
    assert owed.cause == (first.event_id,)
    said = "A comment card of the customer is owed an answer within 3 days, by m-7."
    assert owed.reason == said
    (told,) = task.exported().experience.remarks
    assert (told.owed_by, told.status, told.answered_at) == ("m-7", "owed", None)
    assert told.due_at == owed.due_at
    due = HOUR + 3 * DAY
    assert task.exported(due).experience.answers_owed == 1
    late = task.exported(due + 1).experience
    assert (late.answers_owed, late.answers_overdue) == (0, 1)


def test_who_has_no_manager_is_answered_by_whom_the_policy_names() -> None:
    make = Events()
    task = Task().take(remark(make, 0))
    assert tasks(task)[0].owner_id is None
    assert tasks(task)[0].reason.endswith("within 7 days, by customer service.")
    assert task.exported().experience.remarks[0].owed_by == "customer service"


@pytest.mark.parametrize(
    ("after", "status"), [(7 * DAY, "answered"), (7 * DAY + 1, "answered_late")]
)
def test_an_answer_settles_it_in_time_or_late(after: int, status: str) -> None:
    make = Events()
    first = remark(make, 0)
    second = remark(make, HOUR)
    task = Task().take(first, second, answer(make, after, first.event_id))
    task.take(answer(make, after + DAY, first.event_id))  # the first answer counts
    told = {one.event_id: one for one in task.exported().experience.remarks}
    assert told[first.event_id].status == status
    assert told[second.event_id].answered_at is None
    found = task.exported().experience
    assert (found.answers_in_time, found.answers_late) == (
        status == "answered",
        status != "answered",
    )


@given(st.permutations(range(6)), st.booleans())
def test_the_order_of_arrival_within_a_day_does_not_matter(
    order: list[int], reload_always: bool
) -> None:
    make = Events()
    first, second = remark(make, HOUR, factor="price"), remark(make, 2 * HOUR, "comment_card")
    events = [
        first, second, answer(make, 5 * HOUR, first.event_id),
        answer(make, 4 * HOUR, first.event_id), answer(make, 20 * HOUR, second.event_id),
        answer(make, HOUR, second.event_id),  # before it was made: of no meaning
    ]  # fmt: skip
    task = Task(reload_always=reload_always).take(*(events[place] for place in order))
    found = task.take(make.click(4 * DAY)).exported().experience
    told = [(one.event_id, one.answered_at) for one in found.remarks]
    expected = Task().take(*events).exported().experience.remarks
    assert told == [(one.event_id, one.answered_at) for one in expected]
    assert [one.answered_at is not None for one in found.remarks] == [True, True]
    assert found.suggestions == {"price": 1}


def test_an_answer_that_came_first_leaves_nothing_to_do() -> None:
    make = Events()
    first = remark(make, HOUR)
    task = Task().take(answer(make, 2 * HOUR, first.event_id), first)
    assert tasks(task) == []
    assert task.exported().experience.remarks[0].status == "answered"


def test_no_more_are_kept_than_the_bound_and_the_numbers_stay() -> None:
    make = Events()
    events = [remark(make, place * HOUR) for place in range(MAX_REMARKS + 8)]
    answers = [answer(make, place * HOUR + 1, events[place].event_id) for place in range(4)]
    task = Task().take(*events[:4], *answers, *events[4:])
    found = task.exported().experience
    assert len(found.remarks) == MAX_REMARKS
    assert found.suggestions == {"none": MAX_REMARKS + 8}
    assert (found.answers_in_time, found.answers_owed) == (4, MAX_REMARKS)
    assert found.answers_overdue == 4  # that are not kept any more


def test_who_never_remarked_keeps_nothing() -> None:
    make = Events()
    task = Task().take(make.survey(0, "csat", 5.0), make.click(HOUR))
    assert task.customer.journey.remarks is None
    found = task.exported().experience
    assert (found.remarks, found.suggestions, found.answers_owed) == ([], {}, 0)
    assert not Task().take(make.click(DAY)).customer.has(JOURNEY)


def test_two_ids_of_one_person_answer_for_each_other() -> None:
    make = Events()
    first, second = remark(make, HOUR, factor="price"), remark(make, 2 * HOUR, factor="price")
    one = Task().take(first, answer(make, 5 * HOUR, second.event_id))
    other = Task().take(second, answer(make, 4 * HOUR, first.event_id))
    remarks.join(one.customer, other.customer, Cause(one.ctx, START))
    found = one.exported(DAY).experience
    assert found.suggestions == {"price": 2}
    assert [each.event_id for each in found.remarks] == [first.event_id, second.event_id]
    assert (found.answers_in_time, found.answers_owed) == (2, 0)
    assert one.customer.journey.remarks is not None
    assert one.customer.journey.remarks.early == []


def test_an_erased_customer_leaves_no_remark() -> None:
    make = Events()
    task = Task().take(remark(make, 0, factor="price"), make.profile(HOUR, erase=True))
    task.take(make.click(2 * HOUR))
    assert task.exported().experience.suggestions == {}


def test_reports_add_up_by_factor_and_by_who_owes() -> None:
    make, other = Events(), Events()
    first = remark(make, 0, factor="price")
    one = Task().take(make.profile(0, owner_id="m-1"), first, remark(make, HOUR, factor="price"))
    one.take(answer(make, 2 * HOUR, first.event_id))
    two = Task().take(remark(other, 0, "comment_card", factor="service"))
    found = (
        ExperiencePortfolio.of([one.exported(5 * DAY), two.exported(5 * DAY)], Policy())
        .report()
        .remarks
    )
    assert [(row.factor, row.suggestions, row.comment_cards) for row in found.factors] == [
        ("price", 2, 0), ("service", 0, 1),
    ]  # fmt: skip
    assert (found.in_time, found.late, found.owed, found.overdue) == (1, 0, 1, 1)
    assert found.in_time_share == 0.5
    assert [(row.owner, row.owed, row.overdue) for row in found.owners] == [
        ("customer service", 0, 1), ("m-1", 1, 0),
    ]  # fmt: skip

"""A relationship is as old as the profile's ``first_seen`` says, whenever that is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.relationship.began import began_at, midnight
from schemas.cases import TouchpointBase
from schemas.fields import moment
from tests.domain.bank import DAY, HOUR, START, Events, Task

START_DAY = moment(START).date()


def days_before(days: int) -> date:
    return START_DAY - timedelta(days=days)


def buys(make: Events) -> list[TouchpointBase]:
    return [make.transaction(day * DAY + HOUR, amount=100.0) for day in (0, 10, 20)]


def phases(task: Task) -> list[tuple[str, str]]:
    return [(told.from_state or "", told.to_state) for told in task.transitions("lifecycle_phase")]


def test_who_was_served_for_years_is_no_new_customer() -> None:
    make = Events()
    task = Task().take(make.profile(0, first_seen=days_before(3_000)), *buys(make))
    found = task.exported().relationship
    assert found.lifecycle_phase == "formation"  # 300 within 90 days after 0 before
    assert found.began_at == f"{days_before(3_000)}T00:00:00.000Z"


def test_without_first_seen_the_first_event_begins_it() -> None:
    make = Events()
    found = Task().take(*buys(make)).exported().relationship
    assert found.lifecycle_phase == "exploration"
    assert (
        found.lifecycle_phase_reason
        == "The relationship is 20 days old; exploration lasts 90 days."
    )


def test_a_day_behind_the_first_event_does_not_make_a_relationship_younger() -> None:
    make = Events()
    late = make.profile(120 * DAY, first_seen=START_DAY + timedelta(days=110))
    task = Task().take(*buys(make), late)
    assert began_at(task.customer) == START + HOUR
    assert task.exported().relationship.lifecycle_phase != "exploration"


def test_what_a_profile_says_of_it_is_announced_at_once_and_taken_back() -> None:
    make = Events()
    told = make.profile(21 * DAY, first_seen=days_before(200))
    cleared = make.profile(22 * DAY, first_seen=None)
    task = Task().take(*buys(make), told)
    assert phases(task) == [("exploration", "formation")]
    assert phases(task.take(cleared)) == [
        ("exploration", "formation"),
        ("formation", "exploration"),
    ]


def test_exploration_ends_at_a_midnight_that_counts_from_first_seen() -> None:
    make = Events()
    task = Task().take(make.profile(0, first_seen=days_before(50)), *buys(make)).until(60 * DAY)
    (ended,) = task.transitions("lifecycle_phase")
    assert (ended.occurred_at[:10], ended.to_state) == (
        str(START_DAY + timedelta(days=40)),
        "formation",
    )


@given(st.permutations(range(5)))
def test_the_order_of_arrival_within_a_day_does_not_matter(order: list[int]) -> None:
    make = Events()
    made: list[TouchpointBase] = [
        make.transaction(HOUR), make.transaction(2 * HOUR), make.transaction(3 * HOUR),
        make.profile(4 * HOUR, first_seen=days_before(10)),
        make.profile(5 * HOUR, first_seen=days_before(100)),
    ]  # fmt: skip
    found = Task().take(*(made[place] for place in order)).exported().relationship
    assert found.lifecycle_phase == "formation"
    assert found.began_at == f"{days_before(100)}T00:00:00.000Z"


@pytest.mark.parametrize(("day", "at"), [("1970-01-01", 0), ("1969-12-31", -DAY)])
def test_days_before_1970_are_days_too(day: str, at: int) -> None:
    assert midnight(day) == at

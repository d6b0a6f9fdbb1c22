"""The order of events of one millisecond is total, and that of a plain sort of what is told."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.order import before, id_of, insert, mark_of, rank
from tests.domain.oracle import by_numbers

ids = st.text(alphabet="a-0129٣客", min_size=1, max_size=8)
told = st.tuples(st.integers(0, 999), st.none() | st.integers(0, 2**63 - 1), ids)


def plainly(given: tuple[int, int | None, str]) -> tuple[Any, ...]:
    """What to sort by, worked out a second time."""
    microseconds, sequence, event_id = given
    return microseconds, -1 if sequence is None else sequence, by_numbers(event_id), event_id


@settings(max_examples=300, deadline=None)
@given(told, told)
def test_marks_sort_as_what_they_were_made_of(one: Any, other: Any) -> None:
    first, second = (mark_of(each[2], each[0], each[1]) for each in (one, other))
    assert (rank(first) < rank(second)) == (plainly(one) < plainly(other))
    assert (rank(first) == rank(second)) == (first == second)
    assert (id_of(first), id_of(second)) == (one[2], other[2])
    assert before(5, first, 5, second) == (plainly(one) < plainly(other))
    assert before(4, first, 5, second) and not before(5, first, 4, second)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), ids)))
def test_what_is_put_in_its_place_is_sorted(items: list[tuple[int, str]]) -> None:
    kept: list[tuple[int, str]] = []
    for item in items:
        insert(kept, item)
    assert kept == sorted(items, key=lambda item: (item[0], by_numbers(item[1]), item[1]))

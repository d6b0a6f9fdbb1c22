"""Which of two events of a customer came first, also within one millisecond.

Events are in order of ``occurred_at`` to the microsecond, then of ``sequence`` (one without any
comes before all that have one), then of their ids with runs of digits as numbers: ``tx-9`` before
``tx-10``, and ``a01`` before ``a1``, which are the same but for the text.

State keeps an event as its time in ms and a mark, which is its id unless there is more to tell:
then microseconds, sequence and id with a control character between, which no id holds. Marks that
were written as bare ids are ordered like all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

_BETWEEN: Final = "\x1f"
_DIGITS: Final = re.compile("([0-9]+)")
_T = TypeVar("_T")

Rank = tuple[int, int, tuple[str | int, ...], str]


def mark_of(event_id: str, microseconds: int = 0, sequence: int | None = None) -> str:
    """What state keeps of an event for its place within a millisecond (0 to 999 microseconds).

    >>> mark_of("tx-9"), mark_of("tx-9", 7, 3)
    ('tx-9', '7\\x1f3\\x1ftx-9')
    """
    if not microseconds and sequence is None:
        return event_id
    told = "" if sequence is None else sequence
    return f"{microseconds}{_BETWEEN}{told}{_BETWEEN}{event_id}"


def id_of(mark: str) -> str:
    """The event id in a mark.

    >>> id_of("tx-9"), id_of(mark_of("tx-9", 7, 3))
    ('tx-9', 'tx-9')
    """
    return mark.rpartition(_BETWEEN)[2] if _BETWEEN in mark else mark


def rank(mark: str) -> Rank:
    """Sorts marks of one millisecond. At most 64 characters of id, so its cost is bounded.

    >>> sorted(["tx-10", "tx-9", "tx-010", mark_of("a", 1), mark_of("z", 0, 2)], key=rank)
    ['tx-9', 'tx-010', 'tx-10', '0\\x1f2\\x1fz', '1\\x1f\\x1fa']
    """
    microseconds, sequence, event_id = 0, -1, mark
    if _BETWEEN in mark:
        told, told_sequence, event_id = mark.split(_BETWEEN)
        microseconds, sequence = int(told), int(told_sequence or -1)
    parts: list[str | int] = list(_DIGITS.split(event_id))
    parts[1::2] = map(int, parts[1::2])
    return microseconds, sequence, tuple(parts), event_id


def before(at: int, mark: str, other_at: int, other_mark: str) -> bool:
    """Whether the first event (ms, mark) comes before the second; equal ones do not.

    >>> before(1, "b", 2, "a"), before(1, "tx-9", 1, "tx-10"), before(1, "a", 1, "a")
    (True, True, False)
    """
    if at != other_at:
        return at < other_at
    return mark != other_mark and rank(mark) < rank(other_mark)


def is_newer(at: int, mark: str, kept: Sequence[Any] | None) -> bool:
    """Whether an event comes after the one that ``kept`` begins with; all come after ``None``."""
    return kept is None or before(kept[0], kept[1], at, mark)


def place(item: Sequence[Any]) -> tuple[int, Rank]:
    """Sorts what begins with time (ms) and mark; where few are compared, `before` costs less."""
    return item[0], rank(item[1])


def first_two(item: Any) -> tuple[int, str]:
    """Time (ms) and mark of what begins with them."""
    return item[0], item[1]


def insert(items: list[_T], item: _T, of: Callable[[_T], tuple[int, str]] = first_two) -> None:
    """Put ``item`` in its place among items in order; ``of`` gives time (ms) and mark.

    It is looked for from the end, where most belong.
    """
    last, (at, mark) = len(items), of(item)
    while last and before(at, mark, *of(items[last - 1])):
        last -= 1
    items.insert(last, item)

"""The order of time in a file of events: where each line belongs, and how many are out of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from domain.kernel.order import Rank, mark_of, rank
from domain.kernel.units import FUTURE_MS
from schemas.fields import (
    EPOCH,
    ID_CHARACTERS,
    LARGEST_SEQUENCE,
    NO_CONTROL,
    RFC3339,
    python_pattern,
)
from streams.files.reading import Line

MICROSECOND: Final = timedelta(microseconds=1)
US_PER_SECOND: Final = 1_000_000
FUTURE_US: Final = FUTURE_MS * 1_000
"""Later than that beyond now an event is refused: what is behind it is not out of order."""


class _Timed(Struct):
    """What says where a line belongs."""

    occurred_at: str
    event_id: str
    sequence: Any = None


_read: Final = Decoder(_Timed).decode
_rfc3339: Final = python_pattern(RFC3339).match
_plain: Final = python_pattern(NO_CONTROL).match


class Place(NamedTuple):
    """Where a line belongs; `number` is its place in the file, so that no two are alike.

    First by time (`at`, microseconds since 1970), then as the rules have events of one instant
    (`domain.kernel.order`): by `sequence`, then by event id. A line without a time (`untimed`) is
    behind all others.
    """

    untimed: bool
    at: int
    rank: Rank | None
    number: int


def place(line: bytes, number: int) -> Place:
    """Where this line of the file belongs."""
    event = _event(line)
    at = None if event is None else _microseconds(event.occurred_at)
    if event is None or at is None:
        return Place(True, 0, None, number)
    sequence = event.sequence
    told = type(sequence) is int and 0 <= sequence <= LARGEST_SEQUENCE
    mark = mark_of(event.event_id, 0, sequence if told else None)
    return Place(False, at, rank(mark), number)


def time_of(line: bytes) -> int | None:
    """When the event of a line happened (microseconds since 1970); None where it does not say."""
    event = _event(line)
    return None if event is None else _microseconds(event.occurred_at)


class Order:
    """Counts the lines of a file that are earlier than one before them.

    Times beyond `now` (microseconds since 1970) and five minutes more do not count: such events
    are refused. `furthest` is by how many microseconds a line is behind at most.
    """

    def __init__(self, now: int) -> None:
        self.lines = 0
        self.bytes = 0
        self.untimed = 0
        self.earlier = 0
        self.first = 0
        self.furthest = 0
        self._newest = 0
        self._latest = now + FUTURE_US

    def take(self, line: Line) -> bool:
        """Look at the next line of the file; whether it is earlier than one before it."""
        number, text = line
        self.bytes += len(text)
        if not text.strip():
            return False
        return self.note(number, time_of(text))

    def note(self, number: int, at: int | None) -> bool:
        """The same of a line's time alone."""
        self.lines += 1
        if at is None:
            self.untimed += 1
        elif at >= self._newest:
            if at <= self._latest:
                self._newest = at
        else:
            self.earlier += 1
            self.first = self.first or number
            self.furthest = max(self.furthest, self._newest - at)
            return True
        return False

    def told(self, name: str) -> str | None:
        """The sentence for an operator; None where the file is in order."""
        if not self.earlier:
            return None
        return (
            f"{name} is not in order of time: {self.earlier:,} of {self.lines:,} lines are earlier"
            f" than one before them, by up to {_span(self.furthest)}, the first is line"
            f" {self.first:,}"
        )


def _event(line: bytes) -> _Timed | None:
    try:
        event = _read(line)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # an id that is refused has no place among others
    return event if len(event.event_id) <= ID_CHARACTERS and _plain(event.event_id) else None


def _microseconds(text: str) -> int | None:
    if not _rfc3339(text):
        return None
    try:
        return (datetime.fromisoformat(text.upper()) - EPOCH) // MICROSECOND
    except ValueError:
        return None


def _span(microseconds: int) -> str:
    """How long that is, in words.

    >>> _span(90_000_000), _span(2 * 86_400 * US_PER_SECOND), _span(1)
    ('1 min', '2 days', 'less than a second')
    """
    seconds = microseconds // US_PER_SECOND
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= (2 * length if unit == "days" else length):
            return f"{seconds // length:,} {unit}"
    return "less than a second"

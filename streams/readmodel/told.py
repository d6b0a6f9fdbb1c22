"""What is read of an output or an event on its way into the file; all else stays as it came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec

from domain.kernel.scales import TIER_INDEX
from schemas.fields import milliseconds
from schemas.topics import ALERT_STATES, DEAD_LETTERS

Time = Annotated[datetime, msgspec.Meta(tz=True)]
LATEST_MS: Final = 32_503_679_999_999
"""The end of the year 2999: no time that is told lies behind it."""


class Brief(msgspec.Struct, gc=False):
    """Whom an output is about, and when it came about."""

    occurred_at: Time
    customer_id: str | None = None
    raised_at: Time | None = None
    changed_at: Time | None = None
    kind: str | None = None
    dimension: str | None = None
    occasion: str | None = None

    @property
    def type(self) -> str:
        """Of what kind it is; empty where its topic says all."""
        return self.kind or self.dimension or self.occasion or ""

    @property
    def at(self) -> int:
        """When it was said (ms), where it says so; else the time it speaks of."""
        return milliseconds(self.changed_at or self.raised_at or self.occurred_at)


class Letter(msgspec.Struct, gc=False):
    """Which record a dead letter is of, and why."""

    reason: str
    source_topic: str
    partition: int
    offset: int
    timestamp: int
    customer_id: str | None = None

    @property
    def type(self) -> str:
        """Why it was refused."""
        return self.reason

    @property
    def at(self) -> int:
        """When the record came (ms)."""
        return max(self.timestamp, 0)


class State(msgspec.Struct, gc=False):
    """An alert as lists find it."""

    alert_id: str
    newest_id: str
    customer_id: str
    status: str
    kind: str
    tier: str
    priority: int
    raised_at: Time
    changed_at: Time
    owner_id: str | None = None
    assignee: str | None = None
    segment: str | None = None

    @property
    def type(self) -> str:
        """How it stands."""
        return self.status

    @property
    def at(self) -> int:
        """When it came to be so (ms)."""
        return milliseconds(self.changed_at)

    @property
    def tier_index(self) -> int:
        """0 for the lowest; -1 for one that this version does not know."""
        return TIER_INDEX.get(self.tier, -1)


class Raised(msgspec.Struct, gc=False):
    """A later level of an alert, and of which."""

    alert_id: str
    raises_again: str | None = None


class Happened(msgspec.Struct, gc=False):
    """Of what type an event is, and when it occurred."""

    type: str
    occurred_at: Time
    amount: float | None = None
    action: object = None


Told = Brief | Letter | State

_brief: Final = msgspec.json.Decoder(Brief).decode
_letter: Final = msgspec.json.Decoder(Letter).decode
_state: Final = msgspec.json.Decoder(State).decode
_raised: Final = msgspec.json.Decoder(Raised).decode
_happened: Final = msgspec.json.Decoder(Happened).decode


_T = TypeVar("_T")


def told(topic: str, value: bytes) -> Told | None:
    """What an output says; ``None`` for one that is of no form known here."""
    if topic == ALERT_STATES:
        return _read(_state, value)
    return _read(_letter, value) if topic == DEAD_LETTERS else _read(_brief, value)


def raised(value: bytes) -> Raised | None:
    """Which alert an alert raises again."""
    return _read(_raised, value)


def happened(value: bytes | None) -> Happened | None:
    """Of what type an event is and when it occurred; ``None`` for what is no event."""
    return _read(_happened, value or b"")


def came_about(at: int, arrived: int) -> int:
    """When something came about that says ``at`` (ms) of itself: not after it arrived, if known.

    Who names a time to come would otherwise outlive its erasure and its term.
    """
    return min(at, arrived if arrived > 0 else LATEST_MS, LATEST_MS)


def gone(alert_id: str) -> bytes:
    """What is told in place of an alert's state that was deleted."""
    return msgspec.json.encode({"alert_id": alert_id, "deleted": True})


def nameless(letter: Letter) -> bytes:
    """A dead letter without what its record said, and of whom."""
    return msgspec.json.encode(msgspec.structs.replace(letter, customer_id=None))


def _read(decode: Callable[[bytes], _T], value: bytes) -> _T | None:
    """What a value says; ``None`` where it is torn, of another form, or nested without end."""
    try:
        return decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


__all__ = [
    "Brief",
    "Letter",
    "State",
    "came_about",
    "gone",
    "happened",
    "nameless",
    "raised",
    "told",
]

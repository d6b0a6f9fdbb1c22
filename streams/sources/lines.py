"""Records of the simulated bank and the text they are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple


class Record(NamedTuple):
    """What goes to Kafka: topic, key, value, and why it must be refused ("" where it must not).

    `bad` is the reason a dead letter of it carries, as in `schemas.codec`.
    """

    topic: str
    key: bytes | None
    value: bytes
    bad: str = ""

    @property
    def is_bad(self) -> bool:
        return self.bad != ""


_MILLISECONDS = tuple(f"{millisecond:03d}Z" for millisecond in range(1000))
_SECONDS = tuple(f"{second // 60:02d}:{second % 60:02d}." for second in range(3600))
_CENTS = tuple(f".{cent:02d}" for cent in range(100))


def money(cents: int) -> str:
    """Cents, not negative, as a JSON number.

    >>> money(123405)
    '1234.05'
    """
    return f"{cents // 100}{_CENTS[cents % 100]}"


class Stamps:
    """RFC 3339 text of milliseconds since the epoch; the last hour's text is kept."""

    __slots__ = ("_hour", "_text")

    def __init__(self) -> None:
        self._hour = -1
        self._text = ""

    def text(self, at: int) -> str:
        """`2026-01-05T09:30:00.250Z` for `at` in milliseconds."""
        second = at // 1000
        hour = second // 3600
        if hour != self._hour:
            self._hour = hour
            self._text = datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H:")
        return self._text + _SECONDS[second % 3600] + _MILLISECONDS[at % 1000]


class Writer:
    """Starts every event of one bank: its id, customer, time, channel and type.

    Event ids are `prefix` and a running number: banks of another seed or start share none.
    """

    __slots__ = ("_openings", "keys", "number", "prefix", "stamps")

    def __init__(self, prefix: str, ids: list[str], keys: list[bytes]) -> None:
        self.prefix = prefix
        self.keys = keys
        self.number = 0
        self.stamps = Stamps()
        self._openings = [f'","customer_id":"{name}","occurred_at":"' for name in ids]

    def head(self, customer: int, at: int) -> str:
        """JSON text up to and without the quote that ends `occurred_at`."""
        self.number += 1
        opening = self._openings[customer]
        return f'{{"event_id":"{self.prefix}{self.number}{opening}{self.stamps.text(at)}'

    @property
    def last_id(self) -> str:
        """The id of the event that was begun last."""
        return f"{self.prefix}{self.number}"

    def record(self, customer: int, topic: str, text: str) -> Record:
        """A record of this customer from a whole JSON text."""
        # Half the time of Record(...), and this is the busiest line of the simulation.
        return _new(Record, (topic, self.keys[customer], text.encode(), ""))


_new = tuple.__new__

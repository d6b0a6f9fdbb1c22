"""Complaints opened by series and UTC hour, as one partition keeps them.

A series is a (category, product, channel). At most 256 are kept apart, those whose hash is
smallest; all others are counted together under ``OTHERS``. So which are kept depends neither on
the order of arrival nor on the partitioning: merged counts of several partitions, cut to the 256
smallest again, are those of one partition that had met every event.

Bounds: 257 series of 30 UTC days (28 days of history, and the 24 hours that are judged); of each
hour of the newest two days up to 3 event ids, the earliest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from domain.kernel.units import MS_PER_HOUR

HOURS_PER_DAY = 24
MAX_SERIES = 256
EXAMPLES = 3
HISTORY_HOURS = 28 * HOURS_PER_DAY
JUDGED_HOURS = 24
KEPT_HOURS = HISTORY_HOURS + JUDGED_HOURS
FORMAT = 1
PREFIX = b"surges/"
FIRST_KEY = PREFIX + b"first"
_DAY_BYTES = 4


class Series(NamedTuple):
    """What complaints are counted by; an empty product means that none was named."""

    category: str
    product: str
    channel: str

    @property
    def rank(self) -> int:
        """The order in which series are kept: those that come first."""
        return xxh3_64_intdigest("\x1f".join(self).encode())


OTHERS = Series("", "", "")
"""All series beyond the 256; a real one has a category."""

# at (ms), event id
Example = tuple[int, str]


class Hour(msgspec.Struct, array_like=True, gc=False):
    """One hour of a series: how many complaints, and the earliest of them."""

    count: int = 0
    examples: list[Example] = []

    def add(self, count: int, examples: list[Example]) -> None:
        """Take in ``count`` more, with their examples."""
        self.count += count
        self.examples = sorted((*self.examples, *examples))[:EXAMPLES]


Day = dict[int, Hour]
"""The hours (0-23) of a UTC day that had complaints."""

_encode = msgspec.msgpack.Encoder().encode
_decode_day = msgspec.msgpack.Decoder(tuple[Series, Day]).decode
_HEAD = bytes((FORMAT,))


class HourlyFormatError(ValueError):
    """A record of another format than this version reads."""


class Hourly:
    """What one partition keeps; ``add`` in any order gives the same.

    >>> hourly = Hourly()
    >>> for n in range(3):
    ...     hourly.add(n * 1_000, Series("fees", "card", "app"), f"e-{n}")
    >>> [(hour, found.count) for hour, found in hourly.hours_of(Series("fees", "card", "app"))]
    [(0, 3)]
    """

    def __init__(self) -> None:
        self.first: int | None = None
        """The first UTC hour that ever had a complaint."""
        self.newest = -1
        """The newest such hour."""
        self.untold = False
        self._days: dict[Series, dict[int, Day]] = {}
        self._changed: set[tuple[Series, int]] = set()
        self._first_changed = False

    @property
    def series(self) -> list[Series]:
        """The series that are kept, ``OTHERS`` among them where it counts any."""
        return sorted(self._days)

    def hours_of(self, series: Series) -> Iterator[tuple[int, Hour]]:
        """(UTC hour since the epoch, what was in it) of a series, ascending."""
        for day, hours in sorted(self._days.get(series, {}).items()):
            for hour in sorted(hours):
                yield day * HOURS_PER_DAY + hour, hours[hour]

    # -- in ---------------------------------------------------------------------------

    def add(self, at: int, series: Series, event_id: str) -> None:
        """Count a complaint opened at ``at`` (ms); one older than what is kept is left out."""
        hour = at // MS_PER_HOUR
        if self.first is None or hour < self.first:
            self.first, self._first_changed = hour, True
        if hour > self.newest:
            self._move_to(hour)
        day, hour_of_day = divmod(hour, HOURS_PER_DAY)
        if day < self._oldest_day:
            return
        examples = [(at, event_id)] if day >= self._exemplary_day else []
        self._count(self._place(series), day, hour_of_day, Hour(1, examples))
        self.untold = True

    def forget(self, event_ids: Collection[str]) -> None:
        """Name none of these events as an example any more; they stay counted."""
        for series, days in self._days.items():
            for day, hours in days.items():
                for of_day, found in hours.items():
                    left = [each for each in found.examples if each[1] not in event_ids]
                    if len(left) < len(found.examples):
                        hours[of_day] = Hour(found.count, left)
                        self._changed.add((series, day))
                        self.untold = True

    @property
    def _oldest_day(self) -> int:
        return self.newest // HOURS_PER_DAY - KEPT_HOURS // HOURS_PER_DAY

    @property
    def _exemplary_day(self) -> int:
        return self.newest // HOURS_PER_DAY - 1

    def _move_to(self, hour: int) -> None:
        """A new newest hour: forget days too old, and examples of hours no longer judged."""
        same_day = hour // HOURS_PER_DAY == self.newest // HOURS_PER_DAY
        self.newest = hour
        if same_day:
            return
        oldest, exemplary = self._oldest_day, self._exemplary_day
        for series in list(self._days):
            days = self._days[series]
            for day in list(days):
                if day < oldest:
                    del days[day]
                    self._changed.add((series, day))
                elif day < exemplary and any(each.examples for each in days[day].values()):
                    days[day] = {of_day: Hour(each.count) for of_day, each in days[day].items()}
                    self._changed.add((series, day))
            if not days:
                del self._days[series]

    def _place(self, series: Series) -> Series:
        """Where to count: the series itself, or ``OTHERS`` where 256 others come before it."""
        if series in self._days or len(self._days) - (OTHERS in self._days) < MAX_SERIES:
            return series
        last = max((each for each in self._days if each != OTHERS), key=lambda each: each.rank)
        if series.rank > last.rank:
            return OTHERS
        for day, hours in self._days.pop(last).items():
            self._changed.add((last, day))
            for hour_of_day, found in hours.items():
                self._count(OTHERS, day, hour_of_day, found)
        return series

    def _count(self, series: Series, day: int, hour_of_day: int, more: Hour) -> None:
        hours = self._days.setdefault(series, {}).setdefault(day, {})
        hours.setdefault(hour_of_day, Hour()).add(more.count, more.examples)
        self._changed.add((series, day))

    # -- records ------------------------------------------------------------------------

    def changed_records(self) -> list[tuple[bytes, bytes | None]]:
        """Records changed since the last call, one for each series and day; ``None`` deletes."""
        records: list[tuple[bytes, bytes | None]] = []
        if self._first_changed:
            records.append((FIRST_KEY, _HEAD + _encode(self.first)))
            self._first_changed = False
        for series, day in sorted(self._changed):
            hours = self._days.get(series, {}).get(day)
            value = None
            if hours is not None:
                value = _HEAD + _encode((series, dict(sorted(hours.items()))))
            records.append((_key(series, day), value))
        self._changed.clear()
        return records

    @classmethod
    def from_records(cls, records: Mapping[bytes, bytes]) -> Hourly:
        """What the records hold; those under other names are left aside.

        Raises HourlyFormatError on a record of a format that this version does not read.
        """
        hourly = cls()
        for key, value in records.items():
            if not key.startswith(PREFIX):
                continue
            if value[:1] != _HEAD:
                raise HourlyFormatError(
                    f"hourly complaint counts have format {value[:1]!r}; this version reads"
                    f" {FORMAT}. Run the version that wrote them, or a newer one"
                )
            if key == FIRST_KEY:
                hourly.first = msgspec.msgpack.decode(value[1:], type=int)
                continue
            day = int.from_bytes(key[len(PREFIX) : len(PREFIX) + _DAY_BYTES], "big")
            series, hours = _decode_day(value[1:])
            hourly._days.setdefault(series, {})[day] = hours
            hourly.newest = max(hourly.newest, day * HOURS_PER_DAY + max(hours))
        return hourly


def _key(series: Series, day: int) -> bytes:
    return PREFIX + day.to_bytes(_DAY_BYTES, "big") + "\x1f".join(series).encode()


def kept(series: set[Series]) -> set[Series]:
    """Those of a merged set of series that stay apart.

    >>> several = {Series(f"c-{n}", "", "app") for n in range(300)}
    >>> len(kept(several)), OTHERS in kept(several | {OTHERS})
    (256, True)
    """
    apart = sorted(series - {OTHERS}, key=lambda each: each.rank)[:MAX_SERIES]
    return set(apart) | ({OTHERS} & series)

"""Working time: the instants at which a bank is open, and how long a wait lasts when only
those count.

Open is every instant whose wall time lies in [opens, closes) of a working day, so on a day on
which clocks change there is an hour more or less where the change falls within the hours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from domain.kernel.local_time import offset_at, turn
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
CACHED_DAYS = 4_096

# Wall time is at most 14 hours ahead of UTC and 12 behind.
_FARTHEST_MS = 16 * MS_PER_HOUR


class BusinessTime:
    """Opening hours, the same on each working day, in the wall time of one zone.

    ``opens`` and ``closes`` are minutes of the day, ``works`` says of a date whether it is a
    working day. Of each day looked at the open instants are remembered, 4,096 days at most.

    >>> workdays = BusinessTime(ZoneInfo("Asia/Shanghai"), 540, 1_020, lambda d: d.weekday() < 5)
    >>> friday_16h = 1_772_784_000_000  # 2026-03-06T16:00+08:00
    >>> (workdays.after(friday_16h, 2 * 3_600_000) - friday_16h) / 3_600_000
    66.0
    """

    def __init__(
        self, zone: ZoneInfo, opens: int, closes: int, works: Callable[[date], bool]
    ) -> None:
        assert 0 <= opens < closes <= MS_PER_DAY // MS_PER_MINUTE
        self._zone = zone
        self._opens, self._closes = opens * MS_PER_MINUTE, closes * MS_PER_MINUTE
        self._works = works
        self._known: dict[int, tuple[tuple[int, int], ...]] = {}

    @property
    def day_ms(self) -> int:
        """The length of a working day."""
        return self._closes - self._opens

    def after(self, start: int, length: int) -> int:
        """The first instant by which ``length`` ms of working time have passed since ``start``."""
        if length <= 0:
            return start
        day = (start + offset_at(self._zone, start)) // MS_PER_DAY
        while True:
            for opened, closed in self.open_on(day):
                begin = max(start, opened)
                if begin < closed:
                    if length <= closed - begin:
                        return begin + length
                    length -= closed - begin
            day += 1

    def promised(self, start: int, length: int) -> int:
        """When a promise is due: each whole 24 hours are a working day, the rest is working time.

        A rest longer than a working day is one, so a longer promise is never due earlier.

        >>> all_days = BusinessTime(ZoneInfo("UTC"), 540, 1_020, lambda d: True)
        >>> [all_days.promised(0, hours * 3_600_000) / 3_600_000 for hours in (1, 12, 24, 72)]
        [10.0, 17.0, 17.0, 65.0]
        """
        days, rest = self.parts(length)
        return self.after(start, days * self.day_ms + rest)

    def parts(self, length: int) -> tuple[int, int]:
        """What a promise of ``length`` ms is: working days, and ms of working time beside them."""
        days, rest = divmod(length, MS_PER_DAY)
        return (days, rest) if rest < self.day_ms else (days + 1, 0)

    def opening(self, at: int) -> int:
        """The first open instant from ``at`` (ms) on."""
        day = (at + offset_at(self._zone, at)) // MS_PER_DAY
        while True:
            for opened, closed in self.open_on(day):
                if at < closed:
                    return max(at, opened)
            day += 1

    def between(self, start: int, end: int) -> int:
        """How many ms of working time lie in [start, end).

        >>> all_days = BusinessTime(ZoneInfo("UTC"), 540, 1_020, lambda d: True)
        >>> all_days.between(16 * 3_600_000, 34 * 3_600_000) / 3_600_000
        2.0
        """
        found = 0
        first = (start + offset_at(self._zone, start)) // MS_PER_DAY
        last = (end + offset_at(self._zone, end)) // MS_PER_DAY
        for day in range(first, last + 1):
            for opened, closed in self.open_on(day):
                found += max(0, min(end, closed) - max(start, opened))
        return found

    def open_on(self, day: int) -> tuple[tuple[int, int], ...]:
        """The stretches [opened, closed) of a local day (days since 1970-01-01), ascending."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= CACHED_DAYS:
                self._known.clear()
            working = self._works(date.fromordinal(EPOCH_ORDINAL + day))
            known = self._known[day] = self._stretches(day) if working else ()
        return known

    def _stretches(self, day: int) -> tuple[tuple[int, int], ...]:
        midnight = day * MS_PER_DAY
        low, high = midnight - _FARTHEST_MS, midnight + MS_PER_DAY + _FARTHEST_MS
        opens, closes = midnight + self._opens, midnight + self._closes
        change = turn(self._zone, low, high)
        if change is None:
            offset = offset_at(self._zone, low)
            return ((opens - offset, closes - offset),)
        before, after = offset_at(self._zone, low), offset_at(self._zone, high)
        stretches = (
            (opens - before, min(closes - before, change)),
            (max(opens - after, change), closes - after),
        )
        return tuple(each for each in stretches if each[0] < each[1])

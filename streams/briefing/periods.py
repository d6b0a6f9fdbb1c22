"""The periods that briefings are about: ISO weeks and months, by the days of a time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from schemas.fields import milliseconds, moment

Kind = Literal["week", "month"]
DAYS_OF_WEEK: Final = 7
MONTHS: Final = 12


class Period(NamedTuple):
    """A week or month, the ``number``-th of its ``year`` (ISO 8601); periods of a kind sort.

    >>> Period("week", 2026, 48).name, Period("month", 2026, 3).name
    ('2026-W48', '2026-03')
    >>> Period("week", 2026, 1).first_day, Period("week", 2026, 1).before.name
    (datetime.date(2025, 12, 29), '2025-W52')
    """

    kind: Kind
    year: int
    number: int

    @property
    def name(self) -> str:
        """The running number of its briefing."""
        week = "W" if self.kind == "week" else ""
        return f"{self.year:04}-{week}{self.number:02}"

    @property
    def first_day(self) -> date:
        """Its first day: a Monday, or the first of a month."""
        if self.kind == "week":
            return date.fromisocalendar(self.year, self.number, 1)
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.after.first_day - timedelta(days=1)

    @property
    def before(self) -> Period:
        """The one before."""
        return period_of(self.first_day - timedelta(days=1), self.kind)

    @property
    def after(self) -> Period:
        """The one after."""
        if self.kind == "week":
            return period_of(self.first_day + timedelta(days=DAYS_OF_WEEK), "week")
        return Period("month", self.year + self.number // MONTHS, self.number % MONTHS + 1)

    def begins(self, zone: ZoneInfo) -> int:
        """When it begins, in ms since 1970."""
        first = self.first_day
        return milliseconds(datetime(first.year, first.month, first.day, tzinfo=zone))

    def ends(self, zone: ZoneInfo) -> int:
        """When the one after begins."""
        return self.after.begins(zone)


@lru_cache(maxsize=4_096)
def period_of(day: date, kind: Kind) -> Period:
    """The period that a day is in.

    >>> period_of(date(2027, 1, 1), "week").name, period_of(date(2027, 1, 1), "month").name
    ('2026-W53', '2027-01')
    """
    if kind == "month":
        return Period(kind, day.year, day.month)
    year, number, _ = day.isocalendar()
    return Period(kind, year, number)


def period_at(at: int, kind: Kind, zone: ZoneInfo) -> Period:
    """The period that a moment (ms since 1970) is in.

    >>> period_at(0, "week", ZoneInfo("Asia/Shanghai")).name
    '1970-W01'
    """
    return period_of(moment(at).astimezone(zone).date(), kind)

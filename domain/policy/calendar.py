"""The policy of business time: when the bank is open.

Off by default: promises run day and night.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from domain.kernel.business_time import BusinessTime
from domain.kernel.local_time import zone_of
from domain.kernel.wording import Wording
from domain.policy.sections import Section
from schemas.told import Told

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip

TIME: Final = Wording("time.length", "{length:duration}")
BUSINESS_TIME: Final = Wording("time.business", "{length:duration} of business time")
WORKING_DAYS: Final = Wording("time.working_days", "{days:count working day}")
DAYS_AND_TIME: Final = Wording(
    "time.working_days_and", "{days:count working day} and {rest:duration} of business time"
)


def _known_zone(name: str) -> str:
    known = zone_of(name)
    if known is None:
        raise ValueError("must be an IANA time zone such as Asia/Shanghai")
    return known.key


Zone = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClosingTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Dates = Annotated[tuple[date, ...], Field(max_length=2_000)]


def minutes_of(clock_time: str) -> int:
    """Minutes since midnight of a time such as 09:30.

    >>> minutes_of("09:30"), minutes_of("24:00")
    (570, 1440)
    """
    hours, _, minutes = clock_time.partition(":")
    return int(hours) * 60 + int(minutes)


class BusinessCalendar(Section):
    """Working days and opening hours; with ``enabled`` complaint promises count only these, and so
    does the time after which an alert is raised again.

    A promise in hours is then this: each whole 24 hours are one working day from opening to
    closing, what is left over is time while the bank is open, a working day at most. So 48 h are
    two working days (from Monday 10:00 until Wednesday 10:00; 16 hours at 09:00 to 17:00), 12 h
    are one, and 1 h is an hour while the bank is open. The regulator's limit is in calendar days
    whatever the calendar says, and no promise outlives it.

    Holidays are the dates given and those of ``country`` and ``subdivision`` (ISO 3166) in the
    holidays library, which also knows the weekends that are worked instead. ``working_dates``
    are worked whatever else is said.
    """

    enabled: bool = False
    time_zone: Zone = "Asia/Shanghai"
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = WEEKDAYS[:5]
    opens: ClockTime = "09:00"
    closes: ClosingTime = "17:00"
    holidays: Dates = ()
    working_dates: Dates = ()
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    subdivision: Annotated[str, Field(min_length=1, max_length=16)] | None = None

    @field_validator("closes")
    @classmethod
    def _closes_later(cls, closes: str, info: ValidationInfo) -> str:
        opens = info.data.get("opens")
        if opens is not None and minutes_of(closes) <= minutes_of(opens):
            raise ValueError(f"must be later than opens ({opens}): hours do not go over midnight")
        return closes

    @field_validator("working_dates")
    @classmethod
    def _no_holiday(cls, dates: tuple[date, ...], info: ValidationInfo) -> tuple[date, ...]:
        both = set(dates) & set(info.data.get("holidays", ()))
        if both:
            raise ValueError(f"{min(both)} must not be among holidays too")
        return dates

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str | None) -> str | None:
        if country is not None:
            _holidays_of(country, None)
        return country

    @field_validator("subdivision")
    @classmethod
    def _of_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        if subdivision is not None:
            country = info.data.get("country")
            if country is None:
                raise ValueError("must stand beside its country")
            _holidays_of(country, subdivision)
        return subdivision

    @model_validator(mode="after")
    def _is_ever_open(self) -> Self:
        works, day = self._works(), date(2024, 1, 1)
        if self.enabled and not any(works(day + timedelta(days=n)) for n in range(366)):
            raise ValueError("some day of a year must be a working day")
        return self

    def due(self, start: int, promised_ms: int) -> int:
        """When a promise given at ``start`` (ms) is due: in business time where it is enabled."""
        if not self.enabled:
            return start + promised_ms
        return self.business_time.promised(start, promised_ms)

    def opening(self, at: int) -> int:
        """The first instant from ``at`` (ms) on at which the bank is open; any, where disabled."""
        return self.business_time.opening(at) if self.enabled and at else at

    def promise(self, promised_ms: int) -> Told:
        """A promise in words: as what it is where only business time counts.

        >>> BusinessCalendar().promise(48 * 3_600_000)
        '2 d'
        >>> calendar = BusinessCalendar(enabled=True)
        >>> [calendar.promise(hours * 3_600_000) for hours in (1, 12, 24)]
        ['1 h of business time', '1 working day', '1 working day']
        >>> calendar.promise(48 * 3_600_000), calendar.promise(52 * 3_600_000)
        ('2 working days', '2 working days and 4 h of business time')
        """
        if not self.enabled:
            return TIME(length=promised_ms)
        days, rest = self.business_time.parts(promised_ms)
        if not days:
            return BUSINESS_TIME(length=rest)
        if not rest:
            return WORKING_DAYS(days=days)
        return DAYS_AND_TIME(days=days, rest=rest)

    def waited(self, start: int, end: int) -> Told:
        """How long somebody waited from ``start`` to ``end`` (ms), in words."""
        if not self.enabled:
            return TIME(length=end - start)
        return BUSINESS_TIME(length=self.business_time.between(start, end))

    @cached_property
    def business_time(self) -> BusinessTime:
        """The calendar ready to count with."""
        zone = ZoneInfo(self.time_zone)
        return BusinessTime(zone, minutes_of(self.opens), minutes_of(self.closes), self._works())

    def _works(self) -> Callable[[date], bool]:
        """Whether a date is a working day."""
        worked, free = frozenset(self.working_dates), frozenset(self.holidays)
        weekdays = frozenset(map(WEEKDAYS.index, self.working_days))
        public = _holidays_of(self.country, self.subdivision) if self.country else None

        def works(day: date) -> bool:
            if day in worked or day in free:
                return day in worked
            if public is not None:
                # The library learns a year at the first question about it.
                is_holiday = day in public
                if is_holiday or day in public.weekend_workdays:
                    return not is_holiday
            return day.weekday() in weekdays

        return works


def _holidays_of(country: str, subdivision: str | None) -> Any:
    """The public holidays. Raises ValueError where the library knows no such place."""
    import holidays

    try:
        return holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError as error:
        raise ValueError(f"must be known to the holidays library ({error})") from error

"""The policy of service before the complaint: when to tell, inspections, peaks, the health grade.

Three app errors in a day, two unresolved contacts in 7 days, inspections every 30 days of VIPs and
organisations are those of the domain reference. Every other number is our default.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from domain.kernel.days import day_of
from domain.kernel.local_time import offset_at
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy.bounds import Hours
from domain.policy.calendar import Zone
from domain.policy.sections import Section
from schemas.fields import Channel, Label

MOST_DAYS = 60
MOST_CONTACTS = 16

Errors = Annotated[int, Field(ge=1, le=1_000)]
Contacts = Annotated[int, Field(ge=1, le=MOST_CONTACTS)]
DayOfYear = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
InspectionDays = Annotated[float, Field(ge=1, le=3_650)]


class Lines(Section):
    """From how many app errors in a day, and unresolved contacts, customer and owner are told."""

    errors_per_day: Errors = 3
    unresolved_contacts: Contacts = 2


class Peak(Section):
    """Days of a year, both included, as month and day; over the new year where it ends earlier."""

    name: Label
    begins: DayOfYear
    ends: DayOfYear

    def holds(self, day: date) -> bool:
        """Whether a day lies in it.

        >>> year_end = Peak(name="year-end", begins="12-20", ends="01-05")
        >>> [year_end.holds(date(2026, *day)) for day in ((12, 19), (12, 20), (1, 5), (1, 6))]
        [False, True, True, False]
        """
        told = f"{day.month:02}-{day.day:02}"
        if self.begins <= self.ends:
            return self.begins <= told <= self.ends
        return told >= self.begins or told <= self.ends


class InspectionRules(Section):
    """How often the service of a customer is inspected, in days; key customers: our default."""

    vip_days: InspectionDays = 30.0
    organisation_days: InspectionDays = 30.0
    key_days: InspectionDays = 90.0

    @field_validator("key_days")
    @classmethod
    def _not_more_often(cls, value: float, info: ValidationInfo) -> float:
        vip = info.data.get("vip_days")
        if vip is not None and value < vip:
            raise ValueError(f"must not be less than inspections.vip_days ({vip:g})")
        return value


class GradeLine(Section):
    """From how many on a customer is to be watched, and from how many the service was poor."""

    watch: Errors
    poor: Errors

    @field_validator("poor")
    @classmethod
    def _not_below(cls, value: int, info: ValidationInfo) -> int:
        watch = info.data.get("watch")
        if watch is not None and value < watch:
            raise ValueError(f"must not be less than watch ({watch})")
        return value


class GradeRules(Section):
    """The lines of the health grade by what is counted; all are our defaults."""

    complaints: GradeLine = GradeLine(watch=1, poor=2)
    promises: GradeLine = GradeLine(watch=1, poor=2)
    contacts: GradeLine = GradeLine(watch=1, poor=3)
    waits: GradeLine = GradeLine(watch=1, poor=3)
    errors: GradeLine = GradeLine(watch=3, poor=10)


class ProactiveRules(Section):
    """Service before the complaint.

    Days are those of ``time_zone``. While a peak lasts its tighter lines hold (our defaults: of
    banks the ends of June and of the year). The customer is told through the first of
    ``channels`` that it consents to, within ``notice_hours``, at any hour. ``days`` is how far
    back the health record looks.
    """

    time_zone: Zone = "Asia/Shanghai"
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 30
    lines: Lines = Lines()
    contact_days: Annotated[float, Field(ge=1, le=30)] = 7.0
    peaks: Annotated[tuple[Peak, ...], Field(max_length=16)] = (
        Peak(name="mid-year", begins="06-20", ends="06-30"),
        Peak(name="year-end", begins="12-20", ends="12-31"),
    )
    peak_lines: Lines = Lines(errors_per_day=2, unresolved_contacts=1)
    channels: Annotated[tuple[Channel, ...], Field(max_length=16)] = (
        "app", "sms", "wechat", "email", "call_centre",
    )  # fmt: skip
    notice_hours: Hours = 1.0
    means: Label = "message"
    inspections: InspectionRules = InspectionRules()
    grade: GradeRules = GradeRules()

    @model_validator(mode="after")
    def _peaks_are_tighter(self) -> Self:
        calm, tight = self.lines, self.peak_lines
        for name in Lines.model_fields:
            if getattr(tight, name) > getattr(calm, name):
                raise ValueError(
                    f"peak_lines.{name} must not be above lines.{name} ({getattr(calm, name)}):"
                    " lines of peaks are tighter"
                )
        return self

    def day(self, at: int) -> int:
        """The number of the local day of ``at`` (ms).

        >>> ProactiveRules().day(15 * 3_600_000), ProactiveRules().day(16 * 3_600_000)
        (0, 1)
        """
        return (at + offset_at(self._zone, at)) // MS_PER_DAY

    def peak_on(self, day: int) -> Peak | None:
        """The peak that a local day lies in."""
        if not self.peaks:
            return None
        of_year = day_of(day)
        return next((peak for peak in self.peaks if peak.holds(of_year)), None)

    def lines_on(self, day: int) -> Lines:
        """The lines that hold on a local day."""
        return self.lines if self.peak_on(day) is None else self.peak_lines

    @cached_property
    def contact_ms(self) -> int:
        """The window of unresolved contacts, in milliseconds."""
        return round(self.contact_days * MS_PER_DAY)

    @cached_property
    def notice_ms(self) -> int:
        """Within what time the customer is told, in milliseconds."""
        return round(self.notice_hours * MS_PER_HOUR)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

"""The policy of complaints: what is promised, and where the regulator steps in.

Defaults are those of the domain reference. Times are in the unit their name ends with, amounts
in base currency.
"""

from __future__ import annotations

from functools import cached_property

from pydantic import ValidationInfo, field_validator

from domain.policy_calendar import BusinessCalendar
from domain.policy_sections import MS_PER_HOUR, TIERS, Positive, Section


class HoursByTier(Section):
    """A promise in hours for each tier; a higher tier never waits longer than a lower one."""

    standard: Positive
    prospect: Positive
    key: Positive
    vip: Positive
    private: Positive

    @field_validator("prospect", "key", "vip", "private")
    @classmethod
    def _never_longer(cls, value: float, info: ValidationInfo) -> float:
        name = info.field_name or ""
        below = TIERS[TIERS.index(name) - 1]
        limit = info.data.get(below)
        if limit is not None and value > limit:
            raise ValueError(f"must not be longer than that of tier {below} ({limit:g} hours)")
        return value

    @cached_property
    def ms(self) -> tuple[int, ...]:
        """The promises in milliseconds, by tier index."""
        return tuple(round(getattr(self, tier) * MS_PER_HOUR) for tier in TIERS)


class ComplaintPromises(Section):
    """What is promised when a complaint is opened, and where the regulator steps in."""

    acknowledge_hours: HoursByTier = HoursByTier(standard=24, prospect=8, key=4, vip=1, private=1)
    resolve_hours: HoursByTier = HoursByTier(standard=360, prospect=168, key=72, vip=24, private=24)
    # Only the standard promise is the regulator's own limit, so only it grows when complex.
    complex_resolve_hours: HoursByTier = HoursByTier(
        standard=720, prospect=168, key=72, vip=24, private=24
    )
    regulator_days: Positive = 15.0
    regulator_complex_days: Positive = 30.0
    calendar: BusinessCalendar = BusinessCalendar()

    @field_validator("regulator_complex_days")
    @classmethod
    def _complex_is_longer(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("regulator_days")
        if limit is not None and value < limit:
            raise ValueError(f"must not be shorter than complaints.regulator_days ({limit:g})")
        return value

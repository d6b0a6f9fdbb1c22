"""The policy of complaints: what is promised, and where the regulator steps in.

Defaults are those of the domain reference. Times are in the unit their name ends with, amounts
in base currency.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy.bounds import Amount, PositiveMultiple, PromiseDays, PromiseHours
from domain.policy.calendar import BusinessCalendar
from domain.policy.playbook import Playbook
from domain.policy.sections import Section
from schemas.fields import Label


class HoursByTier(Section):
    """A promise in hours for each tier; a higher tier never waits longer than a lower one."""

    standard: PromiseHours
    prospect: PromiseHours
    key: PromiseHours
    vip: PromiseHours
    private: PromiseHours

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


class AmountByTier(Section):
    """An amount in base currency for each tier."""

    standard: Amount
    prospect: Amount
    key: Amount
    vip: Amount
    private: Amount

    def of(self, tier: int) -> float:
        """The amount for a tier (index in TIERS)."""
        amount: float = getattr(self, TIERS[tier])
        return amount


class Compensation(Section):
    """What is proposed for a resolution past its promise: a base, and more for each day begun."""

    enabled: bool = True
    base: AmountByTier = AmountByTier(standard=20, prospect=50, key=100, vip=200, private=500)
    per_day: AmountByTier = AmountByTier(standard=5, prospect=10, key=20, vip=50, private=100)
    cap: AmountByTier = AmountByTier(
        standard=200, prospect=500, key=1_000, vip=2_000, private=5_000
    )
    means: Label = "account credit"
    text_key: Label = "care.compensation"
    due_days: PromiseDays = 3.0

    @field_validator("cap")
    @classmethod
    def _not_below_base(cls, cap: AmountByTier, info: ValidationInfo) -> AmountByTier:
        base = info.data.get("base")
        for tier, name in enumerate(TIERS):
            if base is not None and cap.of(tier) < base.of(tier):
                raise ValueError(f"{name} must not be below base.{name} ({base.of(tier):g})")
        return cap

    @cached_property
    def due_ms(self) -> int:
        """How long after the resolution the task is due, in milliseconds."""
        return round(self.due_days * MS_PER_DAY)


class SystemicIssues(Section):
    """When the complaints of one kind in one hour stand out from the hours before it."""

    enabled: bool = True
    history_days: Annotated[int, Field(ge=1, le=28)] = 28
    least_history_hours: Annotated[int, Field(ge=2, le=672)] = 24
    sigmas: PositiveMultiple = 4.0
    least_complaints: Annotated[int, Field(ge=2, le=1_000_000)] = 5

    @field_validator("least_history_hours")
    @classmethod
    def _within_history(cls, hours: int, info: ValidationInfo) -> int:
        days = info.data.get("history_days")
        if days is not None and hours > days * 24:
            raise ValueError(f"must not be longer than history_days ({days} days)")
        return hours


class ComplaintBenchmarks(Section):
    """Published limits that reports put beside what was measured (the British FCA's)."""

    summary_days: Annotated[int, Field(ge=1, le=30)] = 3
    final_weeks: Annotated[int, Field(ge=1, le=52)] = 8


class ComplaintPromises(Section):
    """What is promised when a complaint is opened, and where the regulator steps in."""

    acknowledge_hours: HoursByTier = HoursByTier(standard=24, prospect=8, key=4, vip=1, private=1)
    resolve_hours: HoursByTier = HoursByTier(standard=360, prospect=168, key=72, vip=24, private=24)
    # Only the standard promise is the regulator's own limit, so only it grows when complex.
    complex_resolve_hours: HoursByTier = HoursByTier(
        standard=720, prospect=168, key=72, vip=24, private=24
    )
    regulator_days: PromiseDays = 15.0
    regulator_complex_days: PromiseDays = 30.0
    calendar: BusinessCalendar = BusinessCalendar()
    compensation: Compensation = Compensation()
    systemic: SystemicIssues = SystemicIssues()
    benchmarks: ComplaintBenchmarks = ComplaintBenchmarks()
    playbook: Playbook = Playbook()

    @field_validator("regulator_complex_days")
    @classmethod
    def _complex_is_longer(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("regulator_days")
        if limit is not None and value < limit:
            raise ValueError(f"must not be shorter than complaints.regulator_days ({limit:g})")
        return value

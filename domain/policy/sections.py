"""The sections of the policy: fields, defaults and what must hold of each.

All defaults are those of the domain reference. Amounts are in base currency; times are in the
unit their name ends with. A policy that makes no sense is refused with one line a fault: file,
field, what was given and what must hold.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY
from domain.policy.bounds import (
    DaysOrNone,
    HalfLife,
    Hours,
    MomentWeight,
    PositiveAmount,
    Rate,
    Score,
    Seconds,
)
from schemas.fields import LABEL_CHARACTERS, REFUSED_IDS

Factor = Literal["product", "service", "relationship", "convenience", "brand", "price"]
Name = Annotated[str, Field(min_length=1, max_length=LABEL_CHARACTERS)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Category = Annotated[str, Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """A frozen group of policy fields; a name it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    judges_nobody: ClassVar[frozenset[str]] = frozenset()
    """Fields that nothing of a customer is worked out by."""


class Currency(Section):
    """Base currency and what one unit of each currency is worth in it."""

    base: CurrencyCode = "CNY"
    # CZK stands at the scale of a modern bank for the Berka data set, not at its market rate.
    rates: dict[CurrencyCode, Rate] = Field(
        default={
            "CNY": 1.0,
            "USD": 7.1,
            "EUR": 7.8,
            "GBP": 9.1,
            "HKD": 0.91,
            "JPY": 0.048,
            "CZK": 3.0,
        },
        validate_default=True,
        max_length=512,
    )

    @field_validator("rates")
    @classmethod
    def _base_is_one(cls, rates: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        base = info.data.get("base", "CNY")
        if rates.get(base) != 1.0:
            raise ValueError(f"the base currency {base} must be in the table at 1.0")
        return rates


class TierLines(Section):
    """Balance at which each tier begins (base currency), and the grace before a fall."""

    prospect: PositiveAmount = 100_000.0
    key: PositiveAmount = 200_000.0
    vip: PositiveAmount = 300_000.0
    private: PositiveAmount = 8_000_000.0
    grace_days: DaysOrNone = 30.0

    @field_validator("key", "vip", "private")
    @classmethod
    def _ascending(cls, value: float, info: ValidationInfo) -> float:
        name = info.field_name or ""
        below = TIERS[TIERS.index(name) - 1]
        floor = info.data.get(below)
        if floor is not None and value <= floor:
            raise ValueError(f"must be greater than tiers.{below} ({floor:g}): tiers ascend")
        return value


class Purchases(Section):
    """Which transactions count as a purchase; ``categories: null`` means every category.

    A credit of one of the ``refund_categories``, or with ``refund_of``, is a refund and none.
    """

    directions: tuple[Literal["credit", "debit"], ...] = Field(
        default=("debit",), min_length=1, max_length=2
    )
    categories: Annotated[tuple[Category, ...], Field(max_length=1_000)] | None = None
    refund_categories: tuple[Name, ...] = Field(default=("refund",), max_length=1_000)


class Ids(Section):
    """Ids that name nobody, without regard to case: events that bear one are refused."""

    refused: tuple[Name, ...] = Field(default=REFUSED_IDS, max_length=1_000)


class Erasure(Section):
    """How long it is known that a customer was erased: as long as an input topic holds events."""

    keep_days: Annotated[float, Field(ge=1, le=3_650, allow_inf_nan=False)] = 90.0

    @property
    def keep_ms(self) -> int:
        """How long it is known, in milliseconds."""
        return round(self.keep_days * MS_PER_DAY)


class MomentWeights(Section):
    """Weight of each kind of moment; ``moment_of_truth`` replaces it where one is met."""

    csat: MomentWeight = 1.0
    nps: MomentWeight = 1.0
    ces: MomentWeight = 1.0
    praise: MomentWeight = 1.0
    wait: MomentWeight = 1.0
    contact: MomentWeight = 1.0
    error: MomentWeight = 1.0
    care: MomentWeight = 1.0
    moment_of_truth: MomentWeight = 3.0


class MomentScores(Section):
    """Scores (0-10) of moments that carry no number of their own."""

    resolved_in_time: Score = 8.0
    resolved_late: Score = 3.0
    withdrawn: Score = 5.0
    praise: Score = 9.0
    contact_unresolved: Score = 2.0
    contact_abandoned: Score = 1.0
    error: Score = 3.0
    broken_promise: Score = 1.0


class MomentFactors(Section):
    """Factor of a moment whose event names none; ``null`` leaves it without one."""

    wait: Factor | None = "convenience"
    ces: Factor | None = "convenience"
    error: Factor | None = "convenience"
    contact: Factor | None = "service"
    complaint: Factor | None = "service"
    care: Factor | None = "relationship"
    csat: Factor | None = None
    nps: Factor | None = None
    praise: Factor | None = None


class Satisfaction(Section):
    """Moment scores, their weights and how fast they fade."""

    half_life_days: HalfLife = 30.0
    weights: MomentWeights = MomentWeights()
    scores: MomentScores = MomentScores()
    factors: MomentFactors = MomentFactors()
    wait_full_score_seconds: Seconds = 60.0
    wait_zero_score_seconds: Seconds = 1_200.0
    long_wait_seconds: Seconds = 600.0
    first_purchase_days: DaysOrNone = 7.0
    callback_hours: Hours = 1.0

    @field_validator("wait_zero_score_seconds")
    @classmethod
    def _zero_after_full(cls, value: float, info: ValidationInfo) -> float:
        full = info.data.get("wait_full_score_seconds")
        if full is not None and value <= full:
            raise ValueError(f"must be greater than wait_full_score_seconds ({full:g})")
        return value

    @cached_property
    def first_purchase_ms(self) -> int:
        """How long after the first purchase contacts and surveys weigh more, in milliseconds."""
        return round(self.first_purchase_days * MS_PER_DAY)

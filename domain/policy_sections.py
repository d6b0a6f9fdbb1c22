"""The sections of the policy: fields, defaults and what must hold of each.

All defaults are those of the domain reference. Amounts are in base currency; times are in the
unit their name ends with. A policy that makes no sense is refused with one line a fault: file,
field, what was given and what must hold.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

TIERS = ("standard", "prospect", "key", "vip", "private")
STANDARD, PROSPECT, KEY, VIP, PRIVATE = range(5)
FACTORS = ("product", "service", "relationship", "convenience", "brand", "price")
MS_PER_SECOND = 1_000
MS_PER_HOUR = 3_600_000
MS_PER_DAY = 86_400_000

Factor = Literal["product", "service", "relationship", "convenience", "brand", "price"]
AlertKind = Literal[
    "vip_complaint",
    "vip_dissatisfied",
    "vip_balance_drop",
    "vip_new",
    "vip_long_wait",
    "large_transaction",
    "complaint_escalated",
    "vip_churn_risk",
    "promise_broken",
    "account_anomaly",
    "vip_outrage",
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]
Score = Annotated[float, Field(ge=0, le=10)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Section(BaseModel):
    """A frozen group of policy fields; a name it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Currency(Section):
    """Base currency and what one unit of each currency is worth in it."""

    base: CurrencyCode = "CNY"
    # CZK stands at the scale of a modern bank for the Berka data set, not at its market rate.
    rates: dict[CurrencyCode, Positive] = Field(
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

    prospect: Positive = 100_000.0
    key: Positive = 200_000.0
    vip: Positive = 300_000.0
    private: Positive = 8_000_000.0
    grace_days: NotNegative = 30.0

    @field_validator("key", "vip", "private")
    @classmethod
    def _ascending(cls, value: float, info: ValidationInfo) -> float:
        name = info.field_name or ""
        below = TIERS[TIERS.index(name) - 1]
        floor = info.data.get(below)
        if floor is not None and value <= floor:
            raise ValueError(f"must be greater than tiers.{below} ({floor:g}): tiers ascend")
        return value


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

    @field_validator("regulator_complex_days")
    @classmethod
    def _complex_is_longer(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("regulator_days")
        if limit is not None and value < limit:
            raise ValueError(f"must not be shorter than complaints.regulator_days ({limit:g})")
        return value


class Purchases(Section):
    """Which transactions count as a purchase; ``categories: null`` means every category."""

    directions: tuple[Literal["credit", "debit"], ...] = Field(default=("debit",), min_length=1)
    categories: tuple[str, ...] | None = None


class MomentWeights(Section):
    """Weight of each kind of moment; ``moment_of_truth`` replaces it where one is met."""

    csat: NotNegative = 1.0
    nps: NotNegative = 1.0
    ces: NotNegative = 1.0
    praise: NotNegative = 1.0
    wait: NotNegative = 1.0
    contact: NotNegative = 1.0
    error: NotNegative = 1.0
    care: NotNegative = 1.0
    moment_of_truth: NotNegative = 3.0


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

    half_life_days: Positive = 30.0
    weights: MomentWeights = MomentWeights()
    scores: MomentScores = MomentScores()
    factors: MomentFactors = MomentFactors()
    wait_full_score_seconds: NotNegative = 60.0
    wait_zero_score_seconds: Positive = 1_200.0
    long_wait_seconds: NotNegative = 600.0
    first_purchase_days: NotNegative = 7.0
    callback_hours: Positive = 1.0

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


class AlertRule(Section):
    """One kind of alert as data: whether it is raised, how often, and what it suggests."""

    enabled: bool = True
    cooldown_seconds: NotNegative = 0.0
    action: Annotated[str, Field(min_length=1, max_length=300)]


class AlertRules(Section):
    """One rule for each kind of alert."""

    vip_complaint: AlertRule = AlertRule(
        action="Call the customer, acknowledge the complaint and name one person who owns it."
    )
    vip_dissatisfied: AlertRule = AlertRule(
        cooldown_seconds=3_600,
        action="Have the relationship manager call, listen, and put right the worst recent moment.",
    )
    vip_balance_drop: AlertRule = AlertRule(
        cooldown_seconds=3_600,
        action="Ask what the money was needed for and offer a deposit or investment that fits.",
    )
    vip_new: AlertRule = AlertRule(
        action="Welcome the customer in person and present the services of the tier."
    )
    vip_long_wait: AlertRule = AlertRule(
        cooldown_seconds=600,
        action="Apologise for the wait today and give the customer a direct line.",
    )
    large_transaction: AlertRule = AlertRule(
        action="Confirm the transaction with the customer and ask whether advice is wanted."
    )
    complaint_escalated: AlertRule = AlertRule(
        action="Take the complaint over at the next level and answer the customer now."
    )
    vip_churn_risk: AlertRule = AlertRule(
        cooldown_seconds=86_400,
        action="Call within the day, ask what is wrong, and answer the largest of the reasons.",
    )
    promise_broken: AlertRule = AlertRule(
        action="Call the customer back now, apologise, and settle what was left open."
    )
    account_anomaly: AlertRule = AlertRule(
        cooldown_seconds=3_600,
        action="Ask the customer whether the transaction is theirs before anything else is done.",
    )
    vip_outrage: AlertRule = AlertRule(
        action="Have a senior manager call within the hour, take the blame and put it right today."
    )


class Alerts(Section):
    """When an alert is raised, and the limits on how many a customer causes."""

    rules: AlertRules = AlertRules()
    cap_per_customer_and_day: Annotated[int, Field(ge=1, le=1_000)] = 20
    large_transaction: Positive = 100_000.0
    dissatisfied_below: Score = 4.0
    dissatisfied_fall: Annotated[float, Field(gt=0, le=10)] = 3.0
    dissatisfied_fall_days: Annotated[int, Field(ge=1, le=30)] = 7
    balance_drop_share: Share = 0.3
    balance_drop_days: Annotated[int, Field(ge=1, le=30)] = 7
    severe_from: Annotated[int, Field(ge=1, le=5)] = 4
    churn_risk: Share = 0.6
    anomaly_deviations: Positive = 5.0
    anomaly_floor: Positive = 0.1
    anomaly_from: Annotated[int, Field(ge=3, le=100)] = 20

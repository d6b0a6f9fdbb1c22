"""The policy of alerts: which are raised, how often, and what is suggested.

Defaults are those of the domain reference. Times are in the unit their name ends with, amounts
in base currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_SECOND
from domain.policy.bounds import Figure, PositiveAmount, PositiveMultiple, Score, Seconds, Share
from domain.policy.calendar import ClockTime, Zone
from domain.policy.sections import Section
from schemas.fields import Channel, Label, Tier

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
    "offer_window",
    "service_failing",
]
ALERT_INDEX: Final[dict[AlertKind, int]] = {
    "vip_complaint": 0,
    "vip_dissatisfied": 1,
    "vip_balance_drop": 2,
    "vip_new": 3,
    "vip_long_wait": 4,
    "large_transaction": 5,
    "complaint_escalated": 6,
    "vip_churn_risk": 7,
    "promise_broken": 8,
    "account_anomaly": 9,
    "vip_outrage": 10,
    "offer_window": 11,
    "service_failing": 12,
}
"""The number of each kind in a customer's records; new ones are appended."""
ALERT_KINDS: Final = tuple(ALERT_INDEX)
assert set(ALERT_KINDS) == set(get_args(AlertKind)), "every kind has its number"
ESCALATION: Final[AlertKind] = "complaint_escalated"
BROKEN_PROMISE: Final[AlertKind] = "promise_broken"
FIGURES: dict[str, tuple[str, ...]] = {
    "vip_complaint": ("severity",),
    "vip_dissatisfied": ("satisfaction", "highest"),
    "vip_balance_drop": ("maximum", "balance", "share"),
    "vip_long_wait": ("wait_seconds",),
    "large_transaction": ("amount",),
    "complaint_escalated": ("severity", "level"),
    "vip_churn_risk": ("churn_risk", "p_alive", "gap", "complaint", "satisfaction_fall"),
    "account_anomaly": ("amount", "usual", "deviations"),
    "service_failing": ("errors", "contacts"),
}
"""The figures that an alert of each kind may carry, and a condition may therefore ask for."""
MARKETING = ("offer_window",)
"""Kinds that may respect quiet hours and need consent."""


class FigureRange(Section):
    """Where a figure must lie: from ``at_least`` on, and below ``below``."""

    at_least: Figure | None = None
    below: Figure | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.at_least is None and self.below is None:
            raise ValueError("must have at_least or below")
        if self.at_least is not None and self.below is not None and self.below <= self.at_least:
            raise ValueError("must have a below that is greater than its at_least")
        return self

    def holds(self, figure: float) -> bool:
        """Whether a figure lies within."""
        above = self.at_least is None or figure >= self.at_least
        return above and (self.below is None or figure < self.below)


class Condition(Section):
    """What must hold of an alert beside what its kind asks for; what is left out always holds.

    ``min_priority`` is the least urgent that passes: 2 lets 1 and 2 through. A figure, segment or
    channel that the alert does not have does not hold.
    """

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=16)] | None = None
    min_priority: Annotated[int, Field(ge=1, le=5)] | None = None
    segments: Annotated[tuple[Label, ...], Field(min_length=1, max_length=256)] | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=16)] | None = None
    figures: dict[Label, FigureRange] = Field(default={}, max_length=16)

    def holds(
        self,
        *,
        tier: str,
        priority: int,
        segment: str | None,
        channel: str | None,
        figures: Mapping[str, float] | None,
    ) -> bool:
        """Whether an alert with these passes.

        >>> large = Condition(tiers=("vip",), figures={"amount": FigureRange(at_least=50_000)})
        >>> with_ = {"priority": 2, "segment": None, "channel": "app"}
        >>> large.holds(tier="vip", figures={"amount": 60_000.0}, **with_)
        True
        >>> large.holds(tier="key", figures={"amount": 60_000.0}, **with_)
        False
        """
        return (
            (self.tiers is None or tier in self.tiers)
            and (self.min_priority is None or priority <= self.min_priority)
            and (self.segments is None or segment in self.segments)
            and (self.channels is None or channel in self.channels)
            and all(
                figures is not None and name in figures and range_.holds(figures[name])
                for name, range_ in self.figures.items()
            )
        )


class AlertRule(Section):
    """One kind of alert as data: whether it is raised, how often, when, and what it suggests.

    ``cap_per_day`` is the kind's own, beside that of all kinds. For marketing only: an alert
    that respects quiet hours waits until they end; one that needs consent is not raised without
    consent to the channel it comes through. Service alerts to staff need neither.
    """

    enabled: bool = True
    condition: Condition | None = None
    cooldown_seconds: Seconds = 0.0
    cap_per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None
    quiet_hours: Literal["respect", "ignore"] = "ignore"
    consent: Literal["none", "channel"] = "none"
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
    offer_window: AlertRule = AlertRule(
        condition=Condition(tiers=("key", "vip", "private")),
        cooldown_seconds=86_400,
        cap_per_day=1,
        quiet_hours="respect",
        consent="channel",
        action="Make the offer through this channel while the customer is interested.",
    )
    service_failing: AlertRule = AlertRule(
        action="Tell the customer what went wrong before there is a complaint, and put it right."
    )

    @field_validator("*")
    @classmethod
    def _makes_sense(cls, rule: AlertRule, info: ValidationInfo) -> AlertRule:
        kind = info.field_name or ""
        if kind not in MARKETING and (rule.quiet_hours, rule.consent) != ("ignore", "none"):
            raise ValueError(
                f"quiet_hours must be ignore and consent none: {kind} is a service alert to staff"
            )
        known = FIGURES.get(kind, ())
        for name in rule.condition.figures if rule.condition is not None else ():
            if name not in known:
                choice = f"choose from {', '.join(known)}" if known else "its alerts have none"
                raise ValueError(f"{name} is no figure of {kind}: {choice}")
        return rule


class QuietHours(Section):
    """Wall time from ``start`` to ``end``; over midnight where start is later than end."""

    start: ClockTime
    end: ClockTime


class Alerts(Section):
    """When an alert is raised, and the limits on how many a customer causes.

    ``quiet_hours`` and ``time_zone`` are of customers whose profile has none. An alert of
    priority 1 that nobody acknowledges in time is raised again one level up; a snooze puts that
    off, by ``snooze_hours`` at most. An alert stays open for ``open_days``. Its state is told for
    ``state_days`` after it was closed, at the longest until a day after it stays open no longer.
    """

    rules: AlertRules = AlertRules()
    acknowledge_minutes: Annotated[float, Field(ge=1, le=10_080)] = 10.0
    snooze_hours: Annotated[float, Field(ge=0.001, le=720)] = 72.0
    open_days: Annotated[float, Field(ge=1, le=90)] = 7.0
    state_days: Annotated[float, Field(ge=1, le=90)] = 7.0
    quiet_hours: QuietHours | None = QuietHours(start="21:00", end="08:00")
    time_zone: Zone = "Asia/Shanghai"
    cap_per_customer_and_day: Annotated[int, Field(ge=1, le=1_000)] = 20
    large_transaction: PositiveAmount = 100_000.0
    dissatisfied_below: Score = 4.0
    dissatisfied_fall: Annotated[float, Field(ge=0.001, le=10)] = 3.0
    dissatisfied_fall_days: Annotated[int, Field(ge=1, le=30)] = 7
    balance_drop_share: Share = 0.3
    balance_drop_days: Annotated[int, Field(ge=1, le=30)] = 7
    severe_from: Annotated[int, Field(ge=1, le=5)] = 4
    churn_risk: Share = 0.6
    anomaly_deviations: PositiveMultiple = 5.0
    anomaly_floor: PositiveMultiple = 0.1
    anomaly_from: Annotated[int, Field(ge=3, le=100)] = 20

    @cached_property
    def acknowledge_ms(self) -> int:
        """How long an alert of priority 1 waits for somebody, in milliseconds."""
        return round(self.acknowledge_minutes * 60 * MS_PER_SECOND)

    @cached_property
    def snooze_ms(self) -> int:
        """The longest snooze, in milliseconds."""
        return round(self.snooze_hours * MS_PER_HOUR)

    @cached_property
    def open_ms(self) -> int:
        """How long an alert stays open, in milliseconds."""
        return round(self.open_days * MS_PER_DAY)

    @cached_property
    def state_ms(self) -> int:
        """How long the state of an alert that was closed is told on, in milliseconds."""
        return round(self.state_days * MS_PER_DAY)

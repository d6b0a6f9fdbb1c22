"""The policy of alerts: which are raised, how often, and what is suggested.

Defaults are those of the domain reference. Times are in the unit their name ends with, amounts
in base currency.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.policy_sections import NotNegative, Positive, Score, Section, Share

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

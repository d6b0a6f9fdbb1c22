"""The churn risk of a customer as it is known, and the alert where a VIP's crosses its line.

It follows from the facts of the customer state, open and overdue complaints, and the fall of
satisfaction; of customers below VIP it is worked out only where somebody asks.
"""

from __future__ import annotations

from typing import Final

from domain.complaints.judged import counts
from domain.customer.cause import Cause
from domain.customer.state import Customer
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.scales import TIERS, VIP
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.relationship.churn import Causes, ChurnRisk, churn_risk, risk_alone
from domain.relationship.customer_state import Facts

RISK: Final = Wording(
    "churn.risk",
    "The churn risk of a {tier} customer is {risk:.2f}, {line:g} is the line. {why:said}",
)


def churn(customer: Customer, found: Facts, policy: Policy) -> ChurnRisk:
    """The churn risk as of ``found.now``, with its reasons."""
    return churn_risk(_causes(customer, found, policy), policy.relationship)


def _causes(customer: Customer, found: Facts, policy: Policy) -> Causes:
    rules = policy.relationship
    waiting, overdue = counts(customer, found.now, policy)
    day = found.now // MS_PER_DAY - round(rules.churn.fall_days)
    bought = found.last_purchase is not None
    return Causes(
        p_alive=found.p_alive,
        gap=found.now - found.last_purchase if found.last_purchase is not None else None,
        lapse_point=found.lapse_point if bought else None,
        complaint_open=waiting > 0,
        complaint_overdue=overdue > 0,
        satisfaction=satisfaction.level(customer, policy, found.now),
        satisfaction_before=satisfaction.level_before(customer, policy, day),
    )


def watch_churn(customer: Customer, found: Facts, cause: Cause) -> None:
    """Raise ``vip_churn_risk`` where a VIP's risk crosses its line; look again at midnight."""
    core, line = customer.core, cause.policy.alerts.churn_risk
    if core.tier < VIP:
        core.churn_high = False
        return
    causes, rules = _causes(customer, found, cause.policy), cause.policy.relationship
    alone = risk_alone(causes, rules)
    high, was_high = alone is not None and alone >= line, core.churn_high
    core.churn_high = high
    if not high and found.last_purchase is not None:
        core.relation_due = found.now // MS_PER_DAY + 1
    if high and not was_high:
        risk = churn_risk(causes, rules)
        assert risk.risk is not None
        cause.want(
            "vip_churn_risk",
            RISK(tier=TIERS[core.tier], risk=risk.risk, line=line, why=risk.reason),
            tier=core.tier,
            figures={"churn_risk": risk.risk} | {term.name: term.risk for term in risk.terms},
        )

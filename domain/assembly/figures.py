"""The figures of one customer as they leave the product: a line of ``customers.jsonl``."""

from __future__ import annotations

import msgspec

from domain.alerts import open_alerts
from domain.campaigns.figures import campaign_figures, forgotten
from domain.care.figures import care_figures
from domain.complaints.figures import complaint_figures
from domain.complaints.judged import counts
from domain.customer.profile import owner_of
from domain.customer.recent import behaviour_features
from domain.customer.state import Customer
from domain.experience import known_satisfaction as satisfaction
from domain.experience.figures import experience_figures
from domain.identification.figures import identification_figures
from domain.kernel.finding import Finding
from domain.kernel.scales import TIERS
from domain.money.balances import accounts_of, balance_of
from domain.policy import Policy
from domain.proactive.figures import health_figures
from domain.propensity.figures import mailing_figures
from domain.relationship.figures import group_figures, relationship_figures
from domain.relationship.known import attitude
from domain.relationship.loyalty import loyalty
from domain.tiers.known import tier_history
from domain.value.figures import value_figures
from domain.value.row import Row
from schemas.fields import moment, rfc3339
from schemas.figures import BehaviourFigures, CustomerFigures
from schemas.figures.value import MatrixClass
from schemas.propensity import PropensityModel
from schemas.standings import Standings


def export(
    customer: Customer,
    now: int,
    policy: Policy,
    standings: Standings | None = None,
    model: PropensityModel | None = None,
) -> CustomerFigures:
    """All figures as of ``now`` (ms), or as of the newest event where that is later.

    Classes among all customers follow from ``standings``, answers to mailings from ``model``.

    A measure whose input is missing is ``None`` and named in ``missing`` with that input.
    """
    core = customer.core
    clock = max(now, core.newest)
    waiting, overdue = counts(customer, clock, policy)

    def loyal(row: Row | None) -> Finding[MatrixClass]:
        felt = attitude(customer, clock, policy).value
        return loyalty(row, standings, felt, policy)

    desk = open_alerts.counts(customer, clock, policy.alerts)
    value = value_figures(customer, clock, policy, standings, loyal)
    relationship = relationship_figures(customer, clock, policy)
    balance = balance_of(customer)
    felt = satisfaction.level(customer, policy, clock)
    clicks = behaviour_features(customer.recent.window_counts(clock))
    segment = core.segment or None
    return CustomerFigures(
        customer_id=customer.customer_id,
        events=core.events,
        repeats=core.repeats,
        event_xor=f"{core.event_xor:016x}",
        first_event_at=_text(core.first if core.events else None),
        newest_event_at=_text(core.newest if core.events else None),
        transactions=core.transactions,
        transaction_sum=core.transaction_sum,
        first_purchase_at=_text(core.first_purchase),
        accounts=accounts_of(customer),
        balance=balance,
        tier=TIERS[tier_history(customer, policy).tier_at(clock)],
        owner_id=owner_of(customer),
        satisfaction=felt,
        satisfaction_by_factor=satisfaction.levels(customer, policy, clock).factor,
        complaints=core.complaints,
        complaints_open=waiting,
        complaints_overdue=overdue,
        irregular_steps=core.irregular_steps,
        complaint_cases=complaint_figures(customer, clock, policy),
        segment=segment,
        features=msgspec.convert(clicks, BehaviourFigures | None),
        memory_overflows=core.memory_overflows,
        suppressed_alerts=core.suppressed_alerts,
        alerts_open=desk.open,
        alerts_acknowledged=desk.acknowledged,
        alerts_forgotten=desk.forgotten,
        desk_unmatched=desk.unmatched,
        value=value,
        relationship=relationship,
        experience=experience_figures(customer, clock, policy),
        groups=group_figures(customer, relationship.age_band, value.liquidity),
        identification=identification_figures(customer, clock, policy, value, relationship),
        care=care_figures(customer, clock, policy),
        mailings=mailing_figures(customer, clock, policy, model),
        missing=_missing(balance=balance, satisfaction=felt, features=clicks, segment=segment),
        health=health_figures(customer, clock, policy),
        campaigns=campaign_figures(customer),
        campaigns_forgotten=forgotten(customer),
    )


INPUT_OF = {
    "balance": "no transaction with balance_after in a currency of the policy",
    "satisfaction": "no moment: survey, contact, complaint, praise, app error or care feedback",
    "features": "no app_click within 7 days",
    "segment": "no segment model, or no app_click within 7 days",
}


def _missing(**figures: object) -> dict[str, str]:
    """The inputs that these figures lack, by name."""
    return {name: INPUT_OF[name] for name, value in figures.items() if value is None}


def _text(at: int | None) -> str | None:
    return None if at is None else rfc3339(moment(at))

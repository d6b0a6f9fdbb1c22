"""Value and relationship of one customer as they leave the product, every class with its reason."""

from __future__ import annotations

from typing import Any

from domain import progress, relation, satisfaction
from domain.answers import score
from domain.contacts import type_of_contacts
from domain.money import balance_of
from domain.policy import MS_PER_DAY, Policy
from domain.profiles import field
from domain.referrals import referral_figures
from domain.relationship.finding import Finding
from domain.relationship.groups import age_band, deposit_liquidity
from domain.relationship.lapse import lapse
from domain.relationship.loyalty import loyalty_diamond
from domain.relationship.phases import Signs, loyalty_phases
from domain.relationship.quality import Trust, relationship_quality
from domain.state import LEDGER, Customer
from domain.value.classes import classes, growable, net_value
from domain.value.ledger import sums
from domain.value.outlook import outlook
from domain.value.row import HUNDREDTHS, row_of
from schemas.fields import moment, rfc3339
from schemas.standings import Standings

YEAR_DAYS = 365


def value_figures(
    customer: Customer, clock: int, policy: Policy, standings: Standings | None = None
) -> dict[str, Any]:
    """Purchases and their value as of ``clock`` (ms); amounts in base currency.

    Windows are UTC days, today's included. Classes among all customers need ``standings``.
    """
    today = clock // MS_PER_DAY
    days = round(policy.relationship.groups.liquidity_days)
    year = sums(customer, today - YEAR_DAYS + 1, today)
    moved = sums(customer, today - days + 1, today).moved
    balance = balance_of(customer)
    ledger = customer.ledger if customer.has(LEDGER) else None
    last = ledger.times[-1] if ledger is not None and ledger.times else None
    liquidity = deposit_liquidity(moved, balance, policy.relationship)
    expected: dict[str, Any] = {}
    for name, finding in outlook(customer, clock, policy).items():
        expected |= {name: finding.value, f"{name}_reason": finding.reason}
    if (at := expected["next_purchase_at"]) is not None:
        expected["next_purchase_at"] = rfc3339(moment(at))
    return {
        "purchases": ledger.purchases if ledger else 0,
        "purchase_days": ledger.purchase_days if ledger else 0,
        "total": ledger.value if ledger else 0.0,
        "purchases_365_days": year.purchases,
        "total_365_days": year.value,
        "last_purchase_at": None if last is None else rfc3339(moment(last)),
        "days_since_purchase": None if last is None else today - last // MS_PER_DAY,
        "moved_30_days": moved,
        "liquidity": liquidity.value,
        "liquidity_reason": liquidity.reason,
        "wallet_share": score(customer, "wallet_share"),
        **expected,
        **standing_figures(customer, clock, policy, standings),
        **referral_figures(customer, clock, policy),
    }


def standing_figures(
    customer: Customer, clock: int, policy: Policy, standings: Standings | None
) -> dict[str, Any]:
    """Where the customer stands among all customers as of ``clock`` (ms), class by class."""
    row = row_of(customer, clock, policy.value)
    found = classes(row, standings, relation.attitude(customer, clock, policy).value, policy)
    scores = found.rfm.value
    figures: dict[str, Any] = {
        "rfm": {
            "recency_days": row and row.recency_days,
            "frequency": row and row.facts.frequency,
            "monetary": row and row.facts.monetary / HUNDREDTHS,
            "r": scores and scores.recency,
            "f": scores and scores.frequency,
            "m": scores and scores.monetary,
            "score": scores and scores.text,
        },
        "rfm_reason": found.rfm.reason,
    }
    named: dict[str, Finding[Any]] = {
        "net_value": net_value(row),
        "growable_clv": growable(row),
        "abc": found.abc,
        "relation_class": found.relation_class,
        "clv_class": found.clv_class,
        "loyalty_matrix": found.loyalty_matrix,
    }
    for name, finding in named.items():
        figures |= {name: finding.value, f"{name}_reason": finding.reason}
    contacts = customer.ledger.contacts if customer.has(LEDGER) else []
    return figures | {"contacts": sum(contacts)}


def relationship_figures(customer: Customer, clock: int, policy: Policy) -> dict[str, Any]:
    """State, lapse point, attitude, phases, loyalty and churn risk as of ``clock`` (ms)."""
    rules = policy.relationship
    found = relation.facts(customer, clock, policy)
    state = relation.state(customer, clock, policy)
    churn = relation.churn(customer, found, policy)
    ledger = customer.ledger if customer.has(LEDGER) else None
    point = lapse(ledger.times if ledger else (), clock, rules)
    mood = relation.attitude(customer, clock, policy)
    figures: dict[str, Any] = {"state": state.state, "state_reason": state.reason}
    named: dict[str, Finding[Any]] = {
        "attitude": mood,
        "lifecycle_phase": progress.lifecycle_phase(customer, clock, policy),
        "stage": progress.relationship_stage(customer, policy, is_loyal=state.state == "loyal"),
        "loyalty_diamond": loyalty_diamond(mood.value, score(customer, "brands_used"), rules),
        "contact_type": type_of_contacts(customer, clock, policy),
        "age_band": age_band(_birth_date(customer), clock, rules),
    }
    for name, finding in named.items():
        figures |= {name: finding.value, f"{name}_reason": finding.reason}
    steps = loyalty_phases(_signs(customer, mood.value), clock, rules)
    quality = relationship_quality(
        Trust(*(score(customer, f"trust.{aspect}") for aspect in Trust._fields)),
        satisfaction.level(customer, policy, clock),
        score(customer, "commitment"),
    )
    return figures | {
        "lapse_days": None if point.point_ms is None else point.point_ms / MS_PER_DAY,
        "lapse_reason": point.reason,
        "p_alive": found.p_alive,
        "loyalty_phase": steps.phase,
        "loyalty_phase_reason": steps.reason,
        "quality": quality.quality,
        "quality_reason": quality.reason,
        "churn_risk": churn.risk,
        "churn_terms": {term.name: term.risk for term in churn.terms},
        "churn_reason": churn.reason,
    }


PROFILE_GROUPS = ("sex", "occupation", "position", "region", "organisation_id", "key_person")


def group_figures(customer: Customer, figures: dict[str, Any]) -> dict[str, Any]:
    """The groups that a customer with these figures is in, by which any of them can be cut.

    ``None`` stands for what the profile does not tell, or for a group that cannot be told.
    """
    return {
        "age_band": figures["relationship"]["age_band"],
        "liquidity": figures["value"]["liquidity"],
        **{name: field(customer, name) for name in PROFILE_GROUPS},
    }


def _signs(customer: Customer, mood: float | None) -> Signs:
    return Signs(
        price_rating=score(customer, "factor_rating.price.experience"),
        brand_rating=score(customer, "factor_rating.brand.experience"),
        attitude=mood,
        repurchase=score(customer, "repurchase"),
        nps=score(customer, "nps"),
        wallet_share=score(customer, "wallet_share"),
    )


def _birth_date(customer: Customer) -> str | None:
    known = field(customer, "birth_date")
    return None if known is None else str(known)

"""Relationship of one customer as it leaves the product, every class with its reason."""

from __future__ import annotations

from typing import Any

from domain.customer.answers import FAILURE, OFFER, score, told_at
from domain.customer.profile import field
from domain.customer.state import LEDGER, Customer
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.finding import Finding
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.relationship import known as relation
from domain.relationship import progress
from domain.relationship.contacts import type_of_contacts
from domain.relationship.groups import age_band
from domain.relationship.lapse import lapse
from domain.relationship.loyalty import loyalty_diamond
from domain.relationship.phases import Signs, loyalty_phases
from domain.relationship.quality import Trust, relationship_quality


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
        offer_opened_at=told_at(customer, OFFER),
        bought_after_failure=_came_back(customer),
        wallet_share=score(customer, "wallet_share"),
    )


def _came_back(customer: Customer) -> bool:
    """Whether the newest purchase lies behind the first failure."""
    failed = told_at(customer, FAILURE)
    bought = customer.ledger.times if customer.has(LEDGER) else []
    return failed is not None and bool(bought) and bought[-1] > failed


def _birth_date(customer: Customer) -> str | None:
    known = field(customer, "birth_date")
    return None if known is None else str(known)

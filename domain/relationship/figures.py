"""Relationship of one customer as it leaves the product, every class with its reason."""

from __future__ import annotations

from typing import Final

from domain.customer.answers import FAILURE, OFFER, score, scores, told_at
from domain.customer.parts import Ledger
from domain.customer.profile import field, text
from domain.customer.state import LEDGER, Customer
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.relationship import known as relation
from domain.relationship import progress
from domain.relationship.began import began_at
from domain.relationship.churn_watch import churn as churn_of
from domain.relationship.contacts import type_of_contacts
from domain.relationship.customer_state import Facts, customer_state
from domain.relationship.groups import age_band
from domain.relationship.lapse import lapse
from domain.relationship.lost import lost_since
from domain.relationship.loyalty import loyalty_diamond
from domain.relationship.phases import Signs, loyalty_phases
from domain.relationship.quality import Quality, Trust, relationship_quality
from schemas.fields import moment, rfc3339
from schemas.figures import GroupFigures, RelationshipFigures
from schemas.figures.relationship import State
from schemas.figures.value import Liquidity

TRUST: Final = [f"trust.{aspect}" for aspect in Trust._fields]


def relationship_figures(customer: Customer, clock: int, policy: Policy) -> RelationshipFigures:
    """State, lapse point, attitude, phases, loyalty and churn risk as of ``clock`` (ms)."""
    rules = policy.relationship
    found = relation.facts(customer, clock, policy)
    state = customer_state(found, rules)
    churn = churn_of(customer, found, policy)
    ledger = customer.ledger if customer.has(LEDGER) else None
    point = lapse(ledger.times if ledger else (), clock, rules)
    mood = relation.attitude(customer, clock, policy)
    phase = progress.lifecycle_phase(customer, clock, policy)
    stage = progress.relationship_stage(customer, policy, is_loyal=state.state == "loyal")
    diamond = loyalty_diamond(mood.value, score(customer, "brands_used"), rules)
    contacts = type_of_contacts(customer, clock, policy)
    band = age_band(text(customer, "birth_date"), clock, rules)
    steps = loyalty_phases(_signs(customer, mood.value), clock, rules)
    quality = _quality(customer, clock, policy)
    return RelationshipFigures(
        state=state.state, state_reason=state.reason,
        attitude=mood.value, attitude_reason=mood.reason,
        lifecycle_phase=phase.value, lifecycle_phase_reason=phase.reason,
        stage=stage.value, stage_reason=stage.reason,
        loyalty_diamond=diamond.value, loyalty_diamond_reason=diamond.reason,
        contact_type=contacts.value, contact_type_reason=contacts.reason,
        age_band=band.value, age_band_reason=band.reason,
        lapse_days=None if point.point_ms is None else point.point_ms / MS_PER_DAY,
        lapse_reason=point.reason,
        p_alive=found.p_alive,
        loyalty_phase=steps.phase, loyalty_phase_reason=steps.reason,
        quality=quality.quality, quality_reason=quality.reason,
        churn_risk=churn.risk,
        churn_terms={term.name: term.risk for term in churn.terms},
        churn_reason=churn.reason,
        lost_days=_lost_days(ledger, found, state.state, policy),
        began_at=rfc3339(moment(began_at(customer))) if customer.core.events else None,
    )  # fmt: skip


def group_figures(
    customer: Customer, band: str | None, liquidity: Liquidity | None
) -> GroupFigures:
    """The groups that a customer of this age band and deposit is in, by the profile."""
    key_person = field(customer, "key_person")
    return GroupFigures(
        age_band=band,
        liquidity=liquidity,
        sex=text(customer, "sex"),
        occupation=text(customer, "occupation"),
        position=text(customer, "position"),
        region=text(customer, "region"),
        organisation_id=text(customer, "organisation_id"),
        key_person=None if key_person is None else bool(key_person),
    )


def _lost_days(ledger: Ledger | None, found: Facts, state: State, policy: Policy) -> float | None:
    if state != "lost" or ledger is None:
        return None
    since = lost_since(ledger, found, policy)
    return None if since is None else (found.now - since) / MS_PER_DAY


def _quality(customer: Customer, clock: int, policy: Policy) -> Quality:
    return relationship_quality(
        Trust(*scores(customer, TRUST)),
        satisfaction.level(customer, policy, clock),
        score(customer, "commitment"),
    )


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

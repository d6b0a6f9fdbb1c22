"""How one customer stands out, as it leaves the product, with reasons and measures."""

from __future__ import annotations

from typing import cast

from domain.complaints.judged import reopened_soonest
from domain.customer.answers import score
from domain.customer.profile import field
from domain.customer.state import LEDGER, Customer
from domain.identification.approach import Signs, approach
from domain.identification.habits import habits_of
from domain.identification.lighthouse import Standing, lighthouse
from domain.policy import Policy
from schemas.fields import Origin
from schemas.figures import RelationshipFigures, ValueFigures
from schemas.figures.identification import ApproachFigures, IdentificationFigures


def identification_figures(
    customer: Customer,
    clock: int,
    policy: Policy,
    value: ValueFigures,
    relationship: RelationshipFigures,
) -> IdentificationFigures:
    """What stands out as of ``clock`` (ms), by the figures of value and relationship of then."""
    rules, habits = policy.identification, habits_of(customer)
    since = clock - rules.feedback_ms
    feedbacks = sum(since < at <= clock for at in habits.feedback)
    commitment = score(customer, "commitment")
    judged = lighthouse(
        Standing(value.clv_class, relationship.state, feedbacks, commitment), rules.lighthouse
    )
    signs = Signs(
        bought=_only_purchase(customer),
        clicked=habits.clicked,
        converted=habits.converted,
        brands=score(customer, "brands_used"),
        declined=len(habits.declined),
        contacts=value.contacts,
        abandoned=habits.abandoned,
        reopened_after=reopened_soonest(customer, policy),
        net_value=value.net_value,
    )
    found = approach(signs, rules.approach, policy.currency.base)
    return IdentificationFigures(
        lighthouse=not judged.missing,
        lighthouse_reason=judged.reason,
        lighthouse_missing=judged.missing,
        approach=[
            ApproachFigures(kind=kind, reason=reason, measure=measure)
            for kind, reason, measure in found
        ],
        feedbacks=feedbacks,
        commitment=commitment,
        declined_tasks=signs.declined,
        abandoned_waits=habits.abandoned,
        source=_source(customer),
    )


def _only_purchase(customer: Customer) -> int | None:
    """When (ms) the customer bought, if only once; one of unknown amount counts as another."""
    ledger = customer.ledger if customer.has(LEDGER) else None
    if ledger is None or ledger.purchases != 1:
        return None
    only = ledger.times[-1]
    return only if customer.core.first_purchase == only else None


def _source(customer: Customer) -> Origin | None:
    given = cast("Origin | None", field(customer, "source"))
    return given or ("referral" if field(customer, "referred_by") else None)

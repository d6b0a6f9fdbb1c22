"""Mailings to one customer as they leave the product: the probability of an answer with its why."""

from __future__ import annotations

from domain.customer.parts import Mailings
from domain.customer.state import MAILINGS, Customer
from domain.policy import Policy
from domain.propensity.awaited import known_now
from domain.propensity.features import Known, known_at
from domain.propensity.telling import answering
from schemas.figures.mailings import MailingFigures
from schemas.propensity import PropensityModel


def mailing_figures(
    customer: Customer, clock: int, policy: Policy, model: PropensityModel | None
) -> MailingFigures:
    """Mailings as of ``clock`` (ms), and one more then, through the channel of the last one."""
    part = customer.mailings if customer.has(MAILINGS) else Mailings()
    sent = part.sent + len(part.waiting)
    answered = part.answered + sum(each.answered_at > 0 for each in part.waiting)
    found = answering(
        _next(customer, part, (sent, answered), clock, policy) if sent else None,
        model,
        policy.propensity,
    )
    return MailingFigures(
        sent=sent,
        answered=answered,
        waiting=len(part.waiting),
        probability=found.probability,
        probability_reason=found.reason,
        probability_terms=found.terms,
    )


def _next(
    customer: Customer, part: Mailings, counts: tuple[int, int], clock: int, policy: Policy
) -> Known:
    """What would be known of a mailing now."""
    return known_at(known_now(customer, clock, part.newest[2], policy), *counts)

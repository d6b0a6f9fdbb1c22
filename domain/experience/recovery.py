"""Service recovery: an apology that the owner owes, once for each cause.

The causes are a wait over the line, a promise that was broken, and a first purchase that a poor
moment followed within days. A promise that was broken is compensated too, as a resolution on the
first day past its promise is. A poor moment that owes an apology of its own makes none for the
first purchase beside it. A cause of more than 24 hours before the customer's newest event makes
no task. Late resolutions are compensated by `domain.complaints.compensation`.

Source: the domain reference, section 9 (service recovery).
"""

from __future__ import annotations

from typing import Final, Literal

from domain.complaints import compensation
from domain.complaints.cycles import opening_score
from domain.customer.cause import Cause
from domain.customer.parts import Promise
from domain.customer.profile import owner_of
from domain.customer.state import JOURNEY, Customer
from domain.experience import first_impression
from domain.experience.moments import care_score, survey_score, wait_score
from domain.kernel.order import id_of
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS
from domain.kernel.wording import Wording
from domain.policy.sections import Satisfaction
from domain.tiers.known import tier_history
from schemas.fields import Tier, moment, rfc3339
from schemas.outputs import CareTask, output_id
from schemas.told import Told
from schemas.touchpoints import AppClick, Care, Complaint, ServiceContact, Survey

What = Literal["wait", "promise", "first_purchase"]
BEST: Final = 10.0
WAITED: Final = Wording(
    "apology.wait", "A {tier} customer waited {waited:,.0f} s; the line is {line:,.0f} s."
)
BROKEN: Final = Wording(
    "apology.promise",
    "The callback promised to a {tier} customer after contact {contact} was not made.",
)
FIRST: Final = Wording(
    "apology.first_purchase",
    "A moment below {line:g} within {days:g} days of the first purchase spoilt the first impression"
    " of a {tier} customer; to repair it costs {low:share} to {high:share} more.",
)
PAID: Final = Wording(
    "compensation.promise",
    "The callback promised to a {tier} customer after contact {contact} was not made:"
    " {base:,.2f} + {days} x {per_day:,.2f} a day begun, at most {most:,.2f}, makes {rest:,.2f}"
    " {currency}.",
)


# -- what happened ------------------------------------------------------------------------


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """A long wait owes an apology; else a poor end or wait may spoil the first impression."""
    rule = cause.policy.satisfaction
    is_long = event.wait_seconds > rule.long_wait_seconds
    score = min(wait_score(event.wait_seconds, rule), _end_score(event.outcome, rule))
    _take(customer, score, cause, owed=not is_long)
    if is_long:
        tier = _tier(customer, cause.at, cause)
        reason = WAITED(tier=tier, waited=event.wait_seconds, line=rule.long_wait_seconds)
        _apologise(customer, cause, "wait", at=cause.at, event_id=event.event_id, reason=reason)


def take_survey(customer: Customer, event: Survey, cause: Cause) -> None:
    """A poor answer may spoil the first impression."""
    if event.score is not None:
        _take(customer, survey_score(event.instrument, event.score), cause)


def take_care(customer: Customer, event: Care, cause: Cause) -> None:
    """So may poor care."""
    if event.action == "feedback" and event.score is not None:
        _take(customer, care_score(event.score), cause)


def take_error(customer: Customer, event: AppClick, cause: Cause) -> None:
    """So may an app error, by the policy's score of one."""
    _take(customer, cause.policy.satisfaction.scores.error, cause)


def take_complaint(customer: Customer, event: Complaint, cause: Cause) -> None:
    """So may a complaint, by how severe it is said to be when it is opened or reopened."""
    if event.severity is not None and event.status in ("opened", "reopened"):
        _take(customer, opening_score(event.severity), cause)


def take_first_purchase(customer: Customer, cause: Cause) -> None:
    """A purchase is the first as far as is known: poor moments after it may be known already."""
    poor = first_impression.look(customer, cause.policy)
    if poor is not None:
        _apologise_for_first(customer, *poor, cause)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's poor moments and purchases make one first impression with this one's."""
    if other.has(JOURNEY):
        first_impression.join(customer, other)
    take_first_purchase(customer, cause)


def take_broken(customer: Customer, promise: Promise, cause: Cause) -> None:
    """A promise that was broken owes an apology and a compensation."""
    contact, tier = promise.contact_id, _tier(customer, promise.due, cause)
    event_id = id_of(promise.event_id)
    reason = BROKEN(contact=contact, tier=tier)
    if _apologise(customer, cause, "promise", at=promise.due, event_id=event_id, reason=reason):
        _compensate(customer, promise, tier, event_id, cause)


# -- inside -------------------------------------------------------------------------------


def _end_score(outcome: str, rule: Satisfaction) -> float:
    if outcome == "resolved":
        return BEST
    scores = rule.scores
    return scores.contact_unresolved if outcome == "unresolved" else scores.contact_abandoned


def _take(customer: Customer, score: float | None, cause: Cause, *, owed: bool = True) -> None:
    """Let a moment be part of the first impression if it is poor."""
    policy = cause.policy
    if score is None or score >= policy.experience.recovery.poor_below:
        return
    if first_impression.note(customer, cause.at, cause.mark, owed=owed, policy=policy):
        _apologise_for_first(customer, cause.at, cause.mark, cause)


def _apologise_for_first(customer: Customer, at: int, mark: str, cause: Cause) -> None:
    rules = cause.policy.experience.recovery
    reason = FIRST(
        line=rules.poor_below,
        days=rules.first_purchase_days,
        tier=_tier(customer, at, cause),
        low=rules.repair_costs_more_low,
        high=rules.repair_costs_more_high,
    )
    _apologise(customer, cause, "first_purchase", at=at, event_id=id_of(mark), reason=reason)


def _apologise(
    customer: Customer, cause: Cause, what: What, *, at: int, event_id: str, reason: Told
) -> bool:
    """Add the task of an apology for what happened at ``at`` (ms); whether there is one."""
    rules = cause.policy.experience.recovery
    if not rules.enabled or at < customer.core.newest - LATENESS_MS:
        return False
    cause.outputs.append(
        CareTask(
            task_id=output_id("apology", customer.customer_id, what, event_id),
            customer_id=customer.customer_id,
            tier=_tier(customer, at, cause),
            owner_id=owner_of(customer),
            occasion="apology",
            means=rules.means,
            text_key=f"care.apology.{what}",
            due_at=rfc3339(moment(at + rules.due_ms)),
            occurred_at=rfc3339(moment(at)),
            reason=reason,
            cause=(event_id,),
        )
    )
    return True


def _compensate(
    customer: Customer, promise: Promise, tier: Tier, event_id: str, cause: Cause
) -> None:
    rules = cause.policy.complaints.compensation
    index = TIERS.index(tier)
    found = compensation.amount(index, 0, 0.0, rules)
    if not rules.enabled or not found.rest:
        return
    reason = PAID(
        tier=tier,
        contact=promise.contact_id,
        base=rules.base.of(index),
        days=found.days,
        per_day=rules.per_day.of(index),
        most=rules.cap.of(index),
        rest=found.rest,
        currency=cause.policy.currency.base,
    )
    of = ("promise", event_id)
    compensation.pay(
        customer, of, cause, tier=tier, at=promise.due, budget=found.rest, reason=reason,
        because=(event_id,),
    )  # fmt: skip


def _tier(customer: Customer, at: int, cause: Cause) -> Tier:
    """The tier of then."""
    return TIERS[tier_history(customer, cause.policy).tier_at(at)]

"""Events to moments: what happened, as a score 0-10 with a weight, a factor, a channel, a stage.

A moment goes to the customer's satisfaction and to the scorecards. Contacts and surveys of the
last 24 hours wait as pending moments, because a first purchase that comes late may still make
moments of truth of them (bound: 64).
"""

from __future__ import annotations

from bisect import insort
from typing import Final

from domain.complaints.judged import judged
from domain.customer.cause import Cause
from domain.customer.effects import Scored
from domain.customer.labels import Labels, labels_of
from domain.customer.parts import Moment
from domain.customer.state import CASES, JOURNEY, MOOD, Customer
from domain.experience import known_satisfaction as satisfaction
from domain.experience import promises, record, remarks
from domain.kernel.scales import CHANNEL_INDEX, STAGE_INDEX, TIERS, VIP, factor_index
from domain.kernel.units import LATENESS_MS
from domain.kernel.wording import Wording
from domain.policy.sections import Satisfaction
from domain.satisfaction import sums
from domain.satisfaction.level import weighed
from schemas.touchpoints import AppClick, Care, Feedback, ServiceContact, Survey

MAX_PENDING = 64
MANY_RUNS = 2
SATISFIED = 10.0
LONG_WAIT: Final = Wording(
    "wait.long", "A {tier} customer waited {waited:,.0f} s; the line is {line:,.0f} s."
)


def wait_score(wait_seconds: float, rule: Satisfaction) -> float:
    """10 up to 60 s, falling linearly to 0 at 1,200 s.

    >>> from domain.policy import Policy
    >>> [wait_score(wait, Policy().satisfaction) for wait in (60, 630, 1_200, 5_000)]
    [10.0, 5.0, 0.0, 0.0]
    """
    full, zero = rule.wait_full_score_seconds, rule.wait_zero_score_seconds
    return SATISFIED * min(1.0, max(0.0, (zero - wait_seconds) / (zero - full)))


def survey_score(instrument: str, score: float) -> float | None:
    """An answer on the scale 0-10; ``None`` for an instrument that is no moment.

    >>> survey_score("csat", 3), survey_score("nps", 9), survey_score("ces", 7)
    (5.0, 9, 10.0)
    """
    if instrument == "csat":
        return (score - 1) * 2.5
    if instrument == "nps":
        return score
    if instrument == "ces":
        return (score - 1) * 10 / 6
    return None


def care_score(score: float) -> float:
    """Feedback on care, 1-5, on the scale 0-10."""
    return (score - 1) * 2.5


# -- events ------------------------------------------------------------------------------


def take_survey(customer: Customer, event: Survey, cause: Cause) -> None:
    """A csat, nps or ces answer is a moment; other instruments are only counted."""
    if event.score is None:
        return
    score = survey_score(event.instrument, event.score)
    if score is None:
        return
    rule = cause.policy.satisfaction
    weight: float = getattr(rule.weights, event.instrument)
    factor = factor_index(event.factor or getattr(rule.factors, event.instrument))
    channel, stage = CHANNEL_INDEX[event.channel], STAGE_INDEX[event.stage or ""]
    moment = Moment(cause.at, weight, score, factor, channel, stage)
    _wait(customer, moment, labels_of(customer), cause)
    if event.instrument == "csat":
        record.take_csat(customer, cause.at, event.score)


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """A contact is a moment of waiting, and another where it ended badly."""
    rule, labels = cause.policy.satisfaction, labels_of(customer, event.agent_id, event.branch_id)
    weights, scores = rule.weights, rule.scores
    channel, stage = CHANNEL_INDEX[event.channel], STAGE_INDEX[event.stage or ""]
    is_long = event.wait_seconds > rule.long_wait_seconds
    weight = weights.moment_of_truth if is_long else weights.wait
    score = wait_score(event.wait_seconds, rule)
    factor = factor_index(rule.factors.wait)
    moment = Moment(cause.at, weight, score, factor, channel, stage)
    _wait(customer, moment, labels, cause, event.wait_seconds)
    record.take_wait(customer, cause.at, cause.mark, score)
    if event.outcome != "resolved":
        unresolved = event.outcome == "unresolved"
        score = scores.contact_unresolved if unresolved else scores.contact_abandoned
        factor = factor_index(rule.factors.contact)
        moment = Moment(cause.at, weights.contact, score, factor, channel, stage)
        _wait(customer, moment, labels, cause)
        if unresolved:
            promises.take_promise(customer, event, cause)
    if is_long and customer.core.tier >= VIP:
        _raise_long_wait(customer, event, cause)


def take_feedback(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Praise is a moment; ``callback_done`` keeps a promise; a remark is owed an answer."""
    if event.kind == "callback_done":
        promises.take_callback(customer, event, cause)
    elif event.kind == "answered":
        remarks.take_answer(customer, event, cause)
    elif event.kind != "praise":
        remarks.take_remark(customer, event, cause)
    else:
        rule = cause.policy.satisfaction
        factor = factor_index(event.factor or rule.factors.praise)
        channel = CHANNEL_INDEX[event.channel]
        weight, score = rule.weights.praise, rule.scores.praise
        _add(customer, Moment(cause.at, weight, score, factor, channel), cause)


def take_care(customer: Customer, event: Care, cause: Cause) -> None:
    """Feedback on care is a moment."""
    if event.action == "feedback" and event.score is not None:
        rule = cause.policy.satisfaction
        factor, channel = factor_index(rule.factors.care), CHANNEL_INDEX[event.channel]
        score = care_score(event.score)
        _add(customer, Moment(cause.at, rule.weights.care, score, factor, channel), cause)


def take_error(customer: Customer, event: AppClick, cause: Cause) -> None:
    """An app error is a moment."""
    rule = cause.policy.satisfaction
    factor, channel = factor_index(rule.factors.error), CHANNEL_INDEX[event.channel]
    weight, score = rule.weights.error, rule.scores.error
    _add(customer, Moment(cause.at, weight, score, factor, channel), cause)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's pending moments be of this one."""
    customer.touch(MOOD)
    customer.mood.pending = sorted([*customer.mood.pending, *other.mood.pending])
    _settle(customer, cause)


# -- inside ------------------------------------------------------------------------------


def _wait(
    customer: Customer,
    moment: Moment,
    labels: Labels,
    cause: Cause,
    wait_seconds: float | None = None,
) -> None:
    """Keep a contact's or survey's moment as pending, and settle the old ones."""
    customer.touch(MOOD)
    insort(customer.mood.pending, moment)
    _count(weighed(moment, customer, cause.policy), labels, cause, wait_seconds)
    _settle(customer, cause)


def _settle(customer: Customer, cause: Cause) -> None:
    """Let pending moments of more than 24 hours ago count for good."""
    mood, horizon = customer.mood, customer.core.newest - LATENESS_MS
    settled = 0
    while settled < len(mood.pending) and (
        mood.pending[settled].at < horizon or len(mood.pending) - settled > MAX_PENDING
    ):
        moment = weighed(mood.pending[settled], customer, cause.policy)
        sums.add(customer, moment, cause.policy)
        settled += 1
    del mood.pending[:settled]
    _forget_runs(customer, cause)


def _add(customer: Customer, moment: Moment, cause: Cause) -> None:
    sums.add(customer, moment, cause.policy)
    _forget_runs(customer, cause)
    _count(moment, labels_of(customer), cause)


def _count(moment: Moment, labels: Labels, cause: Cause, wait_seconds: float | None = None) -> None:
    cause.effects.append(Scored(moment, labels, wait_seconds=wait_seconds))


def _forget_runs(customer: Customer, cause: Cause) -> None:
    """Drop runs of moments that have ended, where there are several.

    Not while a complaint waits for its severity: its moments of long ago may still come.
    """
    if not customer.has(JOURNEY) or len(customer.journey.runs) <= MANY_RUNS:
        return
    known = judged(customer, cause.policy) if customer.has(CASES) else ()
    if all(each.life.severity for each in known):
        unsettled = satisfaction.unsettled(customer, cause.policy, None)
        record.forget_runs(customer, unsettled, cause.policy)


def _raise_long_wait(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    limit, tier = cause.policy.satisfaction.long_wait_seconds, customer.core.tier
    cause.want(
        "vip_long_wait",
        LONG_WAIT(tier=TIERS[tier], waited=event.wait_seconds, line=limit),
        tier=tier,
        figures={"wait_seconds": event.wait_seconds},
    )

"""Satisfaction: the decayed weighted mean of moment scores, and the alert when it gives way.

score = sum(w_i 2^(t_i / h) s_i) / sum(w_i 2^(t_i / h)), half-life h. The factor 2^(-now / h)
of ordinary decay cancels, so the figure moves only with a moment, and the order of arrival
cannot change it. Contacts and surveys of the last 24 hours wait as pending moments, because a
first purchase that comes late may still make moments of truth of them (bound: 64).
"""

from __future__ import annotations

from bisect import insort

from domain import complaints, promises, sums
from domain.aggregates import CHANNEL_INDEX
from domain.alerts import raise_alert
from domain.cause import Cause
from domain.cycles import factor_index
from domain.decay import epoch_of, weight_at
from domain.parts import Moment
from domain.policy import FACTORS, MS_PER_DAY, TIERS, VIP, Policy
from domain.policy_sections import Satisfaction
from domain.state import CASES, MOOD, Customer
from schemas.touchpoints import AppClick, Care, Feedback, ServiceContact, Survey

MAX_PENDING = 64
SETTLE_AFTER_MS = MS_PER_DAY
SATISFIED = 10.0
NOTHING_LEFT = 1e-9
"""What is left of a sum below this share is rounding."""


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


# -- events to moments --------------------------------------------------------------------


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
    channel, stage = CHANNEL_INDEX[event.channel], sums.STAGES.index(event.stage or "")
    _wait(customer, Moment(cause.at, weight, score, factor, channel, stage), cause)


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """A contact is a moment of waiting, and another where it ended badly."""
    rule = cause.policy.satisfaction
    weights, scores = rule.weights, rule.scores
    channel, stage = CHANNEL_INDEX[event.channel], sums.STAGES.index(event.stage or "")
    is_long = event.wait_seconds > rule.long_wait_seconds
    weight = weights.moment_of_truth if is_long else weights.wait
    score = wait_score(event.wait_seconds, rule)
    factor = factor_index(rule.factors.wait)
    _wait(customer, Moment(cause.at, weight, score, factor, channel, stage), cause)
    if event.outcome != "resolved":
        unresolved = event.outcome == "unresolved"
        score = scores.contact_unresolved if unresolved else scores.contact_abandoned
        factor = factor_index(rule.factors.contact)
        moment = Moment(cause.at, weights.contact, score, factor, channel, stage)
        _wait(customer, moment, cause)
        if unresolved:
            promises.take_promise(customer, event, cause)
    if is_long and customer.core.tier >= VIP:
        _raise_long_wait(customer, event, cause)


def take_feedback(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Praise is a moment; ``callback_done`` keeps a promise; the rest is only counted."""
    if event.kind == "callback_done":
        promises.take_callback(customer, event, cause)
    elif event.kind == "praise":
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
        score = (event.score - 1) * 2.5
        _add(customer, Moment(cause.at, rule.weights.care, score, factor, channel), cause)


def take_error(customer: Customer, event: AppClick, cause: Cause) -> None:
    """An app error is a moment."""
    rule = cause.policy.satisfaction
    factor, channel = factor_index(rule.factors.error), CHANNEL_INDEX[event.channel]
    weight, score = rule.weights.error, rule.scores.error
    _add(customer, Moment(cause.at, weight, score, factor, channel), cause)


# -- the figure ---------------------------------------------------------------------------


def level(customer: Customer, policy: Policy, clock: int | None = None) -> float | None:
    """Satisfaction 0-10, or ``None`` before the first moment.

    A promise counts as broken when due by ``clock`` (ms); without one, when it was judged.
    """
    core, half_life_ms = customer.core, policy.half_life_ms
    epoch = epoch_of(core.newest, half_life_ms)
    weights = scores = 0.0
    if core.other_parts & MOOD:
        weights, scores = _settled(customer, half_life_ms, epoch, sums.ALL)
    for at, weight, score, _, _, _, _ in _unsettled(customer, policy, clock):
        decayed = weight * weight_at(at, half_life_ms, epoch)
        weights += decayed
        scores += decayed * score
    return scores / weights if weights > 0 else None


def level_before(customer: Customer, policy: Policy, day: int) -> float | None:
    """Satisfaction as of the beginning of a UTC day (since 1970) at most 31 days back.

    Moments from that day on are left out; ``None`` without any before it.
    """
    core, half_life_ms = customer.core, policy.half_life_ms
    epoch = epoch_of(core.newest, half_life_ms)
    weights = scores = 0.0
    if core.other_parts & MOOD:
        weights, scores = _settled(customer, half_life_ms, epoch, sums.ALL)
        total = weights
        for cell in [cell for cell in customer.mood.sums if cell >= sums.FIRST_DAY + day]:
            later = _settled(customer, half_life_ms, epoch, cell)
            weights, scores = weights - later[0], scores - later[1]
        if weights <= NOTHING_LEFT * total:
            weights = scores = 0.0
    for at, weight, score, _, _, _, _ in _unsettled(customer, policy, None):
        if at < day * MS_PER_DAY:
            decayed = weight * weight_at(at, half_life_ms, epoch)
            weights += decayed
            scores += decayed * score
    return scores / weights if weights > 0 else None


def by_factor(customer: Customer, policy: Policy, clock: int) -> dict[str, float]:
    """Satisfaction for each factor that has a moment."""
    half_life_ms = policy.half_life_ms
    epoch = epoch_of(customer.core.newest, half_life_ms)
    unsettled = _unsettled(customer, policy, clock)
    found: dict[str, float] = {}
    for cell, name in enumerate(FACTORS, start=1):
        weights, scores = _settled(customer, half_life_ms, epoch, cell)
        for at, weight, score, factor, _, _, _ in unsettled:
            if factor == cell:
                decayed = weight * weight_at(at, half_life_ms, epoch)
                weights += decayed
                scores += decayed * score
        if weights > 0:
            found[name] = scores / weights
    return found


def _settled(customer: Customer, half_life_ms: float, epoch: int, cell: int) -> tuple[float, float]:
    """Decayed weight and weighted score of the settled moments, relative to ``epoch``."""
    mood = customer.mood
    if mood.epoch is None or cell not in mood.sums:
        return 0.0, 0.0
    if mood.half_life_ms != half_life_ms:
        newest = customer.core.newest
        sums.prepare(mood, newest, newest, half_life_ms)
    weights, scores = mood.sums[cell]
    if mood.epoch == epoch:
        return weights, scores
    scale = 2.0 ** (mood.epoch - epoch)
    return weights * scale, scores * scale


def _unsettled(customer: Customer, policy: Policy, clock: int | None) -> list[Moment]:
    """Moments that may still change: pending ones, complaints, broken promises."""
    found: list[Moment] = []
    parts = customer.core.other_parts
    if parts & MOOD:
        mood = customer.mood
        if mood.pending:
            found += _pending(customer, policy)
        if mood.promises:
            found += promises.open_moments(customer, policy, clock)
    if parts & CASES and customer.cases.cases:
        found += complaints.open_moments(customer, policy)
    return found


def _weighed(moment: Moment, customer: Customer, policy: Policy) -> Moment:
    """A contact or survey within days of the first purchase is a moment of truth."""
    first, rule = customer.core.first_purchase, policy.satisfaction
    if first is not None and first <= moment.at <= first + rule.first_purchase_ms:
        return moment._replace(weight=rule.weights.moment_of_truth)
    return moment


def _pending(customer: Customer, policy: Policy) -> list[Moment]:
    """The pending moments with the weights they have as far as is known."""
    first, pending = customer.core.first_purchase, customer.mood.pending
    if first is None or pending[-1].at < first:
        return pending
    if pending[0].at > first + policy.satisfaction.first_purchase_ms:
        return pending
    return [_weighed(moment, customer, policy) for moment in pending]


def _wait(customer: Customer, moment: Moment, cause: Cause) -> None:
    """Keep a contact's or survey's moment as pending, and settle the old ones."""
    customer.touch(MOOD)
    mood, horizon = customer.mood, customer.core.newest - SETTLE_AFTER_MS
    insort(mood.pending, moment)
    _aggregate(customer, _weighed(moment, customer, cause.policy), cause)
    settled = 0
    while settled < len(mood.pending) and (
        mood.pending[settled].at < horizon or len(mood.pending) - settled > MAX_PENDING
    ):
        moment = _weighed(mood.pending[settled], customer, cause.policy)
        sums.add(customer, moment, cause.policy)
        settled += 1
    del mood.pending[:settled]


def _add(customer: Customer, moment: Moment, cause: Cause) -> None:
    sums.add(customer, moment, cause.policy)
    _aggregate(customer, moment, cause)


def _aggregate(customer: Customer, moment: Moment, cause: Cause) -> None:
    cause.ctx.aggregates.add_moment(moment, customer.core.tier, cause.policy.half_life_ms)


# -- alerts -------------------------------------------------------------------------------


def watch(customer: Customer, before: float | None, cause: Cause) -> None:
    """Raise ``vip_dissatisfied`` when satisfaction has just given way; note the day's best."""
    after = level(customer, cause.policy)
    if after is None or after == before:
        return
    rule, mood = cause.policy.alerts, customer.mood
    customer.touch(MOOD)
    top = _highest(mood.days, cause.at // MS_PER_DAY, rule.dissatisfied_fall_days)
    top = max(top, after if before is None else before)
    _note_day(mood.days, cause.at // MS_PER_DAY, max(after, before or 0.0))
    is_low = after < rule.dissatisfied_below
    was_low = before is not None and before < rule.dissatisfied_below
    has_fallen = top - after >= rule.dissatisfied_fall
    had_fallen = before is not None and top - before >= rule.dissatisfied_fall
    if customer.core.tier < VIP or not (is_low > was_low or has_fallen > had_fallen):
        return
    tier = TIERS[customer.core.tier]
    if is_low > was_low:
        came = "" if before is None else f", from {before:.1f}"
        reason = (
            f"Satisfaction of a {tier} customer is {after:.1f}{came}: below the line of"
            f" {rule.dissatisfied_below:g}."
        )
    else:
        reason = (
            f"Satisfaction of a {tier} customer fell by {top - after:.1f} to {after:.1f} within"
            f" {rule.dissatisfied_fall_days} days; {rule.dissatisfied_fall:g} is the line."
        )
    figures = {"satisfaction": after, "highest": top}
    raise_alert(
        customer, cause, "vip_dissatisfied", reason, tier=customer.core.tier, figures=figures
    )


def _highest(days: list[tuple[int, float]], today: int, back: int) -> float:
    """The highest satisfaction noted since ``back`` days ago; forgets what lies before."""
    while days and days[0][0] < today - back:
        del days[0]
    return max((best for _, best in days), default=0.0)


def _note_day(days: list[tuple[int, float]], today: int, best: float) -> None:
    """Keep the day's highest; what a late event changes on an earlier day is not noted."""
    if not days or days[-1][0] < today:
        days.append((today, best))
    elif days[-1][0] == today and days[-1][1] < best:
        days[-1] = (today, best)


def _raise_long_wait(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    limit, tier = cause.policy.satisfaction.long_wait_seconds, customer.core.tier
    raise_alert(
        customer,
        cause,
        "vip_long_wait",
        f"A {TIERS[tier]} customer waited {event.wait_seconds:,.0f} s; the line is {limit:,.0f} s.",
        tier=tier,
        figures={"wait_seconds": event.wait_seconds},
    )

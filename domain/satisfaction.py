"""Satisfaction: the decayed weighted mean of moment scores, and the alert when it gives way.

score = sum(w_i 2^(t_i / h) s_i) / sum(w_i 2^(t_i / h)), half-life h. The factor 2^(-now / h)
of ordinary decay cancels, so the figure moves only with a moment, and the order of arrival
cannot change it.
"""

from __future__ import annotations

from typing import NamedTuple

from domain import complaints, promises, sums
from domain.aggregates import CHANNELS
from domain.alerts import raise_alert
from domain.cause import Cause
from domain.decay import epoch_of, weight_at
from domain.parts import Moment
from domain.policy import FACTORS, MS_PER_DAY, TIERS, VIP, Policy
from domain.state import CASES, MOOD, Customer

NOTHING_LEFT = 1e-9
"""What is left of a sum below this share is rounding."""


# -- the figure ---------------------------------------------------------------------------


def level(customer: Customer, policy: Policy, clock: int | None = None) -> float | None:
    """Satisfaction 0-10, or ``None`` before the first moment.

    A promise counts as broken when due by ``clock`` (ms); without one, when it was judged.
    """
    core, half_life_ms = customer.core, policy.half_life_ms
    if not core.other_parts & (MOOD | CASES):
        return None
    epoch = epoch_of(core.newest, half_life_ms)
    weights = scores = 0.0
    if core.other_parts & MOOD:
        weights, scores = _settled(customer, half_life_ms, epoch, sums.ALL)
    for at, weight, score, _, _, _, _ in unsettled(customer, policy, clock):
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
    for at, weight, score, _, _, _, _ in unsettled(customer, policy, None):
        if at < day * MS_PER_DAY:
            decayed = weight * weight_at(at, half_life_ms, epoch)
            weights += decayed
            scores += decayed * score
    return scores / weights if weights > 0 else None


class Levels(NamedTuple):
    """Satisfaction for each factor, channel and stage that has a moment, by name."""

    factor: dict[str, float]
    channel: dict[str, float]
    stage: dict[str, float]


def levels(customer: Customer, policy: Policy, clock: int) -> Levels:
    """Satisfaction by factor, channel and stage; promises count as in :func:`level`."""
    half_life_ms = policy.half_life_ms
    epoch = epoch_of(customer.core.newest, half_life_ms)
    cells: dict[int, tuple[float, float]] = {}
    if customer.core.other_parts & MOOD:
        named = [cell for cell in customer.mood.sums if cell < sums.FIRST_DAY]
        cells = {cell: _settled(customer, half_life_ms, epoch, cell) for cell in named}
    for at, weight, score, factor, channel, stage, _ in unsettled(customer, policy, clock):
        decayed = weight * weight_at(at, half_life_ms, epoch)
        for cell in sums.cells(factor, channel, stage):
            weights, scores = cells.get(cell, (0.0, 0.0))
            cells[cell] = (weights + decayed, scores + decayed * score)
    found = {cell: scores / weights for cell, (weights, scores) in cells.items() if weights > 0}
    return Levels(
        _named(found, 1, FACTORS),
        _named(found, sums.FIRST_CHANNEL, CHANNELS),
        _named(found, sums.FIRST_STAGE + 1, sums.STAGES[1:]),
    )


def _named(found: dict[int, float], first: int, names: tuple[str, ...]) -> dict[str, float]:
    cells = enumerate(names, start=first)
    return {name: found[cell] for cell, name in cells if cell in found}


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


def unsettled(customer: Customer, policy: Policy, clock: int | None) -> list[Moment]:
    """Moments that may still change: pending ones, complaints, broken promises (see `level`)."""
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


def weighed(moment: Moment, customer: Customer, policy: Policy) -> Moment:
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
    return [weighed(moment, customer, policy) for moment in pending]


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

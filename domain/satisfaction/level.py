"""Satisfaction: the decayed weighted mean of moment scores.

score = sum(w_i 2^(t_i / h) s_i) / sum(w_i 2^(t_i / h)), half-life h. The factor 2^(-now / h)
of ordinary decay cancels, so the figure moves only with a moment, and the order of arrival
cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from domain.customer.parts import Moment
from domain.customer.state import MOOD, Customer
from domain.kernel.decay import MAX_EXPONENT, epoch_of, weight_at
from domain.kernel.scales import FACTORS, STAGES
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.satisfaction import sums

NOTHING_LEFT = 1e-9
"""What is left of a sum below this share is rounding."""


def level(customer: Customer, policy: Policy, unsettled: Iterable[Moment]) -> float | None:
    """Satisfaction 0-10 by what is settled and the moments that are not; ``None`` without any."""
    half_life_ms, moments = policy.half_life_ms, list(unsettled)
    epoch = _landmark(customer, half_life_ms, moments)
    weights = scores = 0.0
    if customer.core.other_parts & MOOD:
        weights, scores = _settled(customer, half_life_ms, epoch, sums.ALL)
    for at, weight, score, _, _, _, _ in moments:
        decayed = weight * weight_at(at, half_life_ms, epoch)
        weights += decayed
        scores += decayed * score
    return scores / weights if weights > 0 else None


def level_before(
    customer: Customer, policy: Policy, day: int, unsettled: Iterable[Moment]
) -> float | None:
    """Satisfaction as of the beginning of a UTC day (since 1970) at most 31 days back.

    Moments from that day on are left out; ``None`` without any before it.
    """
    half_life_ms, moments = policy.half_life_ms, list(unsettled)
    epoch = _landmark(customer, half_life_ms, moments)
    weights = scores = 0.0
    if customer.core.other_parts & MOOD:
        weights, scores = _settled(customer, half_life_ms, epoch, sums.ALL)
        total = weights
        for cell in [cell for cell in customer.mood.sums if cell >= sums.FIRST_DAY + day]:
            later = _settled(customer, half_life_ms, epoch, cell)
            weights, scores = weights - later[0], scores - later[1]
        if weights <= NOTHING_LEFT * total:
            weights = scores = 0.0
    for at, weight, score, _, _, _, _ in moments:
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


def levels(customer: Customer, policy: Policy, unsettled: Iterable[Moment]) -> Levels:
    """Satisfaction by factor, channel and stage, as in :func:`level`."""
    half_life_ms, moments = policy.half_life_ms, list(unsettled)
    epoch = _landmark(customer, half_life_ms, moments)
    cells: dict[int, tuple[float, float]] = {}
    if customer.core.other_parts & MOOD:
        named = [cell for cell in customer.mood.sums if cell < sums.FIRST_DAY]
        cells = {cell: _settled(customer, half_life_ms, epoch, cell) for cell in named}
    for at, weight, score, factor, channel, stage, _ in moments:
        decayed = weight * weight_at(at, half_life_ms, epoch)
        for cell in sums.cells(factor, channel, stage):
            weights, scores = cells.get(cell, (0.0, 0.0))
            cells[cell] = (weights + decayed, scores + decayed * score)
    found = {cell: scores / weights for cell, (weights, scores) in cells.items() if weights > 0}
    return Levels(
        _named(found, 1, FACTORS),
        {name: found[cell] for cell, name in sums.CHANNEL_CELLS.items() if cell in found},
        _named(found, sums.FIRST_STAGE + 1, STAGES[1:]),
    )


def _named(found: dict[int, float], first: int, names: tuple[str, ...]) -> dict[str, float]:
    cells = enumerate(names, start=first)
    return {name: found[cell] for cell, name in cells if cell in found}


def _landmark(customer: Customer, half_life_ms: float, unsettled: list[Moment]) -> int:
    """Relative to what weights are added up, so that those of the newest moments fit a double.

    It goes by the moments: silence after them, however long, takes nothing of their mean.
    """
    newest = customer.core.newest
    latest = max([moment.at for moment in unsettled]) if unsettled else newest
    if not customer.core.other_parts & MOOD:
        return epoch_of(latest, half_life_ms)
    mood = customer.mood
    if mood.epoch is None or not mood.sums:
        return epoch_of(latest, half_life_ms)
    if mood.half_life_ms != half_life_ms:
        sums.prepare(mood, newest, newest, half_life_ms)
    if unsettled and latest / half_life_ms - mood.epoch > MAX_EXPONENT + 1:
        return epoch_of(latest, half_life_ms)
    return mood.epoch


def _settled(customer: Customer, half_life_ms: float, epoch: int, cell: int) -> tuple[float, float]:
    """Decayed weight and weighted score of the settled moments, relative to ``epoch``."""
    mood = customer.mood
    if mood.epoch is None or cell not in mood.sums:
        return 0.0, 0.0
    weights, scores = mood.sums[cell]
    if mood.epoch == epoch:
        return weights, scores
    scale = 2.0 ** (mood.epoch - epoch)
    return weights * scale, scores * scale


def weighed(moment: Moment, customer: Customer, policy: Policy) -> Moment:
    """A contact or survey within days of the first purchase is a moment of truth."""
    first, rule = customer.core.first_purchase, policy.satisfaction
    if first is not None and first <= moment.at <= first + rule.first_purchase_ms:
        return moment._replace(weight=rule.weights.moment_of_truth)
    return moment


def pending(customer: Customer, policy: Policy) -> list[Moment]:
    """The pending moments with the weights they have as far as is known."""
    first, pending = customer.core.first_purchase, customer.mood.pending
    if first is None or pending[-1].at < first:
        return pending
    if pending[0].at > first + policy.satisfaction.first_purchase_ms:
        return pending
    return [weighed(moment, customer, policy) for moment in pending]

"""Who came back after being lost: the purchase that ended it, judged by all that came before it.

Whether a customer had been lost is not what was said before, but what the purchases say, late ones
included. A judgement needs the 21 purchases before it. One that nothing up to a day late can
change any more is kept as ``Ledger.returned`` and its oldest purchase forgotten, so that 21 times
are kept and those of the last day. Bound: 32 times; only who buys more than 11 times within a day
is judged before that day is over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from domain.parts import Ledger
from domain.policy import MS_PER_DAY, Policy
from domain.policy.relationship import TIMES_KEPT
from domain.policy.value import MbgNbd
from domain.relationship.lapse import lapse_point
from domain.value.alive import LeastSilence, age_at
from domain.value.history import History

MAX_TIMES: Final = 32
SETTLED_AFTER_MS: Final = MS_PER_DAY
MS_PER_WEEK: Final = 7 * MS_PER_DAY
MOST_WEEKS: Final = 52.0 * 1_000
ROUNDING_MS: Final = 1_000
"""More than what rounding can move the time at which a probability is reached."""


class Return(NamedTuple):
    """When a customer was found lost, and the purchase that ended it (ms)."""

    lost_since: int
    reactivated_at: int


def last_return(ledger: Ledger, clock: int, policy: Policy) -> Return | None:
    """The newest return that at ``clock`` (ms) still counts as one."""
    times, start = ledger.times, clock - policy.relationship.reactivated_ms
    least = _least_gap(ledger, policy)
    for place in range(len(times) - 1, _first_told(ledger) - 1, -1):
        if times[place] <= start:
            return None
        if times[place] - times[place - 1] <= least:
            continue
        if (found := _return_at(ledger, place, policy)) is not None:
            return found
    kept = ledger.returned
    return Return(*kept) if kept[1] > start else None


def forget_times(ledger: Ledger, policy: Policy) -> None:
    """Drop the times that no judgement needs any more, once that of their return is kept."""
    times = ledger.times
    settled = times[-1] - SETTLED_AFTER_MS
    while len(times) > TIMES_KEPT and (times[TIMES_KEPT] < settled or len(times) > MAX_TIMES):
        for place in range(TIMES_KEPT, _first_told(ledger) - 1, -1):
            if (found := _return_at(ledger, place, policy)) is not None:
                if found.reactivated_at > ledger.returned[1]:
                    ledger.returned = (found.lost_since, found.reactivated_at)
                break
        del times[0]


def falls_to(ledger: Ledger, history: History, probability: float, policy: Policy) -> int:
    """When (ms) the probability of being alive has come down to this."""
    weeks = min(age_at(policy.value.clv.mbg_nbd, history, probability), MOST_WEEKS)
    return ledger.first_day * MS_PER_DAY + round(weeks * MS_PER_WEEK)


def _first_told(ledger: Ledger) -> int:
    """The first place in ``times`` before which all is known that a judgement needs."""
    return TIMES_KEPT if ledger.purchases > len(ledger.times) else 1


def _least_gap(ledger: Ledger, policy: Policy) -> float:
    """No shorter time (ms) between two purchases can hold a loss, whatever came before."""
    rules = policy.relationship
    by_lapse = round(rules.states.lost_lapse_points * rules.min_lapse_ms)
    model = policy.value.clv.mbg_nbd
    # by its numbers: hashing the model itself would cost more than all the rest here
    least = _least_silence(model.r, model.alpha, model.a, model.b, rules.states.lost_p_alive)
    weeks = min(least.weeks(ledger.purchase_days - 1), MOST_WEEKS / 2)
    # the model counts from the start of the UTC day of the purchase
    return min(by_lapse, weeks * MS_PER_WEEK - MS_PER_DAY - ROUNDING_MS)


@lru_cache(maxsize=8)
def _least_silence(r: float, alpha: float, a: float, b: float, probability: float) -> LeastSilence:
    """How long nothing must be bought at least for a customer to be lost by P(alive)."""
    return LeastSilence(MbgNbd(r=r, alpha=alpha, a=a, b=b), probability)


def _return_at(ledger: Ledger, place: int, policy: Policy) -> Return | None:
    """The purchase at ``place``, where the customer had been lost before it."""
    at, since = ledger.times[place], _lost_between(ledger, place, policy)
    return Return(since, at) if since < at else None


def _lost_between(ledger: Ledger, place: int, policy: Policy) -> int:
    """From when on (ms) the customer was lost, had nothing been bought from ``place`` on."""
    rules, before, after = policy.relationship, ledger.times[:place], ledger.times[place:]
    last_day = before[-1] // MS_PER_DAY
    later = {at // MS_PER_DAY for at in after} - {last_day}
    repeats = max(0, ledger.purchase_days - 1 - len(later))
    history = History(repeats, (last_day - ledger.first_day) / 7)
    since = falls_to(ledger, history, rules.states.lost_p_alive, policy)
    point = lapse_point(before, rules)
    if point is not None:
        since = min(since, before[-1] + round(rules.states.lost_lapse_points * point))
    return since

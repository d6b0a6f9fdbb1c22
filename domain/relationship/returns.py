"""Who came back after being lost: the purchase that ended it, judged by all that came before it.

Whether a customer had been lost is not what was said before, but what the purchases say, late ones
included. A judgement needs the 21 purchases before it. One that nothing up to a day late can
change any more is kept as ``Ledger.returned`` and its oldest purchase forgotten, so that 21 times
are kept and those of the last day. Bound: 32 times; only who buys more than 11 times within a day
is judged before that day is over.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.parts import Ledger
from domain.customer.state import Customer
from domain.kernel.units import LATENESS_MS, MS_PER_DAY, MS_PER_WEEK
from domain.policy import Policy
from domain.policy.relationship import TIMES_KEPT
from domain.relationship.lapse import lapse_point
from domain.value.alive import Fade
from domain.value.history import History

MAX_TIMES: Final = 32
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
    settled = times[-1] - LATENESS_MS
    while len(times) > TIMES_KEPT and (times[TIMES_KEPT] < settled or len(times) > MAX_TIMES):
        for place in range(TIMES_KEPT, _first_told(ledger) - 1, -1):
            if (found := _return_at(ledger, place, policy)) is not None:
                if found.reactivated_at > ledger.returned[1]:
                    ledger.returned = (found.lost_since, found.reactivated_at)
                break
        del times[0]


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Keep the newer return of two ids, once their purchases are joined."""
    mine, theirs = customer.ledger, other.ledger
    mine.returned = max(mine.returned, theirs.returned, key=lambda returned: returned[1])
    if mine.times:
        forget_times(mine, cause.policy)


class Fades(NamedTuple):
    """When customers of a policy are at risk and lost by the probability of being alive."""

    policy: Policy
    at_risk: Fade
    lost: Fade


_newest: list[Fades] = []


def fades(policy: Policy) -> Fades:
    """Those of a policy; one is kept, by identity: a worker has one and asks at each look."""
    if not _newest or _newest[0].policy is not policy:
        model, states = policy.value.clv.mbg_nbd, policy.relationship.states
        at_risk, lost = Fade(model, states.at_risk_p_alive), Fade(model, states.lost_p_alive)
        _newest[:] = [Fades(policy, at_risk, lost)]
    return _newest[0]


def falls_at(ledger: Ledger, history: History, fade: Fade) -> int:
    """When (ms) the probability of being alive has come down to that of ``fade``."""
    weeks = min(fade.age(history), MOST_WEEKS)
    return ledger.first_day * MS_PER_DAY + round(weeks * MS_PER_WEEK)


def _first_told(ledger: Ledger) -> int:
    """The first place in ``times`` before which all is known that a judgement needs."""
    return TIMES_KEPT if ledger.purchases > len(ledger.times) else 1


def _least_gap(ledger: Ledger, policy: Policy) -> float:
    """No shorter time (ms) between two purchases can hold a loss, whatever came before."""
    rules = policy.relationship
    by_lapse = round(rules.states.lost_lapse_points * rules.min_lapse_ms)
    weeks = min(fades(policy).lost.least_weeks(ledger.purchase_days - 1), MOST_WEEKS / 2)
    # the model counts from the start of the UTC day of the purchase
    return min(by_lapse, weeks * MS_PER_WEEK - MS_PER_DAY - ROUNDING_MS)


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
    since = falls_at(ledger, history, fades(policy).lost)
    point = lapse_point(before, rules)
    if point is not None:
        since = min(since, before[-1] + round(rules.states.lost_lapse_points * point))
    return since

"""The lifecycle phase of a relationship, from its age and the way its value goes.

Phases after Dwyer, Schurr and Oh, "Developing Buyer-Seller Relationships" (1987); the first that
holds: exploration (first 90 days or fewer than 3 purchases), decline (value of 90 days below
0.7 x that of the 90 days before), formation (above 1.1 x), stability.

Where the value before was 0 or less no multiple of it means anything: less is then decline, more
is formation.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from typing import Final

from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import LifecyclePhase

PHASE_INDEX: Final[dict[LifecyclePhase, int]] = {
    "exploration": 0, "decline": 1, "formation": 2, "stability": 3,
}  # fmt: skip
"""The number of each phase in a customer's ledger; new ones are appended."""
PHASES: Final = tuple(PHASE_INDEX)

FEW: Final = Wording(
    "lifecycle.few", "{purchases:count purchase}; exploration ends from {least} on."
)
YOUNG: Final = Wording(
    "lifecycle.young", "The relationship is {age:days} old; exploration lasts {lasts:days}."
)
_VALUE: Final = "Value of {value:,.0f} within {days:g} days after {before:,.0f} before"
VALUE: Final = Wording("lifecycle.value", f"{_VALUE}.")
NO_CHANGE: Final = Wording("lifecycle.no_change", f"{_VALUE}, no change.")
BELOW: Final = Wording("lifecycle.below", _VALUE + ", below {times:g} times.")
ABOVE: Final = Wording("lifecycle.above", _VALUE + ", above {times:g} times.")
WITHIN: Final = Wording("lifecycle.within", _VALUE + ", within {low:g} to {high:g} times.")


def lifecycle(
    began_at: int | None,
    purchases: int,
    value: float,
    value_before: float,
    *,
    now: int,
    rules: RelationshipRules,
) -> Finding[LifecyclePhase]:
    """The phase as of ``now`` (ms) of a relationship that began at ``began_at`` (ms).

    ``value`` and ``value_before`` are of the newest 90 days and the 90 before, in base currency.

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> rules = RelationshipRules()
    >>> lifecycle(0, 5, 600.0, 1_000.0, now=200 * DAY, rules=rules)[:2]
    ('decline', 'Value of 600 within 90 days after 1,000 before, below 0.7 times.')
    """
    limits = rules.lifecycle
    if purchases < limits.exploration_purchases:
        least = limits.exploration_purchases
        return Finding("exploration", FEW(purchases=purchases, least=least))
    if began_at is None:
        return unknown("The lifecycle phase", ("began_at",))
    age = now - began_at
    if age < rules.exploration_ms:
        return Finding("exploration", YOUNG(age=age, lasts=rules.exploration_ms))
    return _by_value(value, value_before, rules)


def turn(days: Sequence[tuple[int, float]], today: int, rules: RelationshipRules) -> int:
    """The first UTC day after ``today`` on which the value alone gives another phase; 0: never.

    ``days`` are (UTC day, value bought on it) of twice 90 days, ``today`` included, ascending: as
    time goes by they leave the newest 90 days for the 90 before, and then leave those.

    >>> rules = RelationshipRules()
    >>> turn([(0, 100.0), (60, 100.0)], 100, rules), turn([(60, 100.0)], 100, rules)
    (150, 150)
    """
    length = round(rules.lifecycle.value_days)
    older = bisect_right(days, (today - 2 * length, inf))
    newer = bisect_right(days, (today - length, inf))
    before, value = (sum(worth for _, worth in days[older:newer]), sum(w for _, w in days[newer:]))
    phase, last = _phase_of(value, before, rules), len(days)
    while older < last:
        day = days[older][0] + 2 * length
        if newer < last:
            day = min(day, days[newer][0] + length)
        while newer < last and days[newer][0] + length == day:
            value, before = value - days[newer][1], before + days[newer][1]
            newer += 1
        while older < newer and days[older][0] + 2 * length == day:
            before -= days[older][1]
            older += 1
        # an empty window holds nothing, whatever rounding has left
        value, before = value if newer < last else 0.0, before if older < newer else 0.0
        if _phase_of(value, before, rules) != phase:
            return day
    return 0


def _phase_of(value: float, before: float, rules: RelationshipRules) -> LifecyclePhase:
    low, high = rules.lifecycle.decline, rules.lifecycle.formation
    if before <= 0:
        low = high = 1.0
    if value < low * before:
        return "decline"
    return "formation" if value > high * before else "stability"


def _by_value(value: float, before: float, rules: RelationshipRules) -> Finding[LifecyclePhase]:
    low, high = rules.lifecycle.decline, rules.lifecycle.formation
    phase = _phase_of(value, before, rules)
    worth = {"value": value, "days": rules.lifecycle.value_days, "before": before}
    if before <= 0:
        return Finding(phase, (NO_CHANGE if phase == "stability" else VALUE)(**worth))
    if phase == "decline":
        return Finding(phase, BELOW(times=low, **worth))
    if phase == "formation":
        return Finding(phase, ABOVE(times=high, **worth))
    return Finding(phase, WITHIN(low=low, high=high, **worth))

"""What went wrong for a customer, by local day: app errors, long waits, failed contacts.

Sums by day do not depend on the order of arrival, and a burst costs no more than its events. Bound:
the days that the policy looks back, 60 at most, and those of the last 24 hours beside them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.customer.parts import Health
from domain.customer.state import HEALTH, Customer
from domain.policy.proactive import ProactiveRules

ERRORS, WAITS, FAILED, TOLD = range(4)
"""Places in what is kept of a day; ``TOLD`` is 1 once its errors have been told of, else 0."""
NOTHING: Final = Health()


class Counted(NamedTuple):
    """Over the days that the record looks back."""

    errors: int = 0
    waits: int = 0
    failed: int = 0


def health_of(customer: Customer) -> Health:
    """What is kept, to be read only."""
    return customer.health if customer.has(HEALTH) else NOTHING


def count(customer: Customer, at: int, what: tuple[int, ...], rules: ProactiveRules) -> int | None:
    """Count one of each of ``what`` on the day of ``at`` (ms): the day, ``None`` if long ago."""
    day, newest = rules.day(at), rules.day(customer.core.newest)
    if day <= newest - rules.days:
        return None
    customer.touch(HEALTH)
    days = customer.health.days
    kept = days.get(day)
    if kept is None:
        forget(customer.health, newest, rules)
        kept = days[day] = [0, 0, 0, 0]
    for place in what:
        kept[place] += 1
    return day


def forget(health: Health, newest: int, rules: ProactiveRules) -> None:
    """Drop the days that the record does not look back on any more from the day ``newest``."""
    for day in [day for day in health.days if day <= newest - rules.days]:
        del health.days[day]


def join(health: Health, other: Health) -> None:
    """Add what is kept of another id's days."""
    for day, theirs in other.days.items():
        mine = health.days.get(day, [0, 0, 0, 0])
        told = max(mine[TOLD], theirs[TOLD])
        health.days[day] = [*(a + b for a, b in zip(mine[:TOLD], theirs[:TOLD], strict=True)), told]


def counted(health: Health, clock: int, rules: ProactiveRules) -> Counted:
    """What there was within the days up to that of ``clock`` (ms).

    >>> health = Health(days={9: [4, 0, 0, 1], 10: [1, 1, 2, 0], 39: [2, 0, 1, 0]})
    >>> counted(health, 39 * 86_400_000, ProactiveRules())
    Counted(errors=3, waits=1, failed=3)
    """
    today = rules.day(clock)
    within = [kept for day, kept in health.days.items() if today - rules.days < day <= today]
    return Counted(*(sum(kept[place] for kept in within) for place in (ERRORS, WAITS, FAILED)))

"""When the service of a customer is to be inspected: VIPs, organisations, key customers.

Each plan that a customer is under is due so many days after the last inspection, or after it came
under that plan where that is later; the earliest counts. So nothing slides while the tier moves
between VIP and private, a rise from key never puts an inspection off, and who leaves an
organisation for another begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.customer.parts import Health
from domain.kernel.scales import KEY, VIP
from domain.kernel.units import MS_PER_DAY
from domain.policy.proactive import InspectionRules
from domain.tiers.history import TierHistory
from schemas.figures.health import InspectionPlan

PLANS: Final[tuple[InspectionPlan, ...]] = ("vip", "organisation", "key")

Naming = tuple[int, str, str]
"""When (ms), by which event, which organisation; "" is none."""


class Due(NamedTuple):
    """The earliest inspection: of which plan, due when, since when it is counted (ms)."""

    plan: InspectionPlan
    due: int
    since: int


def run_start(history: TierHistory, level: int, clock: int, kept: int, settled: int) -> int:
    """Since when (ms) the tier has been ``level`` or above without a break; 0: it is not.

    What the history has forgotten tells ``kept``, the start found before, if it lies before
    ``settled``, behind which nothing can change any more.

    >>> history = TierHistory([(10, 3), (50, 4), (90, 3)], [], grace_ms=5)
    >>> run_start(history, 3, 100, 0, 100), run_start(history, 4, 100, 0, 100)
    (10, 0)
    >>> run_start(history, 3, 100, 4, 100), run_start(history, 3, 100, 4, 3)
    (4, 10)
    """
    turns = {since for since, _, _ in history.pins}
    turns.update(since for since, _ in history.changes)
    turns.update(since + history.grace_ms for since, _ in history.changes)
    if history.tier_at(clock) < level:
        return 0
    start = clock
    for turn in sorted((turn for turn in turns if turn <= clock), reverse=True):
        if history.tier_at(turn) < level:
            return start
        start = turn
    return kept if 0 < kept < min(start, settled) else start


def member_since(namings: Sequence[Naming], clock: int) -> int:
    """Since when (ms) the customer has belonged to its present organisation; 0: to none.

    >>> member_since([(1, "a", "acme"), (2, "b", "acme"), (3, "c", "zeta")], 2)
    1
    >>> member_since([(1, "a", "acme"), (2, "b", "zeta"), (3, "c", "zeta")], 9)
    2
    >>> member_since([(1, "a", "acme"), (2, "b", "")], 9)
    0
    """
    known = [naming for naming in namings if naming[0] <= clock]
    if not known or not known[-1][2]:
        return 0
    since = known[-1][0]
    for at, _, name in reversed(known):
        if name != known[-1][2]:
            break
        since = at
    return since


def earliest(
    health: Health, tier: int, namings: Sequence[Naming], clock: int, rules: InspectionRules
) -> Due | None:
    """The inspection that is due next as of ``clock`` (ms), of one with this tier; ``None``: none.

    Two VIPs, one inspected on day 10, one never: due on days 40 and 32.

    >>> day = MS_PER_DAY
    >>> inspected = Health(vip_since=2 * day, key_since=day, inspected=(10 * day, "e", "well"))
    >>> for health in (inspected, Health(vip_since=2 * day, key_since=day)):
    ...     due = earliest(health, VIP, (), 60 * day, InspectionRules())
    ...     print(due.plan, due.due // day, due.since // day)
    vip 40 10
    vip 32 2
    """
    under: tuple[tuple[InspectionPlan, int, float], ...] = (
        ("vip", health.vip_since if tier >= VIP else 0, rules.vip_days),
        ("organisation", member_since(namings, clock), rules.organisation_days),
        ("key", health.key_since if tier >= KEY else 0, rules.key_days),
    )
    inspected = health.inspected[0] if health.inspected is not None else 0
    found: list[Due] = []
    for plan, came, days in under:
        if came:
            since = max(came, inspected)
            found.append(Due(plan, since + round(days * MS_PER_DAY), since))
    return min(found, key=lambda one: one.due, default=None)

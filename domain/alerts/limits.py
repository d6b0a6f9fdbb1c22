"""Which alerts a rule lets pass: condition, consent, cooldown, and caps by customer and day.

Bounds kept per customer: the time of the newest alert of each kind (cooldown), and counts for
the newest 3 UTC days, of all kinds and of each kind with a cap of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from domain.customer.consent import may_contact
from domain.customer.effects import Wanted
from domain.customer.state import DESK, Customer
from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY, MS_PER_SECOND
from domain.policy.alerts import AlertRule, Alerts

DAYS_KEPT = 3


def passes(customer: Customer, wanted: Wanted, rule: AlertRule, priority: int) -> bool:
    """Whether the rule's condition holds, and the customer consents where consent is asked for."""
    condition, channel = rule.condition, wanted.channel
    if condition is not None and not condition.holds(
        tier=TIERS[wanted.tier],
        priority=priority,
        segment=customer.core.segment or None,
        channel=channel,
        figures=wanted.figures,
    ):
        return False
    return rule.consent == "none" or (channel is not None and may_contact(customer, channel))


def allowed(customer: Customer, at: int, kind: int, rule: AlertRule, policy: Alerts) -> bool:
    """Check cooldown and caps at ``at`` (ms), and count the alert where all let it pass."""
    core = customer.core
    last = core.alerted.get(kind)
    if last is not None and abs(at - last) < rule.cooldown_seconds * MS_PER_SECOND:
        return False
    day = at // MS_PER_DAY
    counts = dict(core.alerts_of_day)
    if counts.get(day, 0) >= policy.cap_per_customer_and_day:
        return False
    if rule.cap_per_day is not None and not _below_own_cap(customer, day, kind, rule.cap_per_day):
        return False
    counts[day] = counts.get(day, 0) + 1
    core.alerts_of_day = sorted(counts.items())[-DAYS_KEPT:]
    core.alerted[kind] = at if last is None else max(at, last)
    return True


def join(customer: Customer, other: Customer) -> None:
    """Let another id's alerts count for this one's cooldowns and caps."""
    core, theirs = customer.core, other.core
    for kind, at in theirs.alerted.items():
        core.alerted[kind] = max(at, core.alerted.get(kind, at))
    days = Counter(dict(core.alerts_of_day)) + Counter(dict(theirs.alerts_of_day))
    core.alerts_of_day = sorted(days.items())[-DAYS_KEPT:]
    if other.has(DESK):
        of_kind = Counter[tuple[int, int]]()
        for day, kind, count in (*customer.desk.of_kind, *other.desk.of_kind):
            of_kind[day, kind] += count
        _keep_of_kind(customer, of_kind)


def _keep_of_kind(customer: Customer, counts: Mapping[tuple[int, int], int]) -> None:
    """Keep the counts by (UTC day, kind) of the newest days."""
    days = sorted({of_day for of_day, _ in counts})[-DAYS_KEPT:]
    customer.desk.of_kind = [
        (*key, count) for key, count in sorted(counts.items()) if key[0] in days
    ]
    customer.touch(DESK)


def _below_own_cap(customer: Customer, day: int, kind: int, cap: int) -> bool:
    """Whether the kind's own cap lets one more pass; counts it if so."""
    desk = customer.desk
    counts = {(of_day, of_kind): count for of_day, of_kind, count in desk.of_kind}
    if counts.get((day, kind), 0) >= cap:
        return False
    counts[day, kind] = counts.get((day, kind), 0) + 1
    _keep_of_kind(customer, counts)
    return True

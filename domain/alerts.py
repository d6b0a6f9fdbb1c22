"""Alerts: who must look at what now, with the numbers, and with limits on how often.

Bounds kept per customer: the time of the newest alert of each kind (cooldown), and counts for
the newest 3 UTC days (cap).
"""

from __future__ import annotations

from typing import Any, get_args

from domain.cause import Cause
from domain.policy import MS_PER_DAY, MS_PER_SECOND, TIERS, VIP, AlertKind
from domain.state import FILE, Customer
from schemas.fields import moment
from schemas.outputs import Alert, output_id

KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}
DAYS_KEPT = 3


def priority(tier: int, severe: bool) -> int:
    """1 (first) to 5: the higher the tier and the graver the matter, the sooner.

    ``tier`` is an index in TIERS; vip and private rank alike.

    >>> priority(0, severe=False), priority(3, severe=False), priority(4, severe=True)
    (5, 2, 1)
    """
    return max(1, 5 - min(tier, VIP) - (1 if severe else 0))


def raise_alert(
    customer: Customer,
    cause: Cause,
    kind: AlertKind,
    reason: str,
    *,
    tier: int,
    of: str | None = None,
    severe: bool = False,
    steps: tuple[str, ...] | None = None,
    figures: dict[str, float] | None = None,
    **details: Any,
) -> bool:
    """Add an alert to the outputs unless its rule, cooldown or cap forbids; whether it was added.

    ``of`` names the cause in the alert's id where it is not the event (same cause, same id);
    ``steps`` are the event ids behind it where there are several; ``details`` are further fields
    of Alert.
    """
    rule = getattr(cause.policy.alerts.rules, kind)
    if cause.quiet or not rule.enabled:
        return False
    if not _allowed(customer, cause, kind, rule.cooldown_seconds):
        customer.core.suppressed_alerts += 1
        return False
    cause.outputs.append(
        Alert(
            alert_id=output_id(kind, customer.customer_id, of or cause.event_id or cause.at),
            kind=kind,
            customer_id=customer.customer_id,
            tier=TIERS[tier],  # type: ignore[arg-type]
            owner_id=owner_of(customer),
            segment=customer.core.segment or None,
            priority=priority(tier, severe),
            occurred_at=moment(cause.at),
            raised_at=moment(cause.ctx.now),
            late=cause.ctx.late,
            cause=cause.event_ids if steps is None else steps,
            reason=reason[:1_000],
            suggested_action=rule.action,
            figures=figures,
            **details,
        )
    )
    return True


def owner_of(customer: Customer) -> str | None:
    """The relationship manager, if the profile names one."""
    if not customer.has(FILE):
        return None
    register = customer.file.fields.get("owner_id")
    return None if register is None or register[2] is None else str(register[2])


def _allowed(customer: Customer, cause: Cause, kind: AlertKind, cooldown_seconds: float) -> bool:
    """Check cooldown and daily cap, and count the alert where both let it pass."""
    core, at = customer.core, cause.at
    index = KIND_INDEX[kind]
    last = core.alerted.get(index)
    if last is not None and abs(at - last) < cooldown_seconds * MS_PER_SECOND:
        return False
    day = at // MS_PER_DAY
    counts = dict(core.alerts_of_day)
    if counts.get(day, 0) >= cause.policy.alerts.cap_per_customer_and_day:
        return False
    counts[day] = counts.get(day, 0) + 1
    core.alerts_of_day = sorted(counts.items())[-DAYS_KEPT:]
    core.alerted[index] = at if last is None else max(at, last)
    return True

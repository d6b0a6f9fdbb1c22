"""Alerts: who must look at what now, with the numbers, and with limits on how often."""

from __future__ import annotations

from typing import Any, get_args

from domain import open_alerts
from domain.alert_limits import allowed, wanted
from domain.cause import Cause
from domain.consent import quiet_end
from domain.experience.outrage import outrage
from domain.parts import Held, Open
from domain.policy import TIERS, AlertKind
from domain.relationship.priority import Priority, priority
from domain.state import DESK, FILE, Customer
from domain.words import duration
from schemas.fields import moment
from schemas.outputs import Alert, output_id

KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}
MAX_HELD = 8
REASON_KEPT = 300
CAUSES_KEPT = 3


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
    channel: str | None = None,
    about: str = "",
    **details: Any,
) -> bool:
    """Add an alert to the outputs unless its rule, cooldown or cap forbids; whether it was added.

    ``of`` names the cause in the alert's id where it is not the event (same cause, same id);
    ``steps`` are the event ids behind it where there are several; ``channel`` is what it comes
    through where that is not the event's; ``about`` tells waiting alerts apart; ``details`` are
    further fields of Alert. One that respects quiet hours waits in them.
    """
    rule = getattr(cause.policy.alerts.rules, kind)
    if cause.quiet or not rule.enabled:
        return False
    channel = channel or cause.channel
    urgency = _urgency(customer, cause, tier, severe, figures)
    if not wanted(
        customer, rule, tier=tier, priority=urgency.priority, channel=channel, figures=figures
    ):
        return False
    if rule.quiet_hours == "respect":
        until = quiet_end(customer, cause.ctx.now, cause.policy)
        if until is not None:
            event_id = cause.event_id or ""
            held = Held(until, KIND_INDEX[kind], cause.at, event_id, channel or "", reason, about)
            _hold(customer, held, cause)
            return False
    if not allowed(customer, cause, KIND_INDEX[kind], rule):
        customer.core.suppressed_alerts += 1
        return False
    alert = _alert(
        customer,
        cause,
        kind,
        alert_id=output_id(kind, customer.customer_id, of or cause.event_id or cause.at),
        tier=TIERS[tier],
        priority=urgency.priority,
        priority_reason=urgency.reason,
        cause=cause.event_ids if steps is None else steps,
        reason=reason[:1_000],
        figures=figures,
        **details,
    )
    cause.outputs.append(alert)
    _open(customer, alert, cause)
    return True


def raise_again(customer: Customer, opened: Open, cause: Cause) -> None:
    """Raise an alert that nobody acknowledged, one level up; ``cause.at`` is when that was due."""
    kind = KINDS[opened.kind]
    waited = cause.at - opened.raised
    opened.level += 1
    opened.since = cause.at
    if getattr(cause.policy.alerts.rules, kind).enabled:  # else it was switched off meanwhile
        words = (
            f"Nobody acknowledged an alert of priority 1 within {duration(waited)}: raised again"
            f" at level {opened.level}. {opened.reason}"
        )
        alert = _alert(
            customer,
            cause,
            kind,
            alert_id=open_alerts.id_at(opened.number, opened.level),
            tier=TIERS[customer.core.tier],
            priority=1,
            level=opened.level,
            raises_again=opened.number.hex(),
            cause=opened.cause,
            reason=words[:1_000],
            complaint_id=opened.complaint_id or None,
            figures={"waited_seconds": waited / 1_000},
        )
        cause.outputs.append(alert)
    open_alerts.plan(opened, cause.policy.alerts)


def owner_of(customer: Customer) -> str | None:
    """The relationship manager, if the profile names one."""
    if not customer.has(FILE):
        return None
    register = customer.file.fields.get("owner_id")
    return None if register is None or register[2] is None else str(register[2])


def _alert(customer: Customer, judged: Cause, kind: AlertKind, **fields: Any) -> Alert:
    """An alert with what every alert says of its customer, its rule and its times."""
    return Alert(
        kind=kind,
        customer_id=customer.customer_id,
        owner_id=owner_of(customer),
        segment=customer.core.segment or None,
        occurred_at=judged.when,
        raised_at=moment(judged.ctx.now),
        late=judged.ctx.late,
        suggested_action=getattr(judged.policy.alerts.rules, kind).action,
        **fields,
    )


def _urgency(
    customer: Customer, cause: Cause, tier: int, severe: bool, figures: dict[str, float] | None
) -> Priority:
    clock = max(customer.core.newest, customer.core.judged)
    return priority(
        tier,
        cause.policy.relationship,
        severe=severe,
        churn_risk=figures.get("churn_risk") if figures else None,
        churn_high=customer.core.churn_high,
        outrage=outrage(customer, clock, cause.policy, judged=True).outraged,
    )


def _open(customer: Customer, alert: Alert, cause: Cause) -> None:
    """Keep an alert that was just raised, so that the desk may act on it."""
    now = cause.ctx.now
    opened = Open(
        number=bytes.fromhex(alert.alert_id),
        kind=KIND_INDEX[alert.kind],  # type: ignore[index]
        at=cause.at,
        raised=now,
        since=now,
        priority=alert.priority,
        level=alert.level or 1,
        reason=alert.reason[:REASON_KEPT],
        cause=alert.cause[:CAUSES_KEPT],
        complaint_id=alert.complaint_id or "",
    )
    open_alerts.plan(opened, cause.policy.alerts)
    open_alerts.keep(customer, opened, cause.policy.alerts)


def _hold(customer: Customer, held: Held, cause: Cause) -> None:
    """Let an alert wait; the oldest of more than 8 is given up and counted."""
    waiting = customer.desk.held
    waiting.append(held)
    waiting.sort(key=lambda each: (each.at, each.event_id))
    customer.core.suppressed_alerts += len(waiting[:-MAX_HELD])
    del waiting[:-MAX_HELD]
    customer.touch(DESK)
    open_alerts.tidy(customer, cause.policy.alerts)

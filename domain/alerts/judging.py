"""Alerts: what the rules want told is judged, once for an event or a due time, at its end.

Consent, quiet hours, condition, cooldown, caps, priority and owner are those of the state as it
is when all rules have had their say, so it does not matter which of them spoke first.
"""

from __future__ import annotations

from typing import Any, Final

from domain.alerts import ids, open_alerts
from domain.alerts.limits import allowed, passes
from domain.alerts.offer_window import is_closed
from domain.alerts.priority import Priority, priority
from domain.complaints.playbook import next_step
from domain.customer.cause import Cause
from domain.customer.consent import quiet_end
from domain.customer.effects import Wanted
from domain.customer.parts import Held, Open
from domain.customer.profile import owner_of
from domain.customer.state import DESK, Customer
from domain.experience.outrage import outrage
from domain.kernel.scales import TIERS
from domain.kernel.wording import Wording
from domain.policy.alerts import ALERT_INDEX, ALERT_KINDS, AlertKind
from schemas.fields import moment, rfc3339
from schemas.outputs import Alert
from schemas.told import SENTENCE_CHARACTERS

REASON_KEPT = 300
CAUSES_KEPT = 3
RAISED_AGAIN: Final = Wording(
    "alert.raised_again",
    "Nobody acknowledged an alert of priority 1 within {waited:said}: raised again at level"
    " {level}. {why:said}",
)


def judge(customer: Customer, cause: Cause) -> None:
    """Judge what the rules want told, in their order, on the state as it is after all of them."""
    for wanted in cause.wanted:
        raise_alert(customer, wanted, cause)


def raise_alert(customer: Customer, wanted: Wanted, cause: Cause) -> None:
    """Add an alert to the outputs unless its rule, cooldown or cap forbids.

    One that respects quiet hours waits in them, and is judged when they are over.
    """
    kind, at, event_id, channel = wanted.kind, wanted.at, wanted.event_id, wanted.channel
    rule = getattr(cause.policy.alerts.rules, kind)
    if not rule.enabled:
        return
    if wanted.about and is_closed(customer, wanted.about, at):
        return
    if rule.quiet_hours == "respect":
        until = quiet_end(customer, cause.ctx.now, cause.policy)
        if until is not None:
            held = Held(
                until, ALERT_INDEX[kind], at, event_id or "", channel or "", str(wanted.reason),
                wanted.about, wanted.event_type, wanted.reason.key, wanted.reason.args,
            )  # fmt: skip
            _hold(customer, held, cause)
            return
    urgency = _urgency(customer, wanted, cause)
    if not passes(customer, wanted, rule, urgency.priority):
        return
    if not allowed(customer, at, ALERT_INDEX[kind], rule, cause.policy.alerts):
        customer.core.suppressed_alerts += 1
        return
    named = wanted.of or ((wanted.event_type, event_id) if event_id else (at,))
    steps = wanted.steps if wanted.steps is not None else (event_id,) if event_id else ()
    alert = _alert(
        customer,
        cause,
        kind,
        at,
        alert_id=ids.first_id(kind, customer.customer_id, *named),
        tier=TIERS[wanted.tier],
        priority=urgency.priority,
        priority_reason=urgency.reason,
        cause=steps,
        reason=wanted.reason.cut(SENTENCE_CHARACTERS),
        figures=wanted.figures,
        complaint_id=wanted.complaint_id,
        level=wanted.level,
        overdue_seconds=wanted.overdue_seconds,
        history=wanted.history,
        **_next(customer, wanted.complaint_id, cause),
    )
    cause.outputs.append(alert)
    _open(customer, alert, at, cause)


def raise_again(customer: Customer, opened: Open, cause: Cause) -> None:
    """Raise an alert that nobody acknowledged, one level up; ``cause.at`` is when that was due."""
    kind = ALERT_KINDS[opened.kind]
    waited = cause.policy.complaints.calendar.waited(opened.raised, cause.at)
    opened.level += 1
    opened.since = cause.at
    if getattr(cause.policy.alerts.rules, kind).enabled:  # else it was switched off meanwhile
        words = RAISED_AGAIN(waited=waited, level=opened.level, why=open_alerts.words_of(opened))
        alert = _alert(
            customer,
            cause,
            kind,
            cause.at,
            alert_id=ids.id_at(opened.number, opened.level, customer.customer_id),
            tier=TIERS[customer.core.tier],
            priority=1,
            level=opened.level,
            raises_again=opened.number.hex(),
            cause=opened.cause,
            reason=words.cut(SENTENCE_CHARACTERS),
            complaint_id=opened.complaint_id or None,
            figures={"waited_seconds": (cause.at - opened.raised) / 1_000},
            **_next(customer, opened.complaint_id, cause),
        )
        cause.outputs.append(alert)
        opened.newest = bytes.fromhex(alert.alert_id)
    open_alerts.plan(opened, cause.policy)


def _alert(
    customer: Customer,
    judged: Cause,
    kind: AlertKind,
    at: int,
    *,
    figures: dict[str, float] | None,
    **fields: Any,
) -> Alert:
    """An alert with what every alert says of its customer, its rule and its times.

    A whole number among the figures, such as a severity, is written as the others are: 2.0.
    """
    return Alert(
        kind=kind,
        customer_id=customer.customer_id,
        owner_id=owner_of(customer),
        segment=customer.core.segment or None,
        occurred_at=rfc3339(moment(at)),
        raised_at=rfc3339(moment(judged.ctx.now)),
        late=judged.ctx.late,
        suggested_action=getattr(judged.policy.alerts.rules, kind).action,
        figures=figures and {name: float(figure) for name, figure in figures.items()},
        **fields,
    )


def _next(customer: Customer, complaint_id: str | None, cause: Cause) -> dict[str, str | None]:
    """Which step of its complaint comes next, and what solves its kind."""
    step, solution = next_step(customer, complaint_id, cause.policy)
    return {"next_step": step, "solution": solution}


def _urgency(customer: Customer, wanted: Wanted, cause: Cause) -> Priority:
    core, figures = customer.core, wanted.figures
    clock = max(core.newest, core.judged)
    return priority(
        wanted.tier,
        cause.policy.relationship,
        severe=wanted.severe,
        churn_risk=figures.get("churn_risk") if figures else None,
        churn_high=core.churn_high,
        outrage=outrage(customer, clock, cause.policy, judged=True).outraged,
    )


def _open(customer: Customer, alert: Alert, at: int, cause: Cause) -> None:
    """Keep an alert that was just raised for a cause of ``at``, so that the desk may act on it."""
    now = cause.ctx.now
    opened = Open(
        number=bytes.fromhex(alert.alert_id),
        kind=ALERT_INDEX[alert.kind],  # type: ignore[index]
        at=at,
        raised=now,
        since=now,
        priority=alert.priority,
        level=alert.level or 1,
        reason=alert.reason[:REASON_KEPT],
        cause=alert.cause[:CAUSES_KEPT],
        complaint_id=alert.complaint_id or "",
        priority_reason=alert.priority_reason or "",
        late=alert.late,
        reason_key=alert.reason_key or "",
        reason_args=alert.reason_args or {},
    )
    open_alerts.plan(opened, cause.policy)
    open_alerts.keep(customer, opened, cause.policy)


def _hold(customer: Customer, held: Held, cause: Cause) -> None:
    """Let an alert wait; the oldest of more than 8 is given up and counted."""
    customer.desk.held.append(held)
    open_alerts.bound_held(customer)
    customer.touch(DESK)
    open_alerts.tidy(customer, cause.policy.alerts)

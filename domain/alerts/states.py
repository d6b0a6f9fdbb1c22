"""What is told of an alert's state: the topic `alert-states` has the newest of each.

It is worked out at the end of an event or a due time that touched what it hangs on, and told where
it is another than was told before. A state goes once its alert has been closed for `state_days`,
was open for too long (`open_days`, and a day in which an action may still come), is no longer kept,
or lies with another id of the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from xxhash import xxh3_64_intdigest

from domain.alerts import acts, open_alerts, settled
from domain.complaints.playbook import next_step
from domain.customer.cause import Cause
from domain.customer.parts import Open
from domain.customer.profile import owner_of
from domain.customer.state import CASES, DESK, FILE, Customer
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.policy.alerts import ALERT_KINDS, Alerts
from schemas.fields import moment, rfc3339
from schemas.outputs import AlertState, AlertStateDeleted, Output

HANG_ON = DESK | CASES | FILE
"""The parts of a customer whose change may be one of an alert's state."""
UNKNOWN_WORDS: Final = Wording("alert.unknown", "What this alert said is not kept any more.")

_encode = msgspec.msgpack.Encoder().encode


def tell(customer: Customer, cause: Cause, now: int) -> None:
    """Add to the outputs the state of each alert that is another at ``now`` (ms) than was told.

    That is the task clock, or the time that something was due: what falls due later has its turn.
    """
    if not customer.has(DESK):
        return
    desk = customer.desk
    moved = bool(desk.gone)
    cause.outputs += _deleted(desk.gone, cause)
    desk.gone = []
    for opened in desk.open:
        before = _moving(opened)
        _tell(customer, opened, cause, now)
        moved |= before != _moving(opened)
    if moved or 0 < customer.core.turn_due <= now:
        customer.touch(DESK)
        open_alerts.schedule(customer)


def replan(customer: Customer, policy: Policy) -> bool:
    """Time anew by another policy when states change; whether that is another time.

    What has none although it should is told at once.
    """
    if not customer.has(DESK):
        return False
    moved, clock = False, max(customer.core.newest, customer.core.judged)
    for opened in customer.desk.open:
        stands = acts.standing(opened, clock)
        turns, _ = _turns(opened, stands, policy.alerts)
        if not opened.told:
            turns = clock if clock < turns else 0
        moved |= turns != opened.turns
        opened.turns = turns
    if moved:
        customer.touch(DESK)
        open_alerts.schedule(customer)
    return moved


def withdraw(customer: Customer, cause: Cause) -> None:
    """Delete every state that was told, for the customer is to be kept here no longer."""
    if customer.has(DESK):
        told = [(each.number, each.kind) for each in customer.desk.open if each.told]
        cause.outputs += _deleted([*customer.desk.gone, *told], cause)


def _moving(opened: Open) -> tuple[int, ...]:
    return opened.told, opened.turns, opened.settled, opened.called, opened.due


def _tell(customer: Customer, opened: Open, cause: Cause, now: int) -> None:
    policy = cause.policy
    settled.judge(customer, opened, policy)
    stands = acts.standing(opened, now)
    turns, gone = _turns(opened, stands, policy.alerts)
    if now >= gone or (not opened.told and cause.ctx.now >= gone):  # what went is not told again
        if opened.told:
            cause.outputs += _deleted([(opened.number, opened.kind)], cause)
        _hide(opened)
        return
    opened.turns = turns
    tier, owner = customer.core.tier, owner_of(customer)
    asked = opened.due if stands.status in ("open", "snoozed") else 0
    hangs_on = (
        *stands, opened.level, opened.newest, asked, opened.note[:2], opened.assignee, tier, owner,
        *filter(None, next_step(customer, opened.complaint_id, policy)),
    )  # fmt: skip
    digest = xxh3_64_intdigest(_encode(hangs_on)) or 1
    if digest != opened.told:
        opened.told = digest
        cause.outputs.append(_state(customer, opened, stands, asked, cause))


def _turns(opened: Open, stands: acts.Standing, policy: Alerts) -> tuple[int, int]:
    """When (ms) the state next changes by time alone, and when it is to go."""
    gone = max(opened.at, opened.since) + policy.open_ms + LATENESS_MS
    if stands.closed:
        gone = min(gone, stands.since + policy.state_ms)
    return min(gone, stands.until or gone), gone


def _hide(opened: Open) -> None:
    """Nobody is shown the alert any more: its words are needed no longer than it may come again."""
    opened.told = opened.turns = 0
    opened.priority_reason, opened.note = "", (*opened.note[:2], "")
    if not opened.due:
        opened.reason, opened.cause = "", ()
        opened.reason_key, opened.reason_args = "", {}


def _state(
    customer: Customer, opened: Open, stands: acts.Standing, asked: int, cause: Cause
) -> AlertState:
    kind, core = ALERT_KINDS[opened.kind], customer.core
    step, solution = next_step(customer, opened.complaint_id, cause.policy)
    return AlertState(
        alert_id=opened.number.hex(),
        newest_id=(opened.newest or opened.number).hex(),
        kind=kind,
        customer_id=customer.customer_id,
        tier=TIERS[core.tier],
        owner_id=owner_of(customer),
        segment=core.segment or None,
        priority=opened.priority,
        priority_reason=opened.priority_reason or None,
        status=stands.status,
        level=opened.level,
        occurred_at=rfc3339(moment(opened.at)),
        raised_at=rfc3339(moment(opened.raised)),
        changed_at=rfc3339(moment(stands.since)),
        by=stands.by or None,
        note=opened.note[2] or None,
        assignee=opened.assignee or None,
        due_at=rfc3339(moment(asked)) if asked else None,
        until=rfc3339(moment(stands.until)) if stands.until else None,
        complaint_id=opened.complaint_id or None,
        cause=opened.cause,
        suggested_action=getattr(cause.policy.alerts.rules, kind).action,
        reason=open_alerts.words_of(opened) if opened.reason else UNKNOWN_WORDS(),
        late=opened.late,
        next_step=step,
        solution=solution,
    )


def _deleted(alerts: list[tuple[bytes, int]], cause: Cause) -> Iterator[Output]:
    for number, kind in alerts:
        yield AlertStateDeleted(
            alert_id=number.hex(),
            kind=ALERT_KINDS[kind],
            occurred_at=cause.when,
            reason="The alert is closed and old, or not kept here any more.",
        )

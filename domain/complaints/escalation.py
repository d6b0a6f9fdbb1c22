"""Escalation without anyone asking: level 1 at a missed acknowledgement, level 2 at a missed
resolution, level 3 at the regulator's limit. Every due level is raised once, in ascending order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.complaints import playbook
from domain.complaints.cycles import missed_levels
from domain.complaints.judged import judged
from domain.complaints.wordings import MISSED, NO_SEVERITY, SEVERITY
from domain.customer.cause import Cause
from domain.customer.lived import STATUSES, Cycle, Judged, Life
from domain.customer.parts import Case
from domain.customer.state import Customer
from domain.kernel.order import id_of
from domain.kernel.scales import CHANNELS, TIERS
from domain.policy import Policy
from domain.tiers.known import tier_history
from schemas import outputs
from schemas.fields import moment, rfc3339

MAX_STEPS = 32
"""Most steps that are kept of a complaint, and escalation levels of so many cycles."""


class Missed(NamedTuple):
    """A level of escalation: when it is due (ms), and what of."""

    due: int
    level: int
    case: Case
    cycle: Cycle
    life: Life


def escalate(customer: Customer, cause: Cause) -> None:
    """Raise every level due at or before ``cause.at``, in ascending order."""
    due = [
        missed
        for each in judged(customer, cause.policy)
        for missed in pending(each)
        if missed.due <= cause.at
    ]
    due.sort(key=lambda missed: (missed.due, missed.level, missed.case.complaint_id))
    for missed in due:
        missed.case.raised.append((missed.cycle.start, missed.level))
        del missed.case.raised[: -3 * MAX_STEPS]
        _raise_level(customer, missed, cause)


def pending(each: Judged) -> Iterator[Missed]:
    """Every level that was missed or may yet be, and is not raised."""
    for cycle, limits in zip(each.life.cycles, each.dues, strict=True):
        for due, level in missed_levels(cycle, limits):
            if (cycle.start, level) not in each.case.raised:
                yield Missed(due, level, each.case, cycle, each.life)


def next_due(customer: Customer, policy: Policy) -> int:
    """When (ms) a level, or a tick that waits for its complaint, falls due next; 0: none does."""
    dues = [missed.due for each in judged(customer, policy) for missed in pending(each)]
    waits = playbook.due(customer)
    return min([*dues, waits] if waits else dues, default=0)


def _raise_level(customer: Customer, missed: Missed, cause: Cause) -> None:
    limit, level, case, cycle, lived = missed
    policy = cause.policy
    tier = tier_history(customer, policy).tier_at(limit)
    overdue_ms = max(0, cause.ctx.now - limit)
    severity = SEVERITY(severity=lived.severity) if lived.severity else NO_SEVERITY()
    cause.want(
        "complaint_escalated",
        MISSED[level - 1](
            complaint=case.complaint_id,
            grade=severity,
            status=STATUSES[lived.status],
            tier=TIERS[tier],
            after=limit - cycle.start,
            begun="reopened" if cycle.reopened else "opened",
            overdue=overdue_ms,
        ),
        tier=tier,
        at=limit,
        of=(case.complaint_id, id_of(cycle.event_id), level),
        severe=lived.severity >= policy.alerts.severe_from,
        figures={"level": float(level)} | ({"severity": lived.severity} if lived.severity else {}),
        channel=CHANNELS[cycle.channel],
        steps=tuple(id_of(step.event_id) for step in case.steps),
        level=level,
        complaint_id=case.complaint_id,
        overdue_seconds=overdue_ms / 1_000,
        history=tuple(
            outputs.Step(
                status=STATUSES[step.status],
                occurred_at=rfc3339(moment(step.at)),
                event_id=id_of(step.event_id),
            )
            for step in case.steps
        ),
    )

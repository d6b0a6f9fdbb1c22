"""The health record of one customer as it leaves the product."""

from __future__ import annotations

from domain.complaints.judged import counts
from domain.customer.state import LEDGER, MOOD, Customer
from domain.experience.record import promises_of
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.proactive.grade import Record, grade
from domain.proactive.inspections import due_of
from domain.proactive.record import counted, health_of
from schemas.fields import moment, rfc3339
from schemas.figures.health import HealthFigures


def health_figures(customer: Customer, clock: int, policy: Policy) -> HealthFigures:
    """All figures of the health record as of ``clock`` (ms)."""
    rules, health = policy.proactive, health_of(customer)
    found = counted(health, clock, rules)
    waiting, _ = counts(customer, clock, policy)
    since = clock - rules.days * MS_PER_DAY
    broken = sum(since < at <= clock for at in promises_of(customer, clock).broken_at)
    due = due_of(customer, clock, policy)
    due_at = None if due is None else rfc3339(moment(due.due))
    overdue = due is not None and due.due <= clock
    record = Record(
        complaints=waiting,
        promises=broken,
        contacts=found.failed,
        waits=found.waits,
        errors=found.errors,
        overdue=due_at if overdue and due_at is not None else "",
    )
    graded, reason = grade(record, rules.days, rules.grade)
    inspected = health.inspected
    return HealthFigures(
        grade=graded,
        grade_reason=reason,
        products=list(customer.ledger.products) if customer.has(LEDGER) else [],
        errors=found.errors,
        long_waits=found.waits,
        failed_contacts=found.failed,
        complaints_open=waiting,
        promises_broken=broken,
        promises_open=_promised(customer, clock),
        inspection_plan=None if due is None else due.plan,
        inspection_due_at=due_at,
        inspection_overdue=overdue,
        inspected_at=None if inspected is None else rfc3339(moment(inspected[0])),
        inspection_found=None if inspected is None else inspected[2] or None,
    )


def _promised(customer: Customer, clock: int) -> int:
    """Callbacks that are promised, not made and not due yet."""
    promises = customer.mood.promises if customer.has(MOOD) else ()
    return sum(bool(one.due) and not one.done_at and one.due > clock for one in promises)

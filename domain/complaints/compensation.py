"""Compensation: what is proposed to a customer whose complaint was resolved past its promise.

A proposal is a care task for a person to approve. There is one for each cycle of a complaint
that was resolved late: a cycle is taken for one already compensated where the two overlap and
no other cycle has been taken for it, so steps that come late make no second one. What is
remembered of a complaint: the proposals of the last 24 hours, as no cycle that ended before
them is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from domain.complaints.wordings import LATE, LESS
from domain.customer.cause import Cause
from domain.customer.lived import RESOLVED, Cycle, Judged
from domain.customer.parts import Step
from domain.customer.profile import owner_of
from domain.customer.state import CASES, Customer
from domain.kernel.order import id_of
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.policy.complaints import Compensation
from domain.tiers.known import tier_history
from schemas.fields import Tier, moment, rfc3339
from schemas.outputs import CareTask, output_id
from schemas.published import CAUSES
from schemas.told import Told


class Amount(NamedTuple):
    """What is due (base currency), before and after what was already paid, and for how long."""

    due: float
    rest: float
    days: int


def amount(tier: int, late_ms: int, paid: float, rules: Compensation) -> Amount:
    """By tier (index in TIERS) and lateness: a base and so much for each day begun, capped.

    >>> amount(3, 26 * 3_600_000, 50.0, Compensation())
    Amount(due=300.0, rest=250.0, days=2)
    >>> amount(0, 400 * 86_400_000, 0.0, Compensation()).due
    200.0
    """
    days = late_ms // MS_PER_DAY + 1
    due = min(rules.cap.of(tier), rules.base.of(tier) + days * rules.per_day.of(tier))
    return Amount(due, max(0.0, due - paid), days)


def propose(customer: Customer, judged: Iterable[Judged], cause: Cause) -> None:
    """Add a care task for each late cycle that has none yet."""
    if not cause.policy.complaints.compensation.enabled:
        return
    horizon = customer.core.newest - LATENESS_MS
    for each in judged:
        case = each.case
        if any(ended < horizon for _, ended in case.compensated):
            case.compensated = [mark for mark in case.compensated if mark[1] >= horizon]
            customer.touch(CASES)
        free = list(case.compensated)
        for cycle, due in zip(each.life.cycles, each.dues, strict=True):
            if cycle.ended is None or cycle.ended < max(horizon, due.resolve):
                continue
            if cycle.end_status != RESOLVED or _taken(free, cycle.start, cycle.ended):
                continue
            if _proposed(customer, each, cycle, due.resolve, cause):
                case.compensated.append((cycle.start, cycle.ended))
                customer.touch(CASES)


def _taken(free: list[tuple[int, int]], start: int, ended: int) -> bool:
    """Whether a proposal overlaps [start, ended]; it then stands for no other cycle."""
    for mark in free:
        if mark[0] <= ended and start <= mark[1]:
            free.remove(mark)
            return True
    return False


def _proposed(
    customer: Customer, each: Judged, cycle: Cycle, promised: int, cause: Cause
) -> CareTask | None:
    """The task for a late cycle; ``None`` where what was paid already is enough."""
    assert cycle.ended is not None
    policy, complaint_id = cause.policy, each.case.complaint_id
    rules, currency = policy.complaints.compensation, policy.currency.base
    tier = tier_history(customer, policy).tier_at(cycle.ended)
    late_ms, paid = cycle.ended - promised, _paid(each.case.steps, cycle.end_event_id)
    found = amount(tier, late_ms, paid, rules)
    if not found.rest:
        return None
    less = LESS(paid=paid) if paid else ""
    reason = LATE(
        complaint=complaint_id,
        tier=TIERS[tier],
        late=late_ms,
        base=rules.base.of(tier),
        days=found.days,
        per_day=rules.per_day.of(tier),
        most=rules.cap.of(tier),
        less=less,
        rest=found.rest,
        currency=currency,
    )
    because = tuple(id_of(step.event_id) for step in each.case.steps)[-CAUSES:]
    of, budget = (complaint_id, id_of(cycle.event_id)), found.rest
    return pay(
        customer, of, cause, tier=TIERS[tier], at=cycle.ended, budget=budget, reason=reason,
        because=because,
    )  # fmt: skip


def pay(
    customer: Customer, of: tuple[str, str], cause: Cause, *, tier: Tier, at: int, budget: float,
    reason: Told, because: tuple[str, ...],
) -> CareTask:  # fmt: skip
    """Propose to pay ``budget`` (base currency) for what ``of`` names, as of ``at`` (ms)."""
    rules = cause.policy.complaints.compensation
    task = CareTask(
        task_id=output_id("compensation", customer.customer_id, *of),
        customer_id=customer.customer_id,
        tier=tier,
        owner_id=owner_of(customer),
        occasion="compensation",
        means=rules.means,
        budget=budget,
        text_key=rules.text_key,
        due_at=rfc3339(moment(at + rules.due_ms)),
        occurred_at=rfc3339(moment(at)),
        reason=reason,
        cause=because,
    )
    cause.outputs.append(task)
    return task


def _paid(steps: list[Step], event_id: str) -> float:
    """What the step that resolved the complaint says was given."""
    return next((step.compensation for step in steps if step.event_id == event_id), 0.0)

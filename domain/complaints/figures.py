"""Each complaint of a customer as it leaves the product: where it stands, and its promises.

Those that are open, and those closed within 40 days: of older ones only the count is kept, so
what is said here does not depend on when they were folded.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.complaints import compensation, playbook
from domain.complaints import wordings as say
from domain.complaints.cycles import is_overdue, missed_levels
from domain.complaints.judged import judged
from domain.complaints.steps import KEEP_CLOSED_MS
from domain.customer.lived import OPENED, RESOLVED, STATUSES, Cycle, Dues, Judged
from domain.customer.state import Customer
from domain.kernel.scales import CHANNELS, FACTORS, TIERS
from domain.kernel.units import MS_PER_HOUR
from domain.policy import Policy
from domain.tiers.history import TierHistory
from domain.tiers.known import tier_history
from schemas.fields import moment, rfc3339
from schemas.figures import ComplaintFigures
from schemas.figures.complaints import PlaybookStep
from schemas.told import Told


def complaint_figures(customer: Customer, clock: int, policy: Policy) -> list[ComplaintFigures]:
    """The complaints as of ``clock`` (ms), the oldest first.

    Of the newest cycle: whether acknowledged and resolved in time (``None`` while neither kept
    nor broken, or never asked for), the hours each took, and when what is still owed is due.
    Over all cycles: promises kept and broken, the highest level of escalation reached, and
    compensation in base currency, given and still due for late resolutions.
    """
    horizon, history = clock - KEEP_CLOSED_MS, tier_history(customer, policy)
    kept = [
        each
        for each in judged(customer, policy)
        if each.life.open or each.case.steps[-1].at >= horizon
    ]
    kept.sort(key=lambda each: (each.case.steps[0].at, each.case.complaint_id))
    return [_figures(each, clock, history, policy) for each in kept]


class _Newest(NamedTuple):
    """The promises of the newest cycle; nothing of a complaint whose beginning has not come yet."""

    acknowledged_in_time: bool | None = None
    resolved_in_time: bool | None = None
    acknowledge_hours: float | None = None
    resolve_hours: float | None = None
    acknowledge_due_at: str | None = None
    resolve_due_at: str | None = None
    regulator_due_at: str | None = None


class _Whole(NamedTuple):
    """The promises of all cycles."""

    kept: int
    broken: int
    escalated_to: int


def _figures(each: Judged, clock: int, history: TierHistory, policy: Policy) -> ComplaintFigures:
    case, lived = each.case, each.life
    first = case.steps[0]
    opened = next((step for step in case.steps if step.status == OPENED and step.severity), first)
    next_step = playbook.next_of(case, lived, policy)
    start = lived.cycles[-1].start if lived.cycles else first.at
    tier, status = TIERS[history.tier_at(start)], STATUSES[lived.status]
    assert status != "", "a complaint has a step, and every first step gives it a status"
    newest, whole = _newest_cycle(each, clock), _all_cycles(each, clock)
    given, due = _compensation(each, history, policy)
    return ComplaintFigures(
        complaint_id=case.complaint_id,
        status=status,
        open=lived.open,
        overdue=is_overdue(each, clock),
        tier=tier,
        severity=lived.severity or None,
        factor=FACTORS[lived.factor - 1] if lived.factor else None,
        category=opened.category or None,
        product=opened.product or None,
        channel=CHANNELS[first.channel],
        complex=lived.complex,
        opened_at=rfc3339(moment(first.at)),
        cycle_began_at=rfc3339(moment(start)),
        reopened=sum(cycle.reopened for cycle in lived.cycles),
        open_hours=_hours(clock - start) if lived.open else None,
        acknowledged_in_time=newest.acknowledged_in_time,
        resolved_in_time=newest.resolved_in_time,
        acknowledge_hours=newest.acknowledge_hours,
        resolve_hours=newest.resolve_hours,
        acknowledge_due_at=newest.acknowledge_due_at,
        resolve_due_at=newest.resolve_due_at,
        regulator_due_at=newest.regulator_due_at,
        promises_kept=whole.kept,
        promises_broken=whole.broken,
        escalated_to=whole.escalated_to,
        compensation_given=given,
        compensation_due=due,
        reason=_reason(each, clock, status, tier),
        steps=[
            PlaybookStep(step=done.step, done_at=_text(done.at), by=done.by or None)
            for done in playbook.done(case, lived, policy)
        ],
        next_step=next_step.step,
        solution=next_step.solution,
    )


def _newest_cycle(each: Judged, clock: int) -> _Newest:
    if not each.life.cycles:
        return _Newest()
    cycle, dues = each.life.cycles[-1], each.dues[-1]
    resolved = cycle.ended if cycle.end_status == RESOLVED else None
    owed = cycle.ended is None
    return _Newest(
        acknowledged_in_time=_kept(cycle.acknowledged, dues.acknowledge, clock),
        resolved_in_time=_resolved_in_time(cycle, dues, clock),
        acknowledge_hours=_took(cycle, cycle.acknowledged),
        resolve_hours=_took(cycle, resolved),
        acknowledge_due_at=_text(dues.acknowledge if cycle.acknowledged is None else None),
        resolve_due_at=_text(dues.resolve if owed else None),
        regulator_due_at=_text(dues.regulator if owed else None),
    )


def _all_cycles(each: Judged, clock: int) -> _Whole:
    cycles = list(zip(each.life.cycles, each.dues, strict=True))
    answers = [_kept(cycle.acknowledged, dues.acknowledge, clock) for cycle, dues in cycles]
    answers += [_resolved_in_time(cycle, dues, clock) for cycle, dues in cycles]
    missed = [
        level for cycle, dues in cycles for due, level in missed_levels(cycle, dues) if due <= clock
    ]
    return _Whole(
        kept=sum(kept is True for kept in answers),
        broken=sum(kept is False for kept in answers),
        escalated_to=max(missed, default=0),
    )


def _kept(done: int | None, due: int, clock: int) -> bool | None:
    """Whether a promise was kept; ``None`` while it may be. At the due time it is too late."""
    if done is not None:
        return done < due
    return False if due <= clock else None


def _resolved_in_time(cycle: Cycle, dues: Dues, clock: int) -> bool | None:
    """As above; a complaint withdrawn in time had nothing resolved."""
    kept = _kept(cycle.ended, dues.resolve, clock)
    return None if kept and cycle.end_status != RESOLVED else kept


def _compensation(each: Judged, history: TierHistory, policy: Policy) -> tuple[float, float]:
    """What the steps say was given, and what the policy owes beyond for late resolutions."""
    rules, steps = policy.complaints.compensation, {one.event_id: one for one in each.case.steps}
    given, due = sum(step.compensation for step in each.case.steps), 0.0
    for cycle, dues in zip(each.life.cycles, each.dues, strict=True):
        if not rules.enabled or cycle.end_status != RESOLVED or cycle.ended is None:
            continue
        if cycle.ended >= dues.resolve:
            step = steps.get(cycle.end_event_id)
            paid = step.compensation if step is not None else 0.0
            late_ms = cycle.ended - dues.resolve
            due += compensation.amount(history.tier_at(cycle.ended), late_ms, paid, rules).rest
    return given, due


def _reason(each: Judged, clock: int, status: str, tier: str) -> Told:
    """Where the complaint stands, in a sentence."""
    if not each.life.cycles:
        return say.NO_BEGINNING()
    cycle, dues = each.life.cycles[-1], each.dues[-1]
    begun = say.REOPENED if cycle.reopened else say.OPENED
    parts = [begun(ago=max(0, clock - cycle.start), tier=tier)]
    if cycle.acknowledged is None:
        parts.append(say.NOT_ACKNOWLEDGED(when=_against(dues.acknowledge, clock)))
    if cycle.ended is None:
        parts.append(say.NOT_RESOLVED(when=_against(dues.resolve, clock)))
    else:
        took, late = cycle.ended - cycle.start, cycle.ended - dues.resolve
        if late >= 0:
            parts.append(say.ENDED_LATE(status=status, took=took, late=late))
        else:
            parts.append(say.ENDED(status=status, took=took))
    return say.STANDS(parts=parts)


def _against(due: int, clock: int) -> Told:
    return say.OVERDUE_BY(overdue=clock - due) if due <= clock else say.DUE_IN(left=due - clock)


def _took(cycle: Cycle, done: int | None) -> float | None:
    return None if done is None else _hours(done - cycle.start)


def _hours(milliseconds: int) -> float:
    return milliseconds / MS_PER_HOUR


def _text(at: int | None) -> str | None:
    return None if at is None else rfc3339(moment(at))

"""What the steps of one complaint amount to: its status, its cycles, its promises.

Worked out from the steps sorted by (at, event_id) each time, so the order in which they came
does not matter. A cycle begins with ``opened`` or ``reopened`` and ends with ``resolved`` or
``withdrawn``.
"""

from __future__ import annotations

from itertools import pairwise

from domain.customer.lived import (
    ACKNOWLEDGED,
    CLOSED,
    OPENED,
    REOPENED,
    RESOLVED,
    UNSEEN,
    WITHDRAWN,
    Cycle,
    Dues,
    Judged,
    Life,
)
from domain.customer.parts import Case, Moment, Step
from domain.kernel.scales import factor_index
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.policy.complaints import ComplaintPromises
from domain.tiers.history import TierHistory

LEGAL = frozenset(
    {
        (UNSEEN, OPENED),
        (OPENED, ACKNOWLEDGED),
        (OPENED, WITHDRAWN),
        (ACKNOWLEDGED, RESOLVED),
        (ACKNOWLEDGED, WITHDRAWN),
        (RESOLVED, REOPENED),
        (REOPENED, ACKNOWLEDGED),
        (REOPENED, WITHDRAWN),
    }
)
LEVELS = (1, 2, 3)


def life(case: Case) -> Life:
    """Replay the steps: one that does not fit the status before it changes but what it says.

    Of severity and of being complex the newest step that says it counts, for all cycles.

    A complaint whose ``opened`` has not come yet is open without a promise.
    """
    status, severity, factor, is_complex = UNSEEN, 0, 0, False
    cycles: list[Cycle] = []
    for step in case.steps:
        waiting = bool(cycles) and cycles[-1].ended is None
        if step.status == OPENED and not factor:
            factor = step.factor
        severity = step.severity or severity
        is_complex = step.complex or (is_complex and not step.simple)
        if step.status in (OPENED, REOPENED):
            if not waiting:
                cycles.append(_begun(step))
                status = step.status
        elif step.status == ACKNOWLEDGED:
            if status not in CLOSED:
                status = ACKNOWLEDGED
            if waiting and cycles[-1].acknowledged is None:
                cycles[-1] = cycles[-1]._replace(acknowledged=step.at)
        elif status not in CLOSED:
            status = step.status
            if waiting:
                cycles[-1] = _ended(cycles[-1], step)
    return Life(status, cycles, severity, factor, is_complex)


def reopened_after(lived: Life) -> int | None:
    """The shortest time (ms) from an end of the complaint to its reopening; ``None``: never was."""
    pairs = pairwise(lived.cycles)
    return min(
        (after.start - end.ended for end, after in pairs if end.ended is not None), default=None
    )


def _begun(step: Step) -> Cycle:
    reopened = step.status == REOPENED
    return Cycle(step.at, step.event_id, step.channel, reopened, None, None, UNSEEN, 0, "")


def _ended(cycle: Cycle, step: Step) -> Cycle:
    acknowledged = step.at if cycle.acknowledged is None else cycle.acknowledged
    return cycle._replace(
        acknowledged=acknowledged,
        ended=step.at,
        end_status=step.status,
        end_channel=step.channel,
        end_event_id=step.event_id,
    )


def dues(cycle: Cycle, is_complex: bool, history: TierHistory, policy: Policy) -> Dues:
    """The promises of a cycle: by the tier at its start, shortened by every later rise.

    A rise at time r makes it start + limit of the new tier, but never before r itself, nor before
    the bank is open again then. Promises count business time where the policy has a calendar; then
    none outlives the regulator's limit, which is in calendar days.

    >>> from domain.policy import Policy
    >>> cycle = Cycle(0, "e", 0, False, None, None, 0, 0, "")
    >>> day = 86_400_000
    >>> risen = TierHistory([(2 * day, 3)], [], 30 * day)
    >>> [due / day for due in dues(cycle, False, risen, Policy())]
    [1.0, 2.0, 15.0]
    """
    rule = policy.complaints
    acknowledge_ms = rule.acknowledge_hours.ms
    resolve_ms = (rule.complex_resolve_hours if is_complex else rule.resolve_hours).ms
    tier = history.tier_at(cycle.start)
    due = rule.calendar.due
    acknowledge = due(cycle.start, acknowledge_ms[tier])
    resolve = due(cycle.start, resolve_ms[tier])
    until = max(acknowledge, resolve)
    for turn in history.turns(cycle.start, until if cycle.ended is None else cycle.ended):
        tier, noticed = history.tier_at(turn), rule.calendar.opening(turn)
        if cycle.acknowledged is None or turn <= cycle.acknowledged:
            acknowledge = min(acknowledge, max(due(cycle.start, acknowledge_ms[tier]), noticed))
        resolve = min(resolve, max(due(cycle.start, resolve_ms[tier]), noticed))
    regulator = cycle.start + regulator_ms(rule, is_complex)
    if rule.calendar.enabled:
        acknowledge, resolve = min(acknowledge, regulator), min(resolve, regulator)
    return Dues(acknowledge, resolve, regulator)


def regulator_ms(rule: ComplaintPromises, is_complex: bool) -> int:
    """The regulator's limit in milliseconds."""
    days = rule.regulator_complex_days if is_complex else rule.regulator_days
    return round(days * MS_PER_DAY)


def judge(case: Case, history: TierHistory, policy: Policy) -> Judged:
    """Replay the steps, and work out the promises and the moments that follow."""
    lived = life(case)
    limits = [dues(cycle, lived.complex, history, policy) for cycle in lived.cycles]
    return Judged(case, lived, limits, _moments(lived, limits, policy))


def missed_levels(cycle: Cycle, due: Dues) -> list[tuple[int, int]]:
    """(due time, level) of every promise the cycle did not keep, or has not kept so far.

    A promise is judged at its due time: what happens in that very millisecond is too late, so
    that a timer that fires then and a step that comes later agree.
    """
    met = (cycle.acknowledged, cycle.ended, cycle.ended)
    return sorted(
        (limit, level)
        for level, limit, done in zip(LEVELS, due, met, strict=True)
        if done is None or done >= limit
    )


def is_overdue(judged: Judged, clock: int) -> bool:
    """Whether an open complaint waits past a promise: unacknowledged or unresolved."""
    if not judged.life.open or not judged.dues:
        return False
    cycle, due = judged.life.cycles[-1], judged.dues[-1]
    return due.resolve <= clock or (cycle.acknowledged is None and due.acknowledge <= clock)


def opening_score(severity: float) -> float:
    """How a complaint of this severity, 1-5, begins, on the scale 0-10."""
    return float(5 - severity)


def _moments(lived: Life, limits: list[Dues], policy: Policy) -> list[Moment]:
    """How grave each cycle began, and how it ended; all are moments of truth.

    A beginning whose severity never came has no score and is left out.
    """
    scores, weight = policy.satisfaction.scores, policy.satisfaction.weights.moment_of_truth
    factor = lived.factor or factor_index(policy.satisfaction.factors.complaint)
    found: list[Moment] = []
    for cycle, due in zip(lived.cycles, limits, strict=True):
        if lived.severity:
            score = opening_score(lived.severity)
            found.append(
                Moment(cycle.start, weight, score, factor, cycle.channel, 0, cycle.event_id)
            )
        if cycle.ended is None:
            continue
        if cycle.end_status == WITHDRAWN:
            score = scores.withdrawn
        else:
            in_time = cycle.ended < due.resolve
            score = scores.resolved_in_time if in_time else scores.resolved_late
        channel, event_id = cycle.end_channel, cycle.end_event_id
        found.append(Moment(cycle.ended, weight, score, factor, channel, 0, event_id))
    return found

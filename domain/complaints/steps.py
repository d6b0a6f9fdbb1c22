"""Complaints: steps are kept, and the promises that follow from them are judged.

Bounds per customer: 64 complaints of 32 steps. Closed ones older than 40 days leave first,
then the oldest closed ones, then (counted and signalled) the oldest open ones; the moments of
one that leaves stay in the satisfaction sums.
"""

from __future__ import annotations

from msgspec import structs

from domain.complaints import compensation, playbook
from domain.complaints.cycles import LEGAL, judge, reopened_after
from domain.complaints.escalation import MAX_STEPS, next_due, pending
from domain.complaints.judged import counts, judged
from domain.complaints.wordings import ABOUT, COMPLAINED, NO_SEVERITY, SEVERITY, TOO_MANY
from domain.customer.answers import note_failure
from domain.customer.cause import Cause, signal
from domain.customer.effects import Reported, Scored
from domain.customer.labels import labels_of
from domain.customer.lived import OPENED, REOPENED, STATUS_INDEX, Judged
from domain.customer.parts import Case, Cases, Moment, Step
from domain.customer.state import CASES, Customer
from domain.kernel import order
from domain.kernel.scales import CHANNEL_INDEX, TIERS, VIP, factor_index
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.satisfaction import sums
from domain.tiers.known import tier_history
from schemas.touchpoints import Complaint, Desk

MAX_CASES = 64
KEEP_CLOSED_MS = 40 * MS_PER_DAY


def take_step(customer: Customer, event: Complaint, cause: Cause) -> None:
    """Keep a step, judge the complaint anew, and raise ``vip_complaint`` where it begins."""
    core, policy = customer.core, cause.policy
    customer.touch(CASES)
    case = _case(customer, event.complaint_id, cause)
    before = next(each for each in judged(customer, policy) if each.case is case)
    step = _step(event, cause)
    if (before.life.status, step.status) not in LEGAL:
        case.irregular += 1
        core.irregular_steps += 1
    order.insert(case.steps, step, lambda kept: (kept.at, kept.event_id))
    if len(case.steps) > MAX_STEPS:
        # The beginning stays: it holds the factor, and what the step that leaves said of the rest.
        case.steps[:2] = [_with_what(case.steps[0], case.steps[1])]
        case.dropped_steps += 1
    after = judge(case, tier_history(customer, policy), policy)
    known = judged(customer, policy)
    customer.judged = [after if each.case is case else each for each in known]
    _recount(customer, cause)
    playbook.tidy(case, after.life, core.newest)
    if step.status == OPENED:
        playbook.check(customer, case, case.ticks, cause)
    customer.reschedule()
    _count_moments(customer, set(before.moments), set(after.moments), cause)
    if step.status == OPENED:
        note_failure(customer, step.event_id, cause.at)
    if step.status == OPENED and policy.complaints.systemic.enabled:
        about = (step.category, step.product, event.channel)
        cause.effects.append(Reported(cause.at, *about, event.event_id))
    if step.status in (OPENED, REOPENED) and core.tier >= VIP:
        _raise_vip_complaint(customer, after, event, cause)


def take_tick(customer: Customer, event: Desk, cause: Cause) -> None:
    """Tick off a step of the playbook."""
    playbook.take(customer, event, cause)
    _recount(customer, cause)
    customer.reschedule()


def refresh(customer: Customer, cause: Cause) -> None:
    """Judge all complaints anew after a tier change or a due time; set counts and timer."""
    customer.judged = None
    _recount(customer, cause)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's complaints be of this one, with their promises and what was raised."""
    customer.touch(CASES)
    core, cases = customer.core, customer.cases.cases
    if other.cases.reopened_after >= 0:
        _keep_soonest(customer.cases, other.cases.reopened_after)
    known = {case.complaint_id: case for case in cases}
    for case in other.cases.cases:
        same = known.get(case.complaint_id)
        if same is None:
            cases.append(case)
        else:
            core.complaints -= 1
            _join_case(same, case)
    playbook.join(customer, other)
    customer.judged = None
    while len(cases) > MAX_CASES:
        _make_room(customer, cause)


# -- inside -------------------------------------------------------------------------------


def _recount(customer: Customer, cause: Cause) -> None:
    """Work out counts and the next due level; propose what is owed for late resolutions."""
    core, policy = customer.core, cause.policy
    customer.touch(CASES)
    compensation.propose(customer, judged(customer, policy), cause)
    playbook.adopt(customer, cause)
    _fold_outdated(customer, policy)
    starts = [each.case.steps[0].at for each in judged(customer, policy)]
    core.complaint_due, core.oldest_complaint = next_due(customer, policy), min(starts, default=0)
    waiting, overdue = counts(customer, max(core.newest, core.judged), policy)
    core.complaints_open, core.complaints_overdue = waiting, overdue


def _case(customer: Customer, complaint_id: str, cause: Cause) -> Case:
    cases = customer.cases.cases
    for case in cases:
        if case.complaint_id == complaint_id:
            return case
    if len(cases) >= MAX_CASES:
        _make_room(customer, cause)
    case = Case(complaint_id)
    cases.append(case)
    customer.judged = None
    customer.core.complaints += 1
    return case


def _join_case(case: Case, other: Case) -> None:
    """Let one complaint that was told of under two ids be one."""
    steps = [*case.steps, *other.steps]
    case.steps = sorted(steps, key=lambda kept: (kept.at, order.rank(kept.event_id)))
    while len(case.steps) > MAX_STEPS:
        del case.steps[1]
        case.dropped_steps += 1
    case.raised = [*case.raised, *(each for each in other.raised if each not in case.raised)]
    case.compensated = sorted({*case.compensated, *other.compensated})
    case.ticks = sorted([*case.ticks, *other.ticks], key=order.place)
    case.irregular += other.irregular
    case.dropped_steps += other.dropped_steps


def _step(event: Complaint, cause: Cause) -> Step:
    return Step(
        at=cause.at,
        event_id=cause.mark,
        status=STATUS_INDEX[event.status],
        channel=CHANNEL_INDEX[event.channel],
        severity=event.severity or 0,
        factor=factor_index(event.factor),
        category=event.category or "",
        product=event.product or "",
        complex=bool(event.complex),
        simple=event.complex is False,
        compensation=event.compensation or 0.0,
    )


def _with_what(first: Step, left: Step) -> Step:
    """The first step, with severity and complexity as the one after it left them."""
    return structs.replace(
        first,
        severity=left.severity or first.severity,
        complex=left.complex or (first.complex and not left.simple),
    )


def _fold_outdated(customer: Customer, policy: Policy) -> None:
    horizon = customer.core.newest - KEEP_CLOSED_MS
    for each in judged(customer, policy):
        outdated = each.case.steps[-1].at < horizon and not each.life.open
        if outdated and not any(pending(each)):
            _fold(customer, each, policy)


def _make_room(customer: Customer, cause: Cause) -> None:
    """Fold the oldest closed complaint, else the oldest open one, which is signalled."""
    kept = judged(customer, cause.policy)
    closed = [each for each in kept if not each.life.open]
    oldest = min(closed or kept, key=lambda each: each.case.steps[-1].at)
    if not closed:
        signal(
            customer,
            cause,
            "complaint_overflow",
            TOO_MANY(
                customer=customer.customer_id,
                most=MAX_CASES,
                complaint=oldest.case.complaint_id,
            ),
        )
    _fold(customer, oldest, cause.policy)


def _fold(customer: Customer, each: Judged, policy: Policy) -> None:
    after = reopened_after(each.life)
    if after is not None:
        _keep_soonest(customer.cases, after)
    for scored in each.moments:
        sums.add(customer, scored, policy)
    customer.cases.cases.remove(each.case)
    customer.judged = None


def _keep_soonest(cases: Cases, after: int) -> None:
    known = cases.reopened_after
    cases.reopened_after = after if known < 0 else min(known, after)


def _count_moments(
    customer: Customer, before: set[Moment], after: set[Moment], cause: Cause
) -> None:
    """Bring the partition's scorecards from the moments before a step to those after it."""
    labels = labels_of(customer)
    for sign, changed in ((-1.0, before - after), (1.0, after - before)):
        cause.effects += [Scored(scored, labels, sign) for scored in sorted(changed)]


def _raise_vip_complaint(customer: Customer, found: Judged, event: Complaint, cause: Cause) -> None:
    policy = cause.policy
    case, lived = found.case, found.life
    tier = customer.core.tier
    grade = SEVERITY(severity=lived.severity) if lived.severity else NO_SEVERITY()
    about = ABOUT(category=event.category) if event.category else ""
    rule = policy.complaints
    promised = rule.calendar.promise(rule.acknowledge_hours.ms[tier])
    cause.want(
        "vip_complaint",
        COMPLAINED(
            tier=TIERS[tier], status=event.status, grade=grade, about=about, promised=promised
        ),
        tier=tier,
        severe=lived.severity >= policy.alerts.severe_from,
        figures={"severity": float(lived.severity)} if lived.severity else None,
        complaint_id=case.complaint_id,
    )

"""The care tasks of a customer: whichever rule proposed them, they live the same life.

What a rule proposes is taken over at the end of its event. ``care`` events move the tasks; what
moves none waits 24 hours, for it may have come before what makes it fit, and is then signalled:
each of them, none is lost. Bounds: 64 tasks, of which those that ended leave first (they count on
as numbers), then the oldest, told as expired; 32 waiting steps, of which the oldest is signalled
at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from domain.care import life
from domain.care import wordings as say
from domain.customer.cause import Cause
from domain.customer.parts import Care as Kept
from domain.customer.parts import Cared, CareStep
from domain.customer.profile import owner_of
from domain.customer.state import CARE, Customer
from domain.kernel import order
from domain.kernel.days import day_of
from domain.kernel.scales import CHANNEL_INDEX, CHANNELS, TIERS
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.policy.care import CareRules
from schemas.fields import milliseconds, moment, rfc3339
from schemas.outputs import CareTask, Signal, output_id
from schemas.told import Told
from schemas.touchpoints import Care

MAX_TASKS: Final = 64
MAX_WAITING: Final = 32
MAX_WEEK: Final = 32
"""Services count in a week without a cap: of so many the oldest tell nothing more."""
FOLLOW_UP: Final = "care_follow_up"
_NO_CHANNEL: Final = -1
_ACTIONS: Final = {number: name for name, number in life.ACTION_INDEX.items()}
_SHOWN: Final = 64
_OF_STATE: Final = {life.APPROVED: say.APPROVED, life.DECLINED: say.DECLINED}


def adopt(customer: Customer, cause: Cause) -> bool:
    """Keep every task that was just proposed; whether there was any."""
    proposed = [
        each
        for each in cause.outputs
        if type(each) is CareTask and each.state == "proposed" and not knows(customer, each.task_id)
    ]
    for each in proposed:
        keep(customer, each, _ms(each.due_at) + cause.policy.care.expire_ms, cause)
    return bool(proposed)


def keep(customer: Customer, told: CareTask, expires: int, cause: Cause) -> None:
    """Keep a task that expires then (ms), and let steps that came before it count."""
    at, due = _ms(told.occurred_at), _ms(told.due_at)
    task = Cared(
        task_id=told.task_id,
        occasion=told.occasion,
        means=told.means,
        text_key=told.text_key,
        at=at,
        due=due,
        expires=max(at, expires),
        budget=float(told.budget),
        channel=_NO_CHANNEL if told.channel is None else CHANNEL_INDEX[told.channel],
        plan=told.plan or "",
        approver=told.approver or "",
        told=life.STATE_INDEX[told.state],
    )
    customer.care.tasks.append(task)
    customer.touch(CARE)
    if customer.care.waiting:
        _settle(customer, task, [], cause)


def knows(customer: Customer, task_id: str) -> bool:
    """Whether a task is kept."""
    return customer.has(CARE) and _find(customer.care, task_id) is not None


def take(customer: Customer, event: Care, cause: Cause) -> None:
    """Let an event of care move its task, or wait for what makes it fit; an inspection has none."""
    if event.task_id is None:
        return
    step = CareStep(
        cause.at,
        cause.mark,
        life.ACTION_INDEX[event.action],
        0.0 if event.score is None else float(event.score),
        -1.0 if event.cost is None else float(event.cost),
    )
    care, task = customer.care, _find(customer.care, event.task_id)
    customer.touch(CARE)
    if task is None:
        care.waiting.append((event.task_id, step))
    else:
        _settle(customer, task, [step], cause)


def tidy(customer: Customer, cause: Cause) -> None:
    """Tell what moved by time alone, signal what fits nowhere, forget what has ended."""
    if not customer.has(CARE):
        return
    care, rules = customer.care, cause.policy.care
    clock = clock_of(customer)
    for task in care.tasks:
        _tell(customer, task, cause)
    old = [each for each in care.waiting if each[1].at + LATENESS_MS < clock]
    care.waiting = sorted(
        (each for each in care.waiting if each[1].at + LATENESS_MS >= clock),
        key=lambda each: order.place(each[1]),
    )
    old += care.waiting[:-MAX_WAITING]
    del care.waiting[:-MAX_WAITING]
    for task_id, step in old:
        _signal(customer, task_id, step, cause)
    care.unmatched += len(old)
    left: list[Cared] = []
    for task in care.tasks:
        ended = life.ended_at(task, life.state_of(task, clock), rules)
        if ended is not None and ended + LATENESS_MS < clock:
            left.append(task)
    if crowded := len(care.tasks) - len(left) - MAX_TASKS:
        rest = [task for task in care.tasks if task not in left]
        rest.sort(key=lambda task: (life.state_of(task, clock) in life.OPEN, task.at, task.task_id))
        left += rest[: max(0, crowded)]
    for task in left:
        _leave(customer, task, clock, cause)
    if left or old:
        customer.touch(CARE)


def next_due(customer: Customer) -> int:
    """When (ms) the tasks next have something to say by time alone; 0: never."""
    if not customer.has(CARE):
        return 0
    care, clock = customer.care, clock_of(customer)
    dues = [task.expires for task in care.tasks if life.state_of(task, clock) in life.OPEN]
    dues += [step.at + LATENESS_MS + 1 for _, step in care.waiting]
    return min(dues, default=0)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's tasks, marks and numbers be of this one."""
    mine, theirs = customer.care, other.care
    customer.touch(CARE)
    known = {task.task_id for task in mine.tasks}
    mine.tasks += [task for task in theirs.tasks if task.task_id not in known]
    mine.waiting += theirs.waiting
    for occasion, day in theirs.made.items():
        mine.made[occasion] = max(day, mine.made.get(occasion, day))
    mine.week = sorted([*mine.week, *theirs.week])[-MAX_WEEK:]
    later = {name: at for at, name in sorted([*mine.later, *theirs.later], reverse=True)}
    mine.later = sorted((at, name) for name, at in later.items())
    mine.judged = max(mine.judged, theirs.judged)
    for state, count in theirs.gone.items():
        mine.gone[state] = mine.gone.get(state, 0) + count
    mine.rated += theirs.rated
    mine.score_sum += theirs.score_sum
    mine.spent += theirs.spent
    mine.last_done = max(mine.last_done, theirs.last_done)
    mine.left_out += theirs.left_out
    mine.unmatched += theirs.unmatched
    waiting = {task_id for task_id, _ in mine.waiting}
    for task in mine.tasks:
        if task.task_id in waiting:
            _settle(customer, task, [], cause)


def clock_of(customer: Customer) -> int:
    """How far (ms) the tasks are judged: the newest event, or what fell due."""
    newest = customer.core.newest
    return max(newest, customer.care.judged) if customer.has(CARE) else newest


# -- inside ------------------------------------------------------------------------------


def _find(care: Kept, task_id: str) -> Cared | None:
    return next((task for task in care.tasks if task.task_id == task_id), None)


def _settle(customer: Customer, task: Cared, new: list[CareStep], cause: Cause) -> None:
    """Walk a task's steps anew: with those that waited, and with new ones."""
    care, rules = customer.care, cause.policy.care
    waited = [step for task_id, step in care.waiting if task_id == task.task_id]
    steps = [*task.steps, *waited, *new]
    found = life.walk(task, steps, clock_of(customer), rules)
    task.steps = found.taken
    care.waiting = [each for each in care.waiting if each[0] != task.task_id]
    care.waiting += [(task.task_id, step) for step in found.strange]
    if (done := life.done_step(task)) is not None:
        care.last_done = max(care.last_done, done.at)
    customer.touch(CARE)
    _tell(customer, task, cause)
    score = life.score_of(task)
    if score is not None and score <= rules.low_feedback and not task.followed:
        task.followed = True
        if task.occasion != FOLLOW_UP:
            _follow_up(customer, task, score, cause)


def _tell(customer: Customer, task: Cared, cause: Cause) -> None:
    """Tell the state of a task where it is another than was told."""
    state = life.state_of(task, clock_of(customer))
    if state == task.told:
        return
    task.told = state
    customer.touch(CARE)
    rules, last = cause.policy.care, task.steps[-1] if task.steps else None
    at = task.expires if state == life.EXPIRED or last is None else last.at
    day = _day(at)
    reason: Told
    if state == life.DONE:
        reason = say.DONE(day=day, days=rules.feedback_days)
    elif state == life.FEEDBACK:
        reason = say.FEEDBACK(day=day, score=life.score_of(task) or 0.0)
    elif state == life.EXPIRED:
        reason = say.EXPIRED(day=day)
    else:
        reason = _OF_STATE[state](day=day)
    cause.outputs.append(_record(customer, task, state, (at, reason), rules))


def _record(
    customer: Customer, task: Cared, state: int, why: tuple[int, Told], rules: CareRules
) -> CareTask:
    last = task.steps[-1] if task.steps else None
    due = life.feedback_due(task, rules)
    cost = -1.0 if last is None else last.cost
    at, reason = why
    return CareTask(
        task_id=task.task_id,
        customer_id=customer.customer_id,
        tier=TIERS[customer.core.tier],
        owner_id=owner_of(customer),
        occasion=task.occasion,
        means=task.means,
        channel=None if task.channel == _NO_CHANNEL else CHANNELS[task.channel],
        budget=task.budget,
        text_key=task.text_key,
        due_at=rfc3339(moment(task.due)),
        state=life.STATES[state],
        cause=() if last is None or state == life.EXPIRED else (order.id_of(last.mark),),
        plan=task.plan or None,
        approver=task.approver or None,
        cost=cost if cost >= 0 else None,
        score=life.score_of(task),
        feedback_due_at=None if due is None else rfc3339(moment(due)),
        occurred_at=rfc3339(moment(at)),
        reason=reason,
    )


def _follow_up(customer: Customer, task: Cared, score: float, cause: Cause) -> None:
    """One task more for what went wrong: a service, for which nobody's consent is asked."""
    rules, last = cause.policy.care, task.steps[-1]
    due = last.at + round(rules.follow_up_days * MS_PER_DAY)
    told = CareTask(
        task_id=output_id("care_follow_up", customer.customer_id, task.task_id),
        customer_id=customer.customer_id,
        tier=TIERS[customer.core.tier],
        owner_id=owner_of(customer),
        occasion=FOLLOW_UP,
        means="follow-up call",
        text_key="care.follow_up",
        due_at=rfc3339(moment(due)),
        occurred_at=rfc3339(moment(last.at)),
        reason=say.FOLLOW_UP(
            score=score, occasion=task.occasion, line=rules.low_feedback, days=rules.follow_up_days
        ),
        cause=(order.id_of(last.mark),),
    )
    cause.outputs.append(told)
    keep(customer, told, due + rules.expire_ms, cause)


def _leave(customer: Customer, task: Cared, clock: int, cause: Cause) -> None:
    """Keep of a task no more than numbers; one that is open is given up."""
    care, state = customer.care, life.state_of(task, clock)
    if state in life.OPEN:
        state = life.EXPIRED
        reason = say.CROWDED(most=MAX_TASKS)
        cause.outputs.append(
            _record(customer, task, state, (max(task.at, clock), reason), cause.policy.care)
        )
    care.tasks.remove(task)
    care.gone[state] = care.gone.get(state, 0) + 1
    if (score := life.score_of(task)) is not None:
        care.rated += 1
        care.score_sum += score
    care.spent += life.spent_on(task)


def _signal(customer: Customer, task_id: str, step: CareStep, cause: Cause) -> None:
    """Tell the operator of a step that moves nothing: each of them, however many."""
    task, event_id = _find(customer.care, task_id), order.id_of(step.mark)
    name, shown = customer.customer_id, task_id[:_SHOWN]
    action = _ACTIONS[step.action]
    if task is None:
        kind, reason = "care_unknown", say.UNKNOWN(customer=name, task=shown, action=action)
    else:
        kind = "care_out_of_order"
        before = [each for each in task.steps if order.place(each) < order.place(step)]
        state = before[-1].action if before else life.PROPOSED
        if state in life.OPEN and step.at >= task.expires:
            state = life.EXPIRED
        reason = say.OUT_OF_ORDER(
            customer=name, task=shown, state=life.STATES[state], action=action
        )
    cause.outputs.append(
        Signal(
            signal_id=output_id("signal", kind, name, event_id),
            kind=kind,
            customer_id=name,
            occurred_at=rfc3339(moment(step.at)),
            labels={},
            reason=reason,
            cause=(event_id,),
        )
    )


def _day(at: int) -> str:
    return day_of(at // MS_PER_DAY).isoformat()


def _ms(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text))

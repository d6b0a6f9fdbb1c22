"""How far a care task has come: proposed, approved, done, feedback; or declined; or expired.

All steps of a task are walked in order of (time, mark), each taken where it fits the state before
it; what does not fit is out of order. So it does not matter in which order they arrive. Before it
is done a task expires by itself; what was done takes feedback for so long as the policy says.
Source: section 9 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, get_args

from domain.customer.parts import Cared, CareStep
from domain.kernel import order
from domain.policy.care import CareRules
from schemas.published import CareState

STATES: Final[tuple[CareState, ...]] = get_args(CareState)
STATE_INDEX: Final = {state: number for number, state in enumerate(STATES)}
"""The number of each state in a customer's records; new ones are appended."""
PROPOSED, APPROVED, DONE, DECLINED, FEEDBACK, EXPIRED = range(6)
ACTION_INDEX: Final = {state: STATE_INDEX[state] for state in STATES[APPROVED:EXPIRED]}
"""The number of each action in a customer's records: that of the state it leads to."""
FROM: Final = {
    APPROVED: (PROPOSED,),
    DONE: (APPROVED,),
    FEEDBACK: (DONE,),
    DECLINED: (PROPOSED, APPROVED),
}
"""From which states each action leads on."""
OPEN: Final = (PROPOSED, APPROVED)


class Walked(NamedTuple):
    """The steps that were taken, those that fit nowhere, and the state as of a time."""

    taken: list[CareStep]
    strange: list[CareStep]
    state: int


def walk(task: Cared, steps: Iterable[CareStep], clock: int, rules: CareRules) -> Walked:
    """Where these steps lead a task, as of ``clock`` (ms).

    >>> task = Cared("t", "birthday", "card", "care.birthday", at=0, due=10, expires=100)
    >>> approved, done = CareStep(5, "a", APPROVED), CareStep(9, "b", DONE)
    >>> [STATES[walk(task, steps, 50, CareRules()).state] for steps in
    ...     ([], [approved], [done, approved], [done])]
    ['proposed', 'approved', 'done', 'proposed']
    >>> late = [approved], [done, approved]
    >>> [STATES[walk(task, steps, 100, CareRules()).state] for steps in late]
    ['expired', 'done']
    """
    taken: list[CareStep] = []
    strange: list[CareStep] = []
    state = PROPOSED
    for step in sorted(steps, key=order.place):
        until = task.expires
        if state == DONE:
            until = taken[-1].at + rules.feedback_open_ms
        if state in FROM[step.action] and task.at <= step.at < until:
            taken.append(step)
            state = step.action
        else:
            strange.append(step)
    if state in OPEN and clock >= task.expires:
        state = EXPIRED
    return Walked(taken, strange, state)


def state_of(task: Cared, clock: int) -> int:
    """The state of a task by the steps that it has taken, as of ``clock`` (ms)."""
    state = task.steps[-1].action if task.steps else PROPOSED
    return EXPIRED if state in OPEN and clock >= task.expires else state


def ended_at(task: Cared, state: int, rules: CareRules) -> int | None:
    """When (ms) nothing can move a task in this state any more; ``None`` while something can."""
    if state in OPEN:
        return None
    if state == EXPIRED:
        return task.expires
    last = task.steps[-1].at
    return last + rules.feedback_open_ms if state == DONE else last


def done_step(task: Cared) -> CareStep | None:
    """The step by which a task was done, if it was."""
    return next((step for step in task.steps if step.action == DONE), None)


def feedback_due(task: Cared, rules: CareRules) -> int | None:
    """Until when (ms) the feedback on what was done is awaited; ``None`` where none is owed."""
    done = done_step(task)
    if done is None or task.steps[-1].action == FEEDBACK:
        return None
    return done.at + rules.feedback_ms


def score_of(task: Cared) -> float | None:
    """What its feedback said, 1-5."""
    last = task.steps[-1] if task.steps else None
    return last.score if last is not None and last.action == FEEDBACK else None


def spent_on(task: Cared) -> float:
    """What was paid for it, in base currency: the cost of what was done."""
    done = done_step(task)
    return 0.0 if done is None else max(0.0, done.cost)

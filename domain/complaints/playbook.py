"""The playbook: which steps of a complaint were ticked off at the desk, and which comes next.

A step counts for the time of waiting that it was ticked off in, also once that has ended; a
reopening begins all steps anew. Of several ticks of one step the first counts. A tick may come in,
and may even have been made, before its complaint is known: up to 24 hours before the first step of
it. One whose complaint did not come by then is counted and signalled. Bounds per customer: 64 ticks
of a complaint, 32 whose complaint is not known.

Source: the steps of dealing with a complaint (accept at once, apologise, understand, solve, agree,
follow up) of the domain reference, section 9.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.complaints.judged import judged
from domain.complaints.wordings import NO_SUCH_COMPLAINT, NO_SUCH_STEP
from domain.customer.cause import Cause, signal
from domain.customer.lived import OPENED, WITHDRAWN, Life
from domain.customer.parts import Case, Tick
from domain.customer.state import CASES, Customer
from domain.kernel import order
from domain.kernel.units import LATENESS_MS
from domain.policy import Policy
from schemas.touchpoints import Desk

MAX_TICKS: Final = 64
MAX_EARLY: Final = 32
BEFORE_MS: Final = LATENESS_MS
"""So long before the complaint's first step it may have been ticked off."""
WAIT_MS: Final = BEFORE_MS + LATENESS_MS
"""A step so much later may itself come late: so long a tick waits for its complaint."""


class Done(NamedTuple):
    """A step of the playbook: when (ms) and by whom it was first ticked off; ``None``: not yet."""

    step: str
    at: int | None = None
    by: str = ""


class Next(NamedTuple):
    """What is to be done next about a complaint, and the text key of what solves its kind."""

    step: str | None = None
    solution: str | None = None


# -- in -----------------------------------------------------------------------------------


def take(customer: Customer, event: Desk, cause: Cause) -> None:
    """Keep that a step was ticked off, until `adopt` finds its complaint."""
    assert event.complaint_id is not None and event.step is not None, "the schema asks for both"
    customer.touch(CASES)
    tick = Tick(cause.at, cause.mark, event.step, event.by)
    customer.cases.early.append((event.complaint_id, tick))
    customer.cases.early.sort(key=_place)


def adopt(customer: Customer, cause: Cause) -> None:
    """Let ticks count for complaints that are known by now; of others the oldest are given up."""
    cases = customer.cases
    if not cases.early:
        return
    known = {case.complaint_id: case for case in cases.cases if case.steps}
    left: list[tuple[str, Tick]] = []
    for complaint_id, tick in cases.early:
        case = known.get(complaint_id)
        if case is None or tick.at < case.steps[0].at - BEFORE_MS:
            left.append((complaint_id, tick))
        else:
            _count(customer, case, tick, cause)
    clock = max(customer.core.newest, customer.core.judged)
    kept = [each for each in left if clock < each[1].at + WAIT_MS][-MAX_EARLY:]
    lost = len(left) - len(kept)
    if lost:
        cases.unmatched += lost
        complaint_id, tick = left[0]
        names = {"complaint": complaint_id, "step": tick.step}
        signal(
            customer,
            cause,
            "unmatched_step",
            NO_SUCH_COMPLAINT(customer=customer.customer_id, **names),
            names,
        )
    cases.early = kept
    customer.touch(CASES)


def check(customer: Customer, case: Case, ticks: list[Tick], cause: Cause) -> None:
    """Signal a step that is none of the complaint's category, where that is known."""
    if not any(step.status == OPENED for step in case.steps):
        return
    category = category_of(case)
    steps = cause.policy.complaints.playbook.of(category).steps
    strange = next((tick for tick in ticks if tick.step not in steps), None)
    if strange is not None:
        names = {"complaint": case.complaint_id, "step": strange.step}
        signal(
            customer,
            cause,
            "unknown_step",
            NO_SUCH_STEP(category=category, steps=list(steps), **names),
            names,
        )


def tidy(case: Case, life: Life, newest: int) -> None:
    """Drop the ticks that count no more: another of the same step was before, or it was reopened.

    Those of the last 24 hours stay, as a step of the complaint that comes late may divide them.
    """
    if not case.ticks:
        return
    start, horizon = _began(life), newest - LATENESS_MS
    counted = set(_first(case.ticks, start).values())
    case.ticks = [tick for tick in case.ticks if tick in counted or tick.at >= horizon]
    spare = [tick for tick in case.ticks if tick not in counted]
    for tick in spare[: max(0, len(case.ticks) - MAX_TICKS)]:
        case.ticks.remove(tick)
    del case.ticks[:-MAX_TICKS]


def join(customer: Customer, other: Customer) -> None:
    """Let ticks that another id waits with, be of this one."""
    mine, theirs = customer.cases, other.cases
    mine.early = sorted([*mine.early, *theirs.early], key=_place)
    mine.unmatched += theirs.unmatched


# -- out ----------------------------------------------------------------------------------


def done(case: Case, life: Life, policy: Policy) -> list[Done]:
    """Each step of the playbook in order, for the newest time of waiting.

    >>> case = Case("k-1", ticks=[Tick(5, "e-1", "accept", "wu"), Tick(9, "e-2", "accept", "li")])
    >>> done(case, Life(0, [], 0, 0, False), Policy())[:2]
    [Done(step='accept', at=5, by='wu'), Done(step='apologise', at=None, by='')]
    """
    first = _first(case.ticks, _began(life))
    steps = policy.complaints.playbook.of(category_of(case)).steps
    return [
        Done(step, first[step].at, first[step].by) if step in first else Done(step)
        for step in steps
    ]


def next_of(case: Case, life: Life, policy: Policy) -> Next:
    """The first step that is not done; none of a complaint that was withdrawn or is through."""
    if life.status == WITHDRAWN:
        return Next()
    for each in done(case, life, policy):
        if each.at is None:
            return Next(each.step, policy.complaints.playbook.of(category_of(case)).solution)
    return Next()


def next_step(customer: Customer, complaint_id: str | None, policy: Policy) -> Next:
    """The same by the id of a complaint; nothing of one that is not known (any more)."""
    if complaint_id and customer.has(CASES):
        for each in judged(customer, policy):
            if each.case.complaint_id == complaint_id:
                return next_of(each.case, each.life, policy)
    return Next()


def due(customer: Customer) -> int:
    """When (ms) the first tick has waited in vain for its complaint; 0: none waits."""
    return min((tick.at + WAIT_MS for _, tick in customer.cases.early), default=0)


def category_of(case: Case) -> str:
    """The category as told at the opening; "" where it is not known."""
    first = case.steps[0].category if case.steps else ""
    opened = (step.category for step in case.steps if step.status == OPENED and step.severity)
    return next(opened, first)


# -- inside -------------------------------------------------------------------------------


def _place(early: tuple[str, Tick]) -> tuple[int, order.Rank]:
    return order.place(early[1])


def _count(customer: Customer, case: Case, tick: Tick, cause: Cause) -> None:
    order.insert(case.ticks, tick)
    life = next(each.life for each in judged(customer, cause.policy) if each.case is case)
    check(customer, case, [tick], cause)
    tidy(case, life, customer.core.newest)


def _began(life: Life) -> int:
    """From when (ms) on ticks count: of a complaint that was never reopened, all of them."""
    cycles = life.cycles
    return cycles[-1].start if cycles and cycles[-1].reopened else 0


def _first(ticks: list[Tick], start: int) -> dict[str, Tick]:
    """The first tick of each step from ``start`` on."""
    first: dict[str, Tick] = {}
    for tick in ticks:
        if tick.at >= start:
            first.setdefault(tick.step, tick)
    return first

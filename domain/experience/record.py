"""What is kept of one customer's experience, in the ``Journey`` part of its state.

Moments and promises come here once they no longer change, whichever rule kept them until then;
those that may change are added on the way out. So the order of arrival does not matter.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.parts import Journey, Moment, Promise
from domain.customer.state import JOURNEY, MOOD, Customer
from domain.experience.repurchase import grade
from domain.kernel.order import is_newer
from domain.kernel.units import LATENESS_MS
from domain.policy import Policy
from domain.policy.experience import BROKEN_KEPT
from domain.satisfaction.runs import joined, together

MAX_ANSWERS: Final = 16
NOTHING: Final = Journey()


class Kept(NamedTuple):
    """Callback promises kept and broken, and when (ms) the newest broken ones were due."""

    kept: int
    broken: int
    broken_at: list[int]


def journey_of(customer: Customer) -> Journey:
    """What is kept, to be read only."""
    return customer.journey if customer.has(JOURNEY) else NOTHING


# -- in -----------------------------------------------------------------------------------


def forget_runs(customer: Customer, unsettled: Iterable[Moment], policy: Policy) -> None:
    """Drop the runs that no moment can join any more, also by way of those that are not settled.

    Those are not joined for good: a complaint's later steps may still say how grave it was.
    """
    journey, rules = customer.journey, policy.experience
    horizon = customer.core.newest - LATENESS_MS
    runs = journey.runs
    for moment in unsettled:
        if moment.at < horizon:
            runs = joined(runs, moment.at, moment.score, rules)
    ended = [run for run in runs[:-1] if run.end + rules.journey_gap_ms <= horizon]
    if ended:
        customer.touch(JOURNEY)
        journey.runs = [run for run in journey.runs if run.start > ended[-1].end]


def take_promise(customer: Customer, promise: Promise) -> None:
    """Take in a callback promise that is judged for good."""
    customer.touch(JOURNEY)
    journey = customer.journey
    if promise.done_at:
        journey.kept += 1
    elif promise.judged:
        journey.broken += 1
        insort(journey.broken_at, promise.due)
        del journey.broken_at[:-BROKEN_KEPT]


def take_csat(customer: Customer, at: int, score: float) -> None:
    """Remember when somebody said to be satisfied, to see whether they buy again."""
    given = grade(score)
    if given is not None:
        customer.touch(JOURNEY)
        insort(customer.journey.csat, (at, given))
        del customer.journey.csat[:-MAX_ANSWERS]


def take_wait(customer: Customer, at: int, mark: str, score: float) -> None:
    """Keep the score of a wait if it is the newest."""
    kept = customer.journey.wait
    if is_newer(at, mark, kept):
        customer.touch(JOURNEY)
        customer.journey.wait = (at, mark, score)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let what another id lived through be of this one."""
    customer.touch(JOURNEY)
    mine, theirs = customer.journey, other.journey
    mine.runs = together(mine.runs, theirs.runs, cause.policy.experience)
    mine.good += theirs.good
    mine.bad += theirs.bad
    mine.kept += theirs.kept
    mine.broken += theirs.broken
    mine.broken_at = sorted([*mine.broken_at, *theirs.broken_at])[-BROKEN_KEPT:]
    mine.csat = sorted([*mine.csat, *theirs.csat])[-MAX_ANSWERS:]
    if theirs.wait is not None:
        take_wait(customer, *theirs.wait)


# -- out ----------------------------------------------------------------------------------


def graded(moments: Iterable[Moment], policy: Policy) -> tuple[int, int]:
    """How many of the moments are good, and how many bad."""
    lines, good, bad = policy.experience.moments, 0, 0
    for moment in moments:
        good += moment.score >= lines.good_from
        bad += moment.score < lines.bad_below
    return good, bad


def promises_of(customer: Customer, clock: int | None) -> Kept:
    """All callback promises, those due by ``clock`` (ms) judged; ``None``: those judged already."""
    journey = journey_of(customer)
    kept, broken, broken_at = journey.kept, journey.broken, list(journey.broken_at)
    for promise in customer.mood.promises if customer.has(MOOD) else ():
        if not promise.due:
            continue
        if promise.done_at:
            kept += 1
        elif promise.judged or (clock is not None and promise.due <= clock):
            broken += 1
            broken_at.append(promise.due)
    return Kept(kept, broken, broken_at)

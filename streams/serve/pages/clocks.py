"""The clocks of a complaint: what is promised, until when, and which level comes next."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from domain.policy.calendar import WEEKDAYS, BusinessCalendar
from schemas.figures import ComplaintFigures
from schemas.units import MS_PER_HOUR
from streams.serve.pages.sentences import Args, Sentence, milliseconds_of

Promise = Literal["acknowledge", "resolve", "regulator"]
State = Literal["running", "soon", "overdue", "kept", "broken", "over"]
SOON_SHARE: Final = 0.25
"""A clock with less than this share of its time left is told as soon due."""


class Clock(NamedTuple):
    """One promise of the newest cycle; times in ms.

    ``level`` is the escalation that a miss brings. ``due`` is there while something is owed,
    ``took`` once it was done; ``over`` is a promise that came to an end without being asked for.
    """

    promise: Promise
    level: int
    state: State
    due: int | None = None
    took: int | None = None


def clocks(case: ComplaintFigures, now: int) -> list[Clock]:
    """Every clock of a complaint as of ``now`` (ms).

    >>> from schemas.figures.published import example
    >>> now = milliseconds_of("2026-01-31T02:10:00.000Z")
    >>> for clock in clocks(example().complaint_cases[0], now):
    ...     print(clock.promise, clock.state)
    acknowledge soon
    resolve running
    regulator running
    """
    began = milliseconds_of(case.cycle_began_at)
    return [
        _clock("acknowledge", 1, began, now, case.acknowledge_due_at if case.open else None)
        or _done("acknowledge", 1, case.acknowledged_in_time, case.acknowledge_hours),
        _clock("resolve", 2, began, now, case.resolve_due_at)
        or _done("resolve", 2, case.resolved_in_time, case.resolve_hours),
        _clock("regulator", 3, began, now, case.regulator_due_at) or Clock("regulator", 3, "over"),
    ]


def next_level(case: ComplaintFigures, now: int) -> Clock | None:
    """The clock whose end brings the next level of escalation; ``None`` where none is to come."""
    waiting = [
        clock
        for clock in clocks(case, now)
        if clock.due is not None and clock.due > now and clock.state in ("running", "soon")
    ]
    return min(waiting, key=lambda clock: clock.due or 0, default=None)


def _clock(promise: Promise, level: int, began: int, now: int, ends: str | None) -> Clock | None:
    if ends is None:
        return None
    due = milliseconds_of(ends)
    if due <= now:
        return Clock(promise, level, "overdue", due)
    state: State = "soon" if due - now < SOON_SHARE * (due - began) else "running"
    return Clock(promise, level, state, due)


def _done(promise: Promise, level: int, in_time: bool | None, hours: float | None) -> Clock:
    took = None if hours is None else round(hours * MS_PER_HOUR)
    if in_time is None:
        return Clock(promise, level, "over", took=took)
    return Clock(promise, level, "kept" if in_time else "broken", took=took)


def counted_by(calendar: BusinessCalendar) -> Sentence:
    """By which time promises run.

    >>> counted_by(BusinessCalendar())
    customer.clock.always()
    >>> counted_by(BusinessCalendar(enabled=True))
    customer.clock.working(days=5, opens=09:00, closes=17:00, zone=Asia/Shanghai)
    """
    if not calendar.enabled:
        return Sentence("customer.clock.always")
    args: Args = {
        "days": len(set(calendar.working_days) & set(WEEKDAYS)),
        "opens": calendar.opens,
        "closes": calendar.closes,
        "zone": calendar.time_zone,
    }
    return Sentence("customer.clock.working", args)

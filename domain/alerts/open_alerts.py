"""Alerts that somebody may still act on: kept, found by their ids, acted on, forgotten.

What was done may be known before the alert is, or long after; the furthest that was done counts,
and of snoozes the one made last, so the order of arrival does not matter. Bounds: 32 alerts, of
which resolved ones leave first, then acknowledged ones, then (counted) the oldest; 32 actions of
the last 24 hours whose alert is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.alerts.ids import CAUSE_BYTES, TOP_LEVEL, causes, number_of
from domain.customer.cause import Cause
from domain.customer.parts import Open
from domain.customer.state import DESK, Customer
from domain.kernel.order import rank
from domain.kernel.units import LATENESS_MS
from domain.policy import Policy
from domain.policy.alerts import Alerts

MAX_OPEN = 32
MAX_EARLY = 32
MAX_HELD = 8
ACKNOWLEDGED, RESOLVED, SNOOZED = 1, 2, 3
ACTIONS = {"acknowledged": ACKNOWLEDGED, "resolved": RESOLVED, "snoozed": SNOOZED}


class Counts(NamedTuple):
    """Alerts by what was done of them, and actions without an alert."""

    open: int
    acknowledged: int
    forgotten: int
    unmatched: int


def keep(customer: Customer, opened: Open, policy: Policy) -> None:
    """Keep a new alert, with what was already done about it."""
    desk = customer.desk
    customer.touch(DESK)
    known = _causes(opened)
    for early in list(desk.early):
        if early[0][:CAUSE_BYTES] in known and _reaches(opened, early[1], policy.alerts):
            desk.early.remove(early)
            _do(opened, *early[1:], policy=policy)
    desk.open.append(opened)
    tidy(customer, policy.alerts)


def act(customer: Customer, alert_id: str, action: tuple[int, int, int], policy: Policy) -> None:
    """Let (when, what, until) act on the alert with this id, or wait 24 hours for one."""
    number = number_of(alert_id)
    customer.touch(DESK)
    if number is None:
        customer.desk.unmatched += 1
    else:
        act_on(customer, number, action, policy)
    tidy(customer, policy.alerts)


def act_on(customer: Customer, number: bytes, action: tuple[int, int, int], policy: Policy) -> None:
    """As :func:`act`, of the alert with this number."""
    of_cause = _of_cause(customer, number)
    found = next((each for each in of_cause if _reaches(each, action[0], policy.alerts)), None)
    if found is None:
        customer.desk.early.append((number, *action))
    else:
        _do(found, *action, policy=policy)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's open alerts, and what was done about alerts, be of this one."""
    mine, theirs = customer.desk, other.desk
    customer.touch(DESK)
    mine.open += theirs.open
    mine.held += theirs.held
    mine.unmatched += theirs.unmatched
    mine.forgotten += theirs.forgotten
    bound_held(customer)
    early, mine.early = [*mine.early, *theirs.early], []
    for number, *action in sorted(early, key=lambda each: each[1]):
        at, what, until = action
        act_on(customer, number, (at, what, until), cause.policy)
    tidy(customer, cause.policy.alerts)


def bound_held(customer: Customer) -> None:
    """Of more than 8 alerts that wait the oldest are given up and counted."""
    waiting = customer.desk.held
    waiting.sort(key=lambda each: (each.at, rank(each.event_id)))
    customer.core.suppressed_alerts += len(waiting[:-MAX_HELD])
    del waiting[:-MAX_HELD]


def tidy(customer: Customer, policy: Alerts) -> None:
    """Forget what is too old or too much, and set the time of the next that is due."""
    desk, newest = customer.desk, customer.core.newest
    # A day longer than it is open: an action may come that late.
    horizon = newest - policy.open_ms - LATENESS_MS
    left = [each for each in desk.open if each.at < horizon]
    if left:
        desk.open = [each for each in desk.open if each.at >= horizon]
    while len(desk.open) > MAX_OPEN:
        leaves = min(desk.open, key=lambda each: (-each.done, each.at, each.number))
        desk.open.remove(leaves)
        left.append(leaves)
    desk.forgotten += sum(not each.done for each in left)
    if desk.early:
        waiting = [each for each in desk.early if each[1] >= newest - LATENESS_MS]
        waiting = sorted(waiting, key=lambda each: each[1])[-MAX_EARLY:]
        desk.unmatched += len(desk.early) - len(waiting)
        desk.early = waiting
    dues = [each.due for each in desk.open if each.due]
    dues += [each.due for each in desk.held]
    customer.core.desk_due = min(dues, default=0)
    customer.reschedule()


def concerns(customer: Customer, alert_id: str) -> bool:
    """Whether an alert that is kept here has this id, or came or may come again under it."""
    number = number_of(alert_id)
    if number is None or not customer.has(DESK):
        return False
    return any(_of_cause(customer, number))


def counts(customer: Customer, clock: int, policy: Alerts) -> Counts:
    """How the alerts stand as of ``clock`` (ms)."""
    if not customer.has(DESK):
        return Counts(0, 0, 0, 0)
    desk = customer.desk
    within = [each for each in desk.open if each.at > clock - policy.open_ms]
    outdated = [each for each in desk.open if each.at <= clock - policy.open_ms]
    return Counts(
        sum(each.done == 0 for each in within),
        sum(each.done == ACKNOWLEDGED for each in within),
        desk.forgotten + sum(not each.done for each in outdated),
        desk.unmatched + len(desk.early),
    )


def plan(opened: Open, policy: Policy) -> None:
    """Set when the alert is raised one level up if nobody acts; never: its words are not needed.

    That is in business time where the policy has a calendar, and while the bank is open.
    """
    if opened.priority > 1 or opened.done or opened.level >= TOP_LEVEL or not opened.reason:
        rest(opened)
    else:
        calendar = policy.complaints.calendar
        unanswered = calendar.due(opened.since, policy.alerts.acknowledge_ms)
        opened.due = max(unanswered, calendar.opening(opened.snoozed[1]))


def rest(opened: Open) -> None:
    """Raise the alert no more: its words are not needed."""
    opened.due, opened.reason, opened.cause = 0, "", ()


def _of_cause(customer: Customer, number: bytes) -> Iterator[Open]:
    """The open alerts that an id may name."""
    cause = number[:CAUSE_BYTES]
    return (each for each in customer.desk.open if cause in _causes(each))


def _causes(opened: Open) -> tuple[bytes, ...]:
    """What an action may name the alert by."""
    return causes(opened.number, again=opened.priority == 1)


def _reaches(opened: Open, at: int, policy: Alerts) -> bool:
    return at <= opened.at + policy.open_ms


def _do(opened: Open, at: int, what: int, until: int, *, policy: Policy) -> None:
    if what == SNOOZED:
        until = max(at, min(until, at + policy.alerts.snooze_ms))
        opened.snoozed = max(opened.snoozed, (at, until))
    else:
        opened.done = max(opened.done, what)
    plan(opened, policy)

"""Alerts that somebody may still act on: kept, found by their ids, acted on, forgotten.

What was done may be known before the alert is, or long after; what counts of it hangs on its own
time alone (`domain.alerts.acts`), so the order of arrival does not matter. Bounds: 32 alerts, of
which closed ones leave first, then acknowledged ones, then (counted) the oldest; 32 actions of
the last 24 hours whose alert is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.alerts.acts import ACKNOWLEDGED, RESOLVED, is_settled, note, reopened_at, snoozed_until
from domain.alerts.ids import CAUSE_BYTES, LAST_LEVEL, TOP_LEVEL, causes, number_of
from domain.customer.cause import Cause
from domain.customer.parts import Early, Held, Open
from domain.customer.state import DESK, Customer
from domain.kernel.order import rank
from domain.kernel.units import LATENESS_MS
from domain.policy import Policy
from domain.policy.alerts import Alerts
from schemas.told import Told

MAX_OPEN = 32
MAX_EARLY = 32
MAX_HELD = 8


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
        if early.number[:CAUSE_BYTES] in known and _reaches(opened, early.at, policy.alerts):
            desk.early.remove(early)
            _do(opened, early, policy)
    desk.open.append(opened)
    tidy(customer, policy.alerts)


def act(customer: Customer, action: Early, policy: Policy) -> None:
    """Let an action count for its alert, or wait 24 hours for that."""
    customer.touch(DESK)
    of_cause = _of_cause(customer, action.number)
    found = next((each for each in of_cause if _reaches(each, action.at, policy.alerts)), None)
    if found is None:
        customer.desk.early.append(action)
    else:
        _do(found, action, policy)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's open alerts, and what was done about alerts, be of this one."""
    mine, theirs = customer.desk, other.desk
    customer.touch(DESK)
    for opened in theirs.open:
        opened.told = opened.turns = 0  # where the other id is it was told, and is deleted there
    mine.open += theirs.open
    mine.held += theirs.held
    mine.unmatched += theirs.unmatched
    mine.forgotten += theirs.forgotten
    bound_held(customer)
    early, mine.early = [*mine.early, *theirs.early], []
    for action in sorted(early, key=lambda each: each.at):
        act(customer, action, cause.policy)
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
        leaves = min(desk.open, key=lambda each: (-_furthest(each), each.at, each.number))
        desk.open.remove(leaves)
        left.append(leaves)
    desk.forgotten += sum(not _furthest(each) for each in left)
    desk.gone += [(each.number, each.kind) for each in left if each.told]
    if desk.early:
        waiting = [each for each in desk.early if each.at >= newest - LATENESS_MS]
        waiting = sorted(waiting, key=lambda each: each.at)[-MAX_EARLY:]
        desk.unmatched += len(desk.early) - len(waiting)
        desk.early = waiting
    schedule(customer)


def schedule(customer: Customer) -> None:
    """Set the time of the next that is due."""
    desk = customer.desk
    dues = [each.due for each in desk.open if each.due]
    dues += [each.due for each in desk.held]
    customer.core.desk_due = min(dues, default=0)
    turns = [each.turns for each in desk.open if each.turns]
    customer.core.turn_due = min(turns, default=0)
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
        sum(_furthest(each) == 0 for each in within),
        sum(_furthest(each) == ACKNOWLEDGED for each in within),
        desk.forgotten + sum(not _furthest(each) for each in outdated),
        desk.unmatched + len(desk.early),
    )


def plan(opened: Open, policy: Policy) -> None:
    """Set when the alert is raised one level up if nobody acts.

    That is in business time where the policy has a calendar, and while the bank is open. At the
    top level it is once more for each time that it is reopened, as far as there are levels.
    """
    told_all = opened.level >= TOP_LEVEL and opened.since > reopened_at(opened)
    rests = opened.priority > 1 or told_all or opened.level >= LAST_LEVEL or not opened.reason
    if rests or opened.done or is_settled(opened):
        opened.due = 0
    else:
        calendar, began = policy.complaints.calendar, max(opened.since, reopened_at(opened))
        unanswered = calendar.due(began, policy.alerts.acknowledge_ms)
        opened.due = max(unanswered, calendar.opening(snoozed_until(opened)))


def words_of(kept: Open | Held) -> Told:
    """The reason that is kept of an alert; of earlier versions' alerts its English alone."""
    return Told(kept.reason, kept.reason_key, kept.reason_args)


def _of_cause(customer: Customer, number: bytes) -> Iterator[Open]:
    """The open alerts that an id may name."""
    cause = number[:CAUSE_BYTES]
    return (each for each in customer.desk.open if cause in _causes(each))


def _causes(opened: Open) -> tuple[bytes, ...]:
    """What an action may name the alert by."""
    return causes(opened.number, again=opened.priority == 1)


def _furthest(opened: Open) -> int:
    """The furthest that was done; what is settled needs no more than what is resolved."""
    return RESOLVED if is_settled(opened) else opened.done


def _reaches(opened: Open, at: int, policy: Alerts) -> bool:
    return at <= opened.at + policy.open_ms


def _do(opened: Open, action: Early, policy: Policy) -> None:
    note(opened, action, policy.alerts.snooze_ms)
    plan(opened, policy)

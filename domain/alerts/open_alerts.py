"""Alerts that somebody may still act on: kept, found by their ids, acted on, forgotten.

What was done may be known before the alert is, or long after; the furthest that was done counts,
and of snoozes the one made last, so the order of arrival does not matter. Bounds: 32 alerts, of
which resolved ones leave first, then acknowledged ones, then (counted) the oldest; 32 actions of
the last 24 hours whose alert is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xxhash import xxh3_128_hexdigest

from domain.customer.parts import Open
from domain.customer.state import DESK, Customer
from domain.kernel.units import LATENESS_MS
from domain.policy.alerts import Alerts

MAX_OPEN = 32
MAX_EARLY = 32
TOP_LEVEL = 3
ACKNOWLEDGED, RESOLVED, SNOOZED = 1, 2, 3
ACTIONS = {"acknowledged": ACKNOWLEDGED, "resolved": RESOLVED, "snoozed": SNOOZED}
ID_HEX = 32


class Counts(NamedTuple):
    """Alerts by what was done of them, and actions without an alert."""

    open: int
    acknowledged: int
    forgotten: int
    unmatched: int


def number_of(alert_id: str) -> bytes | None:
    """The 16 bytes of an id of ours; ``None`` for what cannot be one.

    >>> number_of("00" * 15 + "ff")[-1], number_of("a1b2c3"), number_of("z" * 32)
    (255, None, None)
    """
    try:
        return bytes.fromhex(alert_id) if len(alert_id) == ID_HEX else None
    except ValueError:
        return None


def id_at(number: bytes, level: int) -> str:
    """The id under which the alert with this number is raised again at a level.

    Of a form of its own, which ids raised by earlier versions have too: the desk may name them.
    """
    return xxh3_128_hexdigest(f"again\x1f{number.hex()}\x1f{level}".encode())


def keep(customer: Customer, opened: Open, policy: Alerts) -> None:
    """Keep a new alert, with what was already done about it."""
    desk = customer.desk
    customer.touch(DESK)
    numbers = set(_numbers(opened))
    for early in list(desk.early):
        if early[0] in numbers and _reaches(opened, early[1], policy):
            desk.early.remove(early)
            _do(opened, *early[1:], policy=policy)
    desk.open.append(opened)
    tidy(customer, policy)


def act(customer: Customer, alert_id: str, action: tuple[int, int, int], policy: Alerts) -> None:
    """Let (when, what, until) act on the alert with this id, or wait 24 hours for one."""
    desk, number = customer.desk, number_of(alert_id)
    customer.touch(DESK)
    found = None
    if number is not None:
        found = next(
            (
                each
                for each in desk.open
                if number in _numbers(each) and _reaches(each, action[0], policy)
            ),
            None,
        )
    if found is not None:
        _do(found, *action, policy=policy)
    elif number is None:
        desk.unmatched += 1
    else:
        desk.early.append((number, *action))
    tidy(customer, policy)


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


def plan(opened: Open, policy: Alerts) -> None:
    """Set when the alert is raised one level up if nobody acts; never: its words are not needed."""
    if opened.priority > 1 or opened.done or opened.level >= TOP_LEVEL:
        opened.due, opened.reason, opened.cause = 0, "", ()
    else:
        opened.due = max(opened.since + policy.acknowledge_ms, opened.snoozed[1])


def _numbers(opened: Open) -> Iterator[bytes]:
    """The numbers an action may name the alert by: its own, and those it may be raised under."""
    yield opened.number
    if opened.priority == 1:
        for level in range(2, TOP_LEVEL + 1):
            yield bytes.fromhex(id_at(opened.number, level))


def _reaches(opened: Open, at: int, policy: Alerts) -> bool:
    return at <= opened.at + policy.open_ms


def _do(opened: Open, at: int, what: int, until: int, *, policy: Alerts) -> None:
    if what == SNOOZED:
        until = max(at, min(until, at + policy.snooze_ms))
        opened.snoozed = max(opened.snoozed, (at, until))
    else:
        opened.done = max(opened.done, what)
    plan(opened, policy)

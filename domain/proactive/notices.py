"""Told before the customer complains: three app errors in a day, two unresolved contacts in 7 days.

One notice for each day of errors and, of contacts, one in each stretch of 7 days: to the owner as
an alert, at any hour; to the customer, where it consents to a channel of the policy, as a care
task. What is more than 24 hours late counts and gives no notice.

While a peak lasts tighter lines hold, each day by its own: what was counted before a peak begins
counts on in it. Within 24 hours of lateness as many notices are given whatever the order.
Bounds: 64 contacts and 4 notices; of more contacts in 8 days the oldest are forgotten, by which a
notice may come later, never twice.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from typing import Final

from domain.customer.cause import Cause
from domain.customer.consent import may_contact
from domain.customer.profile import owner_of
from domain.customer.state import HEALTH, Customer
from domain.kernel.days import day_of
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS
from domain.kernel.wording import Wording
from domain.policy.proactive import ProactiveRules
from domain.proactive.record import ERRORS, FAILED, TOLD, WAITS, count, forget
from domain.proactive.record import join as join_days
from schemas.fields import Channel, moment, rfc3339
from schemas.outputs import CareTask, output_id
from schemas.told import SENTENCE_CHARACTERS, Told
from schemas.touchpoints import ServiceContact

MAX_CONTACTS: Final = 64
MAX_TOLD: Final = 4
FAILING_ERRORS: Final = Wording(
    "service.errors", "{errors:count app error} on {day}; the line is {line}."
)
PEAK_ERRORS: Final = Wording(
    "service.errors_in_peak",
    "{errors:count app error} on {day}; the line in the {peak} peak is {line}.",
)
FAILING_CONTACTS: Final = Wording(
    "service.contacts",
    "{contacts:count unresolved contact} within {days:g} days; the line is {line}.",
)
PEAK_CONTACTS: Final = Wording(
    "service.contacts_in_peak",
    "{contacts:count unresolved contact} within {days:g} days; the line in the {peak} peak is"
    " {line}.",
)


def take_error(customer: Customer, cause: Cause) -> None:
    """Count an app error; a notice where its day reaches the line."""
    day = count(customer, cause.at, (ERRORS,), cause.policy.proactive)
    if day is not None:
        _judge_errors(customer, day, cause)


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """Count a long wait and a contact that failed; a notice where unresolved ones reach the line.

    An abandoned contact failed too, but nobody promised anything: only ``unresolved`` ones are
    told of.
    """
    failed = event.outcome != "resolved"
    long = event.wait_seconds > cause.policy.satisfaction.long_wait_seconds
    what = (*([WAITS] if long else []), *([FAILED] if failed else []))
    if what:
        count(customer, cause.at, what, cause.policy.proactive)
    if event.outcome == "unresolved":
        customer.touch(HEALTH)
        insort(customer.health.unresolved, cause.at)
        _judge_contacts(customer, cause)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let what went wrong under another id count for this one, and notices be given once."""
    rules, mine, theirs = cause.policy.proactive, customer.health, other.health
    customer.touch(HEALTH)
    newest = rules.day(customer.core.newest)
    join_days(mine, theirs)
    forget(mine, newest, rules)
    for day in sorted(mine.days):
        if day >= newest - 1:
            _judge_errors(customer, day, cause)
    mine.unresolved = sorted([*mine.unresolved, *theirs.unresolved])
    mine.told = sorted({*mine.told, *theirs.told})
    _judge_contacts(customer, cause)


def due_notices(
    times: Sequence[int],
    horizon: int,
    last: int | None,
    window: int,
    line_at: Callable[[int], int],
) -> list[int]:
    """The contacts from ``horizon`` (ms) on at which notice is to be given, ascending.

    At each the unresolved contacts of the ``window`` (ms) up to it reach the line that holds then,
    and the notice before, ``last``, is at least as long ago.

    >>> due_notices([0, 6, 8, 9, 15], 0, None, 7, lambda at: 2)
    [6, 15]
    >>> due_notices([0, 7, 15], 0, None, 7, lambda at: 2)
    []
    >>> due_notices([5], 0, None, 7, lambda at: 1 if at >= 5 else 2)
    [5]
    """
    found: list[int] = []
    for place, at in enumerate(times):
        if at < horizon or (last is not None and at - last < window):
            continue
        if place + 1 - bisect_right(times, at - window) >= line_at(at):
            found.append(at)
            last = at
    return found


def _judge_errors(customer: Customer, day: int, cause: Cause) -> None:
    """Give the notice of a day whose errors reach its line, once."""
    rules, kept = cause.policy.proactive, customer.health.days[day]
    if cause.quiet or kept[TOLD]:
        return
    line = rules.lines_on(day).errors_per_day
    if kept[ERRORS] < line:
        return
    kept[TOLD] = 1
    errors, date, peak = kept[ERRORS], day_of(day).isoformat(), rules.peak_on(day)
    reason = (
        FAILING_ERRORS(errors=errors, day=date, line=line)
        if peak is None
        else PEAK_ERRORS(errors=errors, day=date, line=line, peak=peak.name)
    )
    _tell(customer, reason, {"errors": float(errors)}, ("errors", date), cause)


def _judge_contacts(customer: Customer, cause: Cause) -> None:
    """Give the notices that unresolved contacts of the last 24 hours are due."""
    rules, health = cause.policy.proactive, customer.health
    window, newest = rules.contact_ms, customer.core.newest
    horizon = newest - LATENESS_MS
    while health.unresolved and (
        health.unresolved[0] <= horizon - window or len(health.unresolved) > MAX_CONTACTS
    ):
        del health.unresolved[0]
    if cause.quiet:
        return
    settled = [at for at in health.told if at < horizon]
    recent = [at for at in health.told if at >= horizon]
    due = due_notices(
        health.unresolved, horizon, settled[-1] if settled else None, window,
        lambda at: rules.lines_on(rules.day(at)).unresolved_contacts,
    )  # fmt: skip
    # one that comes late may have been the first that was due: the notice then counts from it
    moved = [min(pair) for pair in zip(recent, due, strict=False)]
    health.told = [*settled, *moved, *recent[len(due) :], *due[len(recent) :]][-MAX_TOLD:]
    for at in due[len(recent) :]:
        _tell_contacts(customer, at, rules, cause)


def _tell_contacts(customer: Customer, at: int, rules: ProactiveRules, cause: Cause) -> None:
    times, day = customer.health.unresolved, rules.day(at)
    contacts = bisect_right(times, at) - bisect_right(times, at - rules.contact_ms)
    line, peak = rules.lines_on(day).unresolved_contacts, rules.peak_on(day)
    days = rules.contact_days
    reason = (
        FAILING_CONTACTS(contacts=contacts, days=days, line=line)
        if peak is None
        else PEAK_CONTACTS(contacts=contacts, days=days, line=line, peak=peak.name)
    )
    _tell(customer, reason, {"contacts": float(contacts)}, ("contacts", *cause.named), cause)


def _tell(
    customer: Customer,
    reason: Told,
    figures: dict[str, float],
    of: tuple[str | int, ...],
    cause: Cause,
) -> None:
    """Tell the owner, and the customer who consents to a channel."""
    tier = customer.core.tier
    cause.want("service_failing", reason, tier=tier, of=of, figures=figures)
    rules = cause.policy.proactive
    channel = channel_to(customer, rules)
    if channel is None:
        return
    cause.outputs.append(
        CareTask(
            task_id=output_id("service_notice", customer.customer_id, *of),
            customer_id=customer.customer_id,
            tier=TIERS[tier],
            owner_id=owner_of(customer),
            occasion="service_notice",
            means=rules.means,
            channel=channel,
            text_key="care.service_notice",
            due_at=rfc3339(moment(cause.at + rules.notice_ms)),
            occurred_at=cause.when,
            reason=reason.cut(SENTENCE_CHARACTERS),
            cause=cause.event_ids,
        )
    )


def channel_to(customer: Customer, rules: ProactiveRules) -> Channel | None:
    """The first channel of the policy that the customer consents to."""
    return next((name for name in rules.channels if may_contact(customer, name)), None)

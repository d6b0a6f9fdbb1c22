"""Callback promises: an ``unresolved`` contact promises a callback by ``callback_by``.

A ``callback_done`` of the same contact, from the contact on and before the due time, keeps it,
whichever of the two events comes first. A broken one is a moment of truth at the time it was
due. Bound: 32 promises and callbacks a customer; those of more than 24 hours before the newest
event are settled into the sums or forgotten, then the oldest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from domain.customer.cause import Cause
from domain.customer.effects import Kept, Scored
from domain.customer.labels import labels_of
from domain.customer.parts import Moment, Promise
from domain.customer.state import MOOD, Customer
from domain.experience import first_impression, record
from domain.kernel.scales import CHANNEL_INDEX, CHANNELS, factor_index
from domain.kernel.units import LATENESS_MS, MS_PER_HOUR
from domain.kernel.wording import Wording
from domain.policy import AlertKind, Policy
from domain.satisfaction import sums
from schemas.fields import milliseconds, moment, rfc3339
from schemas.touchpoints import Feedback, ServiceContact

MAX_PROMISES = 32
BROKEN: Final[AlertKind] = "promise_broken"
NOT_MADE: Final = Wording(
    "callback.not_made",
    "The callback promised after contact {contact} was due at {due} and was not made.",
)


def take_promise(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """Keep the promise of an unresolved contact, and see whether its callback came before it."""
    hours = cause.policy.satisfaction.callback_hours
    promise = Promise(
        contact_id=event.contact_id,
        at=cause.at,
        event_id=event.event_id,
        due=(
            cause.at + round(hours * MS_PER_HOUR)
            if event.callback_by is None
            else milliseconds(event.callback_by)
        ),
        channel=CHANNEL_INDEX[event.channel],
        agent_id=event.agent_id or "",
        branch_id=event.branch_id or "",
    )
    for kept in customer.mood.promises:
        if not kept.due and kept.contact_id == promise.contact_id:
            _fulfil(promise, kept.done_at)
    _keep(customer, promise, cause)


def take_callback(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Note that a callback was made: it keeps its contact's promises, known or still to come."""
    assert event.contact_id is not None, "the schema asks callback_done for a contact_id"
    for promise in customer.mood.promises:
        if promise.due and promise.contact_id == event.contact_id:
            was_broken = promise.judged and is_broken(promise)
            _fulfil(promise, cause.at)
            if was_broken and not is_broken(promise):
                _count(customer, promise, False, -1.0, cause)
                _count(customer, promise, True, 1.0, cause)
    _keep(customer, Promise(contact_id=event.contact_id, done_at=cause.at), cause)


def judge_due(customer: Customer, due: int, cause: Cause) -> Sequence[Promise]:
    """Judge every promise due at or before ``due`` (ms); those that were broken."""
    broken: list[Promise] = []
    for promise in customer.mood.promises:
        if promise.due and not promise.judged and promise.due <= due:
            promise.judged = True
            _count(customer, promise, not is_broken(promise), 1.0, cause)
            if is_broken(promise):
                _raise_broken(customer, promise, cause)
                broken.append(promise)
    refresh(customer, cause)
    return broken


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's promises and callbacks be of this one: they may keep each other's."""
    promises = customer.mood.promises
    for theirs in other.mood.promises:
        for mine in list(promises):
            if mine.contact_id != theirs.contact_id or bool(mine.due) == bool(theirs.due):
                continue
            promise, callback = (mine, theirs) if mine.due else (theirs, mine)
            _fulfil(promise, callback.done_at)
        promises.append(theirs)
    while len(promises) > MAX_PROMISES:
        _settle(customer, _oldest(promises), cause.policy)
    refresh(customer, cause)


def refresh(customer: Customer, cause: Cause) -> None:
    """Settle what is old and set the timer of the next promise to be judged."""
    customer.touch(MOOD)
    mood, horizon = customer.mood, customer.core.newest - LATENESS_MS
    for promise in list(mood.promises):
        last = promise.due or promise.done_at
        if last < horizon and (promise.judged or not promise.due):
            _settle(customer, promise, cause.policy)
    waiting = [promise.due for promise in mood.promises if promise.due and not promise.judged]
    customer.core.promise_due = min(waiting, default=0)
    customer.reschedule()


def is_broken(promise: Promise) -> bool:
    """Whether no callback was made before the time it was due (as far as is known)."""
    return not promise.done_at


def contact_of(customer: Customer, event_id: str) -> tuple[str, int]:
    """The contact that promised a callback in this event, and when (ms); ("", 0): not known."""
    for kept in customer.mood.promises:
        if kept.due and kept.event_id == event_id:
            return kept.contact_id, kept.at
    return "", 0


def called_back_at(customer: Customer, contact_id: str, promised: int) -> tuple[int, int]:
    """When (ms) the callback promised at a time was made first and last, be it late; 0: unknown."""
    made = [kept.done_at for kept in customer.mood.promises if kept.contact_id == contact_id]
    made = [at for at in made if at and at >= promised]
    return min(made, default=0), max(made, default=0)


def broken_moment(promise: Promise, policy: Policy) -> Moment:
    """The moment of a broken promise, at the time it was due."""
    rule = policy.satisfaction
    weight, score = rule.weights.moment_of_truth, rule.scores.broken_promise
    factor = factor_index(rule.factors.contact)
    return Moment(promise.due, weight, score, factor, promise.channel, 0, promise.event_id)


def open_moments(customer: Customer, policy: Policy, clock: int | None) -> Iterator[Moment]:
    """Moments of broken promises that are in no sum yet.

    Those due by ``clock``; or, where it is ``None``, those already judged.
    """
    if not customer.core.other_parts & MOOD:
        return
    for promise in customer.mood.promises:
        passed = promise.judged if clock is None else promise.judged or promise.due <= clock
        if promise.due and passed and is_broken(promise):
            yield broken_moment(promise, policy)


def _raise_broken(customer: Customer, promise: Promise, cause: Cause) -> None:
    cause.want(
        BROKEN,
        NOT_MADE(contact=promise.contact_id, due=rfc3339(moment(promise.due))),
        tier=customer.core.tier,
        of=(promise.event_id,),
        channel=CHANNELS[promise.channel],
        steps=(promise.event_id,),
    )


def _fulfil(promise: Promise, done_at: int) -> None:
    if promise.at <= done_at < promise.due and not 0 < promise.done_at <= done_at:
        promise.done_at = done_at


def _keep(customer: Customer, promise: Promise, cause: Cause) -> None:
    promises = customer.mood.promises
    promises.append(promise)
    if len(promises) > MAX_PROMISES:
        _settle(customer, _oldest(promises), cause.policy)
    refresh(customer, cause)


def _oldest(promises: list[Promise]) -> Promise:
    return min(promises, key=lambda kept: (kept.due or kept.done_at, kept.contact_id))


def _settle(customer: Customer, promise: Promise, policy: Policy) -> None:
    if promise.due:
        record.take_promise(customer, promise)
        if promise.judged and is_broken(promise):
            sums.add(customer, broken_moment(promise, policy), policy)
            first_impression.settle(customer, promise, policy)
    customer.mood.promises.remove(promise)


def _count(customer: Customer, promise: Promise, kept: bool, sign: float, cause: Cause) -> None:
    """Count a promise in the scorecards, and the moment of a broken one; or take it back."""
    moment = broken_moment(promise, cause.policy)
    labels = labels_of(customer, promise.agent_id, promise.branch_id)
    cause.effects.append(Kept(promise, kept, moment.factor, labels, sign))
    if not kept:
        cause.effects.append(Scored(moment, labels, sign))

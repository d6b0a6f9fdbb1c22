"""Erasure: everything kept of one person goes, and a record proves it.

State, vector, timers and pending promises go at once; the changelog gets tombstones. So do those
of the other ids of the person, and who was referred by it names no referrer any more. What the
customer added to sums over many (satisfaction by factor, tier and channel) stays, nameless, and
fades with its half-life; complaints counted by hour no longer have its events as examples. A mark
stays under a digest of the id: what occurred before the erasure is dropped whenever it comes; what
occurs after starts anew. Inputs, outputs and dead letters still hold the customer's bytes until
their retention ends: the record names them with the dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.alerts import states
from domain.assembly.context import Context
from domain.assembly.held import held_until, held_words
from domain.customer.cause import Cause
from domain.customer.effects import LeftOut
from domain.customer.state import CASES, IDENTITY, MAILINGS, REFERRALS, Customer
from domain.kernel.order import id_of
from domain.kernel.wording import Wording
from domain.value import referrals
from schemas.fields import moment, rfc3339
from schemas.moves import CustomerMove
from schemas.outputs import CustomerTransition, Output, output_id

ERASED: Final = Wording(
    "customer.erased",
    "All state of this customer was deleted at the customer's request: figures of {events:,}"
    " events, with the segment, timers and pending promises. {held:said}",
)


def erase(customer: Customer, cause: Cause, ctx: Context) -> None:
    """Forget the person; outputs say that it left its segment and that it was erased."""
    merged = tuple(customer.identity.merged) if customer.has(IDENTITY) else ()
    friends = tuple(customer.referrals.referred) if customer.has(REFERRALS) else ()
    names = (customer.customer_id, *merged)
    referrals.withdraw(customer, "The customer was erased.", cause)
    _wipe(customer, cause, ctx)
    cause.outputs += [
        forget_at(told, names, cause.at, cause.event_id or "") for told in (*merged, *friends)
    ]


def erased_at(customer: Customer, ctx: Context) -> int:
    """Up to when (ms) all of a customer was erased, also of one without any state; 0: never."""
    core = customer.core
    core.erased_at = core.erased_at or ctx.erasures.of(customer.customer_id)
    return core.erased_at


def forget(customer: Customer, told: CustomerMove, ctx: Context) -> Sequence[Output]:
    """Follow an erasure told by another id: of the same person, or of who referred this one."""
    if customer.customer_id not in told.names:
        referrals.forget_referrer(customer, told.names)
        return ()
    cause = told_by(told, ctx)
    if not customer.core.events:  # else it has begun anew
        _wipe(customer, cause, ctx)
    return cause.outputs


def forget_joined(customer: Customer, told: CustomerMove) -> Sequence[Output]:
    """Forget the state of another id that comes after its person was erased, under this id."""
    name, other = told.customer_id, Customer.of_records(told.customer_id, told.records)
    came = [name]
    for each in came:  # what was merged into it came by it alone
        came += [one for one, to in told.merged.items() if to.into == each and one not in came]
    friends = tuple(other.referrals.referred) if other.has(REFERRALS) else ()
    names, at = (customer.customer_id, *came), customer.core.erased_at
    return [forget_at(each, names, at, told.move_id) for each in (*came, *friends)]


def forget_at(into: str, names: tuple[str, ...], at: int, event_id: str) -> CustomerMove:
    """Tell the customer ``into`` that the person with these ids was erased as of ``at`` (ms)."""
    return CustomerMove(
        move_id=output_id("forget", names[0], event_id, at, into),
        kind="forget",
        customer_id=names[0],
        into=into,
        at=at,
        names=names,
        occurred_at=rfc3339(moment(at)),
        reason="The person was erased: nothing may name it any more.",
        cause=(event_id,) if event_id else (),
    )


def told_by(told: CustomerMove, ctx: Context, quiet: bool = False) -> Cause:
    """What is behind a move: the profile event that erased or merged."""
    cause = Cause(ctx, told.at, None, quiet)
    if told.cause:
        cause.event_id = told.cause[0]
        cause.event_type = "profile"
    return cause


def _wipe(customer: Customer, cause: Cause, ctx: Context) -> None:
    core, name = customer.core, customer.customer_id
    events = max(0, core.events - 1)  # the request itself does not count
    if core.events:
        cause.outputs += ctx.segments.erase(customer, cause.at)
        ctx.standing.remove(name)
        ctx.aggregates.remove_customer(core.tier, core.complaints_open, core.complaints_overdue)
    if customer.has(CASES):
        steps = [step for case in customer.cases.cases for step in case.steps]
        ctx.hourly.forget({id_of(step.event_id) for step in steps})
    if customer.has(MAILINGS):
        for _ in customer.mailings.waiting:
            ctx.take(LeftOut())
    states.withdraw(customer, cause)
    customer.erase()
    done = max(cause.at, ctx.now)
    held = held_until(done, ctx.policy.retention)
    ctx.erasures.note(name, cause.at, done + ctx.policy.erasure.keep_ms, done)
    cause.outputs.append(
        CustomerTransition(
            transition_id=output_id("erased", name, *cause.named),
            customer_id=name,
            dimension="customer",
            from_state="known",
            to_state="erased",
            occurred_at=cause.when,
            late=ctx.late,
            reason=ERASED(events=events, held=held_words(held)),
            cause=cause.event_ids,
            held_until=held,
        )
    )

"""Merging: what is known of one id of a person counts for another id of it.

A profile event says so of the id it is of. All of that id's records go to the other one, through
a topic that is keyed by it, in the transaction that deletes them here; what remains is which id
it was merged into, and later events are sent after it. The other id joins what comes to what it
has, or sends it on where it was merged itself. Merges that run in a circle leave out the newest
of them by (time, event id), whichever was met last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from domain.alerts import states
from domain.assembly.context import Context
from domain.campaigns import expenses
from domain.customer.cause import Cause, signal
from domain.customer.parts import Identity
from domain.customer.state import IDENTITY, Customer
from domain.customer.transitions import Move, announce
from domain.kernel import order
from domain.kernel.wording import Wording
from domain.value import referrals
from schemas.codec import Event, encode
from schemas.fields import moment, rfc3339
from schemas.moves import CustomerMove, Merged
from schemas.outputs import output_id
from schemas.quick import Quick
from schemas.touchpoints import Profile

MERGED: Final = Wording(
    "customer.merged",
    "Merged into {into}, for which all of its {events:,} events count now.",
)
CIRCLE: Final = Wording(
    "merge.circle",
    "customer {customer} is not merged into {into}: merges ran in a circle, of which this was the"
    " newest",
)


def refusal(customer: Customer, event: Profile, at: int) -> str | None:
    """Why the customer cannot be merged as the event says; ``None``: it can be."""
    into = event.merged_into
    assert into is not None
    if expenses.is_campaign(into):
        return f"{into} is the key of a campaign's expenses: merge into an id of the customer"
    there = customer.merged_into
    if there == into:
        return None
    if there:
        return (
            f"{customer.customer_id} is merged into {there} already, where what is known of"
            f" it went: merge {there} into {into} instead"
        )
    known = customer.identity.merged if customer.has(IDENTITY) else {}
    if into in known:
        edges = _way(into, customer.customer_id, known)
        if order.place((at, event.event_id)) >= max(order.place(edge[1:]) for edge in edges):
            return (
                f"{into} was merged into {customer.customer_id} before: the other way round, as"
                " the newer of the two, would make a circle"
            )
    return None


def merge(customer: Customer, event: Profile, cause: Cause, ctx: Context) -> None:
    """Send all there is of the customer to the id it is merged into, and keep where that is."""
    core, name, into = customer.core, customer.customer_id, event.merged_into
    assert into is not None
    referrals.withdraw(customer, f"The customer was merged into {into}.", cause)
    cause.outputs += ctx.segments.erase(customer, cause.at)
    edge = Merged(into, cause.at, event.event_id)
    known = customer.identity.merged if customer.has(IDENTITY) else {}
    cause.outputs.append(
        CustomerMove(
            move_id=output_id("move", name, event.event_id, into),
            kind="state",
            customer_id=name,
            into=into,
            at=max(cause.at, core.newest),
            records=tuple(customer.records()),
            merged={**known, name: edge},
            occurred_at=cause.when,
            reason=f"{name} was merged into {into}: all of its state counts there.",
            cause=cause.event_ids,
        )
    )
    ctx.standing.remove(name)
    ctx.aggregates.remove_customer(core.tier, core.complaints_open, core.complaints_overdue)
    states.withdraw(customer, cause)
    customer.erase()
    customer.core.erased_at = core.erased_at
    identity = customer.identity
    identity.into, identity.at, identity.event_id = into, cause.at, event.event_id
    customer.touch(IDENTITY)
    reason = MERGED(into=into, events=core.events)
    announce(customer, cause, Move("customer", "known", "merged", reason))


def sent_after(customer: Customer, event: Event | Quick, at: int, into: str) -> CustomerMove:
    """An event of an id that was merged, on its way to where that id counts."""
    name = customer.customer_id
    return CustomerMove(
        move_id=output_id("event", name, event.type, event.event_id, into),
        kind="event",
        customer_id=name,
        into=into,
        at=at,
        event=_json(event, at),
        merged={name: _edge(customer.identity)},
        occurred_at=rfc3339(moment(at)),
        reason=f"{name} was merged into {into}: its events count there.",
        cause=(event.event_id,),
    )


def sent_on(customer: Customer, told: CustomerMove, cause: Cause) -> CustomerMove | None:
    """What came for an id that was merged itself, on its way further.

    ``None`` where the merges run in a circle of which this id's is the newest: it counts itself
    again.
    """
    identity, name = customer.identity, customer.customer_id
    if told.kind != "forget" and name in told.merged:
        newest = max(order.place(edge[1:]) for edge in _way(name, name, told.merged))
        if newest <= order.place((identity.at, identity.event_id)):
            _count_itself(customer, cause)
            return None
    return msgspec.structs.replace(
        told,
        move_id=output_id("on", told.move_id, name),
        into=identity.into,
        merged={**told.merged, name: _edge(identity)},
    )


def joined_at(customer: Customer, told: CustomerMove) -> int:
    """When (ms) the id that was moved became one of this person: at the newest merge on its way."""
    way = _way(told.customer_id, customer.customer_id, told.merged)
    return max(edge.at for edge in way)


def _count_itself(customer: Customer, cause: Cause) -> None:
    into = customer.identity.into
    customer.identity.into = ""
    customer.touch(IDENTITY)
    signal(
        customer,
        cause,
        "merge_circle",
        CIRCLE(customer=customer.customer_id, into=into),
    )


def _edge(identity: Identity) -> Merged:
    return Merged(identity.into, identity.at, identity.event_id)


def _way(start: str, end: str, known: Mapping[str, Merged]) -> list[Merged]:
    """The merges that lead from one id to another one."""
    way = [known[start]]
    while (name := way[-1].into) != end and name in known and len(way) <= len(known):
        way.append(known[name])
    return way


def _json(event: Event | Quick, at: int) -> str:
    """The event as it would be sent anew."""
    if isinstance(event, msgspec.Struct):
        given = {"type": event.type, **msgspec.structs.asdict(event)}
        given["occurred_at"] = rfc3339(moment(at))
        return msgspec.json.encode(
            {name: value for name, value in given.items() if value is not None}
        ).decode()
    return encode(event).decode()

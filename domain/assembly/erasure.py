"""Erasure: everything kept of one customer goes, and a record proves it.

State, vector, timers and pending promises go at once; the changelog gets tombstones. What the
customer added to sums over many (satisfaction by factor, tier and channel) stays, nameless, and
fades with its half-life. Later events of the same id start anew. Dead letters and the input
topics still hold the customer's bytes until their retention ends.
"""

from __future__ import annotations

from domain.assembly.context import Context
from domain.customer.cause import Cause
from domain.customer.state import Customer
from domain.value import referrals
from schemas.outputs import CustomerTransition, output_id


def erase(customer: Customer, cause: Cause, ctx: Context) -> None:
    """Forget the customer; outputs say that it left its segment and that it was erased."""
    core = customer.core
    events = core.events - 1  # the request itself does not count
    cause.outputs += ctx.segments.erase(customer, cause.at)
    referrals.withdraw(customer, cause)
    ctx.standing.remove(customer.customer_id)
    ctx.aggregates.remove_customer(core.tier, core.complaints_open, core.complaints_overdue)
    customer.erase()
    cause.outputs.append(
        CustomerTransition(
            transition_id=output_id("erased", customer.customer_id, *cause.named),
            customer_id=customer.customer_id,
            dimension="customer",
            from_state="known",
            to_state="erased",
            occurred_at=cause.when,
            late=ctx.late,
            reason=(
                f"All state of this customer was deleted at the customer's request: figures of"
                f" {events:,} events, with the segment, timers and pending promises."
            ),
            cause=cause.event_ids,
        )
    )

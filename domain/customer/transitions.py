"""A customer moved from one state to another in one dimension: the record that says so."""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.cause import Cause
from domain.customer.state import Customer
from schemas.outputs import CustomerTransition, output_id
from schemas.told import Told


class Move(NamedTuple):
    """From which state to which, in what dimension, and why."""

    dimension: str
    before: str
    after: str
    reason: Told


def announce(customer: Customer, cause: Cause, move: Move) -> None:
    """Add the transition to the outputs: the same cause and state give the same id."""
    dimension, before, after, reason = move
    cause.outputs.append(
        CustomerTransition(
            transition_id=output_id(dimension, customer.customer_id, *cause.named, after),
            customer_id=customer.customer_id,
            dimension=dimension,
            from_state=before,
            to_state=after,
            occurred_at=cause.when,
            late=cause.ctx.late,
            reason=reason,
            cause=cause.event_ids,
        )
    )

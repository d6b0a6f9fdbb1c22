"""Segments as they stand in Kafka: the newest model, and who is in which segment.

The audience is what the changelog says: the segments that customers were in at the last commit of
their partition, with the vector they were judged by. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from agents.customers import Customers
from agents.segments import segments
from domain.customer.parts import Core
from domain.customer.state import Customer, decode_core
from domain.policy import Policy
from domain.policy.segments import FINANCIAL_FEATURES
from domain.segments.financial import financial_values
from domain.segments.vectors import feature_values
from schemas.errors import OperatingError
from schemas.segments import QUARANTINE, SegmentModel
from schemas.topics import SEGMENT_MODEL
from streams.engine.models import newest_readable
from streams.engine.placing import partition_of
from streams.engine.restore import Restored, restore
from streams.settings import Settings


class NoModel(OperatingError):
    """There is no segment model, or none that can be read."""


class NoSegment(OperatingError):
    """The model has no segment of an id."""


class NoCustomer(OperatingError):
    """The changelog knows nothing of a customer."""


class Member(NamedTuple):
    """A customer as committed; ``as_of`` is its partition's task clock (ms)."""

    customer_id: str
    core: Core
    as_of: int
    customer: Customer | None = None


async def newest_model(settings: Settings) -> SegmentModel:
    """The readable model of the highest version. Raises :class:`NoModel`."""
    newest, torn = await newest_readable(settings, segments(Policy()))
    if newest is not None:
        return newest
    if torn:
        raise NoModel(f"no record of {SEGMENT_MODEL} can be read ({torn}): see `touchline doctor`")
    raise NoModel(
        "there is no segment model yet: workers make one as soon as enough customers "
        "(segments.min_customers of the policy, by default 30) have app clicks within 7 days"
    )


def name_of(model: SegmentModel, segment_id: str) -> str:
    """The name of a segment, or the id where this model does not have it."""
    names = {card.segment_id: card.name for card in model.segments}
    return names.get(segment_id, segment_id)


def known(model: SegmentModel, segment_id: str) -> str:
    """The id, where the model has it or it is the quarantine's. Raises :class:`NoSegment`."""
    if segment_id in (*model.segment_ids, QUARANTINE):
        return segment_id
    have = ", ".join(f"{card.segment_id} ({card.name})" for card in model.segments)
    raise NoSegment(
        f"no segment {segment_id!r} in model version {model.version}; there are {have}, and "
        f"{QUARANTINE} (outliers, not to be marketed to)"
    )


async def audience(
    settings: Settings, topology: Customers, partitions: int, segment_id: str
) -> AsyncIterator[tuple[int, list[Member]]]:
    """``(number, members)`` of each partition in turn, members sorted by customer id."""
    for number in range(partitions):
        restored = await restore(settings, number)
        members = _members(restored, topology)
        yield number, sorted(one for one in members if one.core.segment == segment_id)


async def member(
    settings: Settings, topology: Customers, partitions: int, customer_id: str
) -> Member:
    """One customer; reads only its own partition. Raises :class:`NoCustomer`."""
    restored = await restore(settings, partition_of(customer_id.encode(), partitions))
    value = restored.store.get(topology.main_key(customer_id))
    if value is None:
        raise NoCustomer(f"no customer {customer_id!r} is known")
    state = Customer.load(customer_id, restored.store.get)
    return Member(customer_id, decode_core(value), _clock(restored), state)


def vector(one: Member, features: tuple[str, ...], policy: Policy) -> dict[str, float] | None:
    """The customer's features by name as last judged by; ``None`` without a click in 7 days.

    Those of money, satisfaction and waits are as of now, and left out where they are not known.
    """
    if not one.core.window:
        return None
    values: dict[str, float | None] = {**feature_values(one.core)}
    if one.customer is not None and not set(FINANCIAL_FEATURES).isdisjoint(features):
        values |= financial_values(one.customer, one.as_of, policy)
    known = {name: values.get(name) for name in features}
    return {name: float(value) for name, value in known.items() if value is not None}


def _members(restored: Restored, topology: Customers) -> Iterator[Member]:
    clock = _clock(restored)
    for key, value in restored.store.items():
        owner = topology.owner(key)
        if owner is not None:
            state = Customer.load(owner, restored.store.get)
            yield Member(owner, decode_core(value), clock, state)


def _clock(restored: Restored) -> int:
    return restored.checkpoint.clock if restored.checkpoint is not None else 0

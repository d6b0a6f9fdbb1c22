"""Customers' state as it stands in the changelog, read without a group and without a trace."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from agents.customers import Customers, Touched
from agents.topology import Figures
from domain.assembly.context import Context
from domain.customer.state import Customer
from schemas.common import CommonRecord
from streams.engine.cache import Budget
from streams.engine.partition import Partition
from streams.engine.placing import partition_of
from streams.engine.restore import restore
from streams.settings import Settings

Committed = Partition[Touched, Customer, Context]
"""A partition of customers as it was committed."""


class Read(NamedTuple):
    """How customers are read: by which rules, of how many partitions, as of ``at`` (ms).

    Without ``at`` it is now; on the event clock, how far a partition's own clock has come.
    ``records`` are those made over all customers that figures follow from, such as standings.
    """

    topology: Customers
    partitions: int
    at: int | None = None
    records: Sequence[CommonRecord] = ()


async def customer(settings: Settings, read: Read, customer_id: str) -> Figures | None:
    """One customer, or ``None``; reads only the customer's own partition."""
    number = partition_of(customer_id.encode(), read.partitions)
    partition = await _partition(settings, read, number)
    state = partition.state(customer_id)
    if state is None:
        return None
    return read.topology.export(state, _moment(settings, partition, read.at), partition.context)


async def customers(
    settings: Settings, read: Read
) -> AsyncIterator[tuple[int, list[tuple[str, Figures]]]]:
    """Every customer of each partition in turn: ``(number, [(id, figures)])``, sorted by id."""
    async for partition, moment in each_partition(settings, read):
        yield partition.number, list(exported(partition, moment))


async def each_partition(settings: Settings, read: Read) -> AsyncIterator[tuple[Committed, int]]:
    """Each partition in turn as it was committed, and of when it is to be told (ms)."""
    for number in range(read.partitions):
        partition = await _partition(settings, read, number)
        yield partition, _moment(settings, partition, read.at)


def exported(partition: Committed, moment: int) -> Iterator[tuple[str, Figures]]:
    """Every customer of a partition as of ``moment`` (ms): id and figures, sorted by id."""
    topology = partition.topology
    owners = (topology.owner(key) for key, _ in partition.store.items())
    for customer_id in sorted(owner for owner in owners if owner):
        state = partition.state(customer_id)
        if state is None:
            continue
        figures = topology.export(state, moment, partition.context)
        if figures is not None:
            yield customer_id, figures


async def _partition(settings: Settings, read: Read, number: int) -> Committed:
    restored = await restore(settings, number)
    partition = Partition(
        read.topology,
        number,
        restored.store,
        restored.checkpoint,
        clock=settings.clock,
        budget=Budget(settings.cache_megabytes),
    )
    for record in read.records:
        partition.adopt(record)
    return partition


def _moment(settings: Settings, partition: Committed, at: int | None) -> int:
    if at is not None:
        return at
    if settings.clock == "event":
        return partition.now
    return max(partition.now, time.time_ns() // 1_000_000)

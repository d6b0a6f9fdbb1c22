"""Customers' state as it stands in the changelog, read without a group and without a trace."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from agents.topology import Topology
from streams.engine.partition import Partition
from streams.engine.placing import partition_of
from streams.engine.restore import restore
from streams.settings import Settings

Figures = dict[str, Any]


async def customer(
    settings: Settings, topology: Topology, partitions: int, customer_id: str, at: int | None
) -> Figures | None:
    """One customer as of ``at`` (ms), or ``None``; reads only the customer's own partition.

    Without ``at`` it is now; on the event clock, how far the partition's own clock has come.
    """
    number = partition_of(customer_id.encode(), partitions)
    partition = await _partition(settings, topology, number)
    state = partition.state(customer_id)
    if state is None:
        return None
    return topology.export(state, _moment(settings, partition, at), partition.context)


async def customers(
    settings: Settings, topology: Topology, partitions: int, at: int | None
) -> AsyncIterator[tuple[int, list[tuple[str, Figures]]]]:
    """Every customer of each partition in turn: ``(number, [(id, figures)])``, sorted by id."""
    async for partition, moment in each_partition(settings, topology, partitions, at):
        yield partition.number, list(exported(topology, partition, moment))


async def each_partition(
    settings: Settings, topology: Topology, partitions: int, at: int | None
) -> AsyncIterator[tuple[Partition, int]]:
    """Each partition in turn as it was committed, and of when it is to be told (ms)."""
    for number in range(partitions):
        partition = await _partition(settings, topology, number)
        yield partition, _moment(settings, partition, at)


def exported(
    topology: Topology, partition: Partition, moment: int
) -> Iterator[tuple[str, Figures]]:
    """Every customer of a partition as of ``moment`` (ms): id and figures, sorted by id."""
    owners = (topology.owner(key) for key, _ in partition.store.items())
    for customer_id in sorted(owner for owner in owners if owner):
        figures = topology.export(partition.state(customer_id), moment, partition.context)
        if figures is not None:
            yield customer_id, figures


async def _partition(settings: Settings, topology: Topology, number: int) -> Partition:
    restored = await restore(settings, number)
    return Partition(
        topology,
        number,
        restored.store,
        restored.checkpoint,
        clock=settings.clock,
        cached=settings.cached_customers,
    )


def _moment(settings: Settings, partition: Partition, at: int | None) -> int:
    if at is not None:
        return at
    if settings.clock == "event":
        return partition.now
    return max(partition.now, time.time_ns() // 1_000_000)

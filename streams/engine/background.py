"""The long work of a worker's partitions: over all customers, after a restore or a new model.

One slice at a time, a partition in turn, so that events, commits and the network go in between
however many partitions have work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from streams.engine.routines import Beat, unheard

IDLE_SECONDS = 0.02
PASSES = 4
"""Of the event loop between two slices: a commit is a dozen hops, and an alert waits for each."""


class Works(Protocol):
    """A partition's task, as far as it has long work."""

    @property
    def has_work(self) -> bool:
        """Whether a slice of it may be done now."""

    def work(self) -> None:
        """Do a slice."""


async def work_off(
    tasks: Callable[[], Iterable[Works]], processor: asyncio.Lock, beat: Beat = unheard
) -> None:
    """Give every task that has long work a slice in turn, for ever.

    Whoever holds ``processor`` is at work; it is given up after each slice.
    """
    while True:
        beat()
        busy = [task for task in tasks() if task.has_work]
        if not busy:
            await asyncio.sleep(IDLE_SECONDS)
        for task in busy:
            async with processor:
                if task.has_work:  # else it was closed or parked meanwhile
                    task.work()
                for _ in range(PASSES):
                    await asyncio.sleep(0)

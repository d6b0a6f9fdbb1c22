"""The background tasks that Faust runs: whether each still does.

A task of Faust's that raises crashes the app, which ends the worker. One that just returns, or is
cancelled by mistake, it goes on without. So those that always run are looked for among all tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

LOOK_SECONDS: Final = 1.0
GONE_SECONDS: Final = 4.0
"""After an assignment Faust starts some of them anew."""

ALWAYS: Final = frozenset(
    {
        "Agent._execute_actor",
        "Conductor._subscriber",
        "Consumer._hear_refusals",
        "Fetcher._fetcher",
        "Monitor._sampler",
        "ProducerBuffer._handle_pending",
        "Recovery._publish_stats",
        "Recovery._restart_recovery",
        "Recovery._slurp_changelogs",
        "SupervisorStrategy._supervisor",
    }
)
"""By the name of the coroutine: what runs in a worker as long as it has an assignment."""


def names_of(task: asyncio.Task[Any]) -> Iterator[str]:
    """The name of a task's coroutine, and of the one that Faust wrapped into it."""
    for work in (task.get_coro(), getattr(task, "__wrapped__", None)):
        name = getattr(work, "__qualname__", None)
        if name is not None:
            yield name


class FaustTasks:
    """Knows since when one of them is missing."""

    def __init__(self) -> None:
        self._looked = 0.0
        self._missing: dict[str, float] = {}

    def lost(self, now: float) -> str | None:
        """That one of them ended, or ``None``; looks each second of ``now`` (monotonic)."""
        if now - self._looked < LOOK_SECONDS:
            return None
        paused = now - self._looked > GONE_SECONDS  # we stood still, and so did they
        self._looked = now
        if paused:
            self._missing = {}
        there = {name for task in asyncio.all_tasks() for name in names_of(task)}
        self._missing = {name: self._missing.get(name, now) for name in ALWAYS - there}
        for name, since in self._missing.items():
            if now - since >= GONE_SECONDS:
                return f"Faust's background task {name} ended without a word"
        return None

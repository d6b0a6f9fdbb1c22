"""The background tasks of a worker: none ends by itself, and none stands still unseen.

A task that ends nobody awaits: the worker would go on without it and look well. So whatever runs
for as long as the worker does is started here: its end ends the worker, unless it was asked for.
Each tells when it goes round; one that does not for long is why a worker is not ready.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from schemas.errors import OperatingError
from streams.engine.client.routines import why

STOP_SECONDS = 10.0

Beat = Callable[[], None]
"""Says that a task goes round."""

log = structlog.get_logger("touchline.routines")


def unheard() -> None:
    """Nobody listens to this beat."""


class RoutineEnded(OperatingError):
    """A background task ended that was to run as long as the worker."""


class Routines:
    """Background tasks by name; ``fail`` hears of one that ended by itself."""

    def __init__(self, fail: Callable[[BaseException], None]) -> None:
        self._fail = fail
        self._running: dict[str, asyncio.Task[None]] = {}
        self._beats: dict[str, tuple[float, float]] = {}

    def start(
        self,
        name: str,
        work: Callable[[Beat], Coroutine[Any, Any, None]],
        patience: float,
        *,
        may_end: bool = False,
    ) -> None:
        """Start a task that goes round at least every ``patience`` seconds.

        ``may_end``: it may return, though not raise.
        """

        def beat() -> None:
            if name in self._running:
                self._beats[name] = time.monotonic(), patience

        task = asyncio.create_task(work(beat), name=name)
        self._running[name] = task
        beat()
        task.add_done_callback(partial(self._ended, name, may_end))

    def runs(self, name: str) -> bool:
        """Whether this one is under way."""
        return name in self._running

    async def stop(self, name: str) -> None:
        """End a task, if it runs, and wait for it a while."""
        task = self._running.pop(name, None)
        self._beats.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=STOP_SECONDS)

    def still(self, now: float) -> list[str]:
        """Which tasks have not gone round for too long by ``now`` (monotonic), a sentence each."""
        return [
            f"the background task {name!r} has stood still for {now - at:.0f} s"
            for name, (at, patience) in self._beats.items()
            if now - at > patience
        ]

    def _ended(self, name: str, may_end: bool, task: asyncio.Task[None]) -> None:
        error = _error(task)
        if self._running.get(name) is not task:
            return  # it was asked to end
        del self._running[name], self._beats[name]
        if may_end and error is None:
            return
        log.error("background task ended", what=name, why=why(task), exc_info=error)
        if isinstance(error, OperatingError):
            self._fail(error)
        else:
            self._fail(RoutineEnded(f"the background task {name!r} ended: {why(task)}"))


def _error(task: asyncio.Task[None]) -> BaseException | None:
    """What ended a task that is done, with its traceback."""
    try:
        task.result()
    except (asyncio.CancelledError, Exception) as error:
        return error
    return None

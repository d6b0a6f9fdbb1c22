"""Whether a worker gets on: its background tasks, its fetches, and its way to the topics' ends.

Readiness is judged by what comes of the work. What ended is mended or ends the worker; what stands
still is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import structlog

from streams.engine.ends import Ends
from streams.engine.fetching import A_PRODUCER, FetchWatch
from streams.engine.observer import Observer
from streams.engine.routines import Beat, Routines

LOOK_SECONDS: Final = 1.0
STILL_SECONDS: Final = 30.0
"""A partition with lag whose positions do not move for so long; the deadline of a commit is 20."""
TURN_SECONDS: Final = 10.0
"""A partition that is open goes round once a second; a commit is to take no longer either."""

Positions = Mapping[str, int]

log = structlog.get_logger("touchline.watch")


class Watched(Protocol):
    """A partition's task, as far as it is watched."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def positions(self) -> Positions | None:
        """Up to where it has applied each topic; ``None`` unless it is open."""

    def still_for(self, now: float) -> float:
        """Seconds since it went round, at ``now`` (monotonic); 0 unless it is open."""

    def broken(self) -> str | None:
        """Why it must be opened anew, or ``None``."""

    async def renew(self, why: str) -> None:
        """Open it anew."""


class Watch:
    """Looks each second, and says why a worker is not ready."""

    def __init__(
        self,
        tasks: Callable[[], Iterable[Watched]],
        consumer: Callable[[], FetchWatch | None],
        ends: Ends,
        routines: Routines,
        observer: Observer,
    ) -> None:
        self._tasks, self._consumer = tasks, consumer
        self._ends, self._routines, self._observer = ends, routines, observer
        self._moved: dict[int, tuple[int, float]] = {}
        self._lagging: set[int] = set()
        self._renewing: dict[int, asyncio.Task[None]] = {}

    async def run(self, beat: Beat) -> None:
        """Look until cancelled. Raises ConsumerFailed where the consumer cannot be mended."""
        try:
            while True:
                beat()
                self.look(time.monotonic())
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for renewing in self._renewing.values():
                renewing.cancel()

    def look(self, now: float) -> None:
        """Mend what can be."""
        fetching = self._consumer()
        if fetching is not None:
            fetching.look(now, self._observer.healed)
            self._observer.progress(fetching.age(now), self._ends.age(now))
        for task in self._tasks():
            why = task.broken()
            if why is not None and task.number not in self._renewing:
                self._observer.healed(A_PRODUCER)
                renewing = asyncio.create_task(task.renew(why), name=f"renew-{task.number}")
                self._renewing[task.number] = renewing
        for number in [n for n, renewing in self._renewing.items() if renewing.done()]:
            del self._renewing[number]

    def lag(self, now: float, lags: Mapping[tuple[str, int], int]) -> None:
        """Note which partitions have lag, and since when their positions stand."""
        self._lagging = {number for (_, number), records in lags.items() if records}
        moved = dict[int, tuple[int, float]]()
        for task in self._tasks():
            if (positions := task.positions) is not None and task.number in self._lagging:
                at = sum(positions.values())
                before = self._moved.get(task.number)
                moved[task.number] = before if before and before[0] == at else (at, now)
        self._moved = moved

    def reasons(self, now: float) -> list[str]:
        """Why this worker is not ready, a sentence each."""
        fetching = self._consumer()
        found = self._routines.still(now) + self._ends.reasons(now)
        if fetching is not None:
            found += fetching.reasons(now)
        for number, (_, since) in sorted(self._moved.items()):
            if now - since > STILL_SECONDS:
                found.append(
                    f"partition {number} has lag and its positions stand for {now - since:.0f} s"
                )
        for task in self._tasks():
            if (why := task.broken()) is not None:
                found.append(f"partition {task.number} is to be opened anew: {why}")
            elif (still := task.still_for(now)) > TURN_SECONDS:
                found.append(f"partition {task.number} has stood still for {still:.0f} s")
        return found

"""The one place that listens to the read model, and tells every client of a stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import structlog

from streams.readmodel.changing import Resync
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import Change, Positions
from streams.serve.metrics import ServeMetrics
from streams.serve.streaming.client import Client
from streams.serve.streaming.frames import WITH_OWNER, Burst, Frame, burst, frames, seen
from streams.serve.streaming.vector import NUMBERED, Vector, dump

MOST_AT_ONCE: Final = 200
"""Changes of one burst at most, so that an id comes often enough."""
AGAIN_SECONDS: Final = 0.5
BUILDING_SECONDS: Final = 1e6
"""A partition that is older than this has not been shown yet since the read model was made."""

Ask = Callable[..., Awaitable[Any]]
log = structlog.get_logger("touchline.serve")


class Hub:
    """Listens while there are clients. ``ask`` runs a blocking question in a thread."""

    def __init__(self, model: ReadModel, ask: Ask, metrics: ServeMetrics) -> None:
        self._model, self._ask, self._metrics = model, ask, metrics
        self._clients: set[Client] = set()
        self._listening: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._positions: Positions = {}
        self._over = False

    @property
    def vector(self) -> str:
        """The id behind everything that clients were told."""
        return dump(Vector(time.time_ns() // 1_000_000, self._positions))

    @property
    def positions(self) -> Positions:
        """The positions that the id is of."""
        return dict(self._positions)

    def end(self) -> None:
        """End every stream: the process is told to end."""
        self._over = True
        for client in list(self._clients):
            client.end()

    async def close(self) -> None:
        """Listen no more."""
        self.end()
        await self._stop()

    @contextlib.contextmanager
    def joined(self, client: Client) -> Iterator[None]:
        """A client that is told what comes, while entered."""
        self._clients.add(client)
        self._metrics.streams.set(len(self._clients))
        if self._over:
            client.end()
        if self._listening is None or self._listening.done():
            self._begun.clear()
            self._listening = asyncio.create_task(self._listen(), name="streams")
        try:
            yield
        finally:
            self._clients.discard(client)
            self._metrics.streams.set(len(self._clients))

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    async def ready(self, seconds: float) -> bool:
        """Whether it listens to a read model that is whole; waits so long for that."""
        try:
            async with asyncio.timeout(seconds):
                await self._begun.wait()
        except TimeoutError:
            return False
        return True

    # -- listening ------------------------------------------------------------------------

    async def _stop(self) -> None:
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while self._clients and not self._over:
            try:
                await self._follow()
            except Resync:
                for client in self._clients:
                    client.lose()
            except Exception as error:
                log.error("streams cannot be told what comes", error=type(error).__name__)
                for client in self._clients:
                    client.lose()
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        """Tell what comes, until nobody listens. Raises :class:`Resync`."""
        self._begun.clear()
        changes = self._model.changes(NUMBERED)
        # the iterator listens from its first step on, and what came before is in the positions:
        # so the step is taken first, and what is told twice is left out by offset
        step = asyncio.ensure_future(anext(changes))
        try:
            await asyncio.sleep(0)
            while not await self._ask(self._is_whole):
                if step.done():
                    step.result()
                    step = asyncio.ensure_future(anext(changes))
                await asyncio.sleep(AGAIN_SECONDS)
                if not self._clients:
                    return
            known = await self._ask(self._model.positions)
            self._positions = {place: at for place, at in known.items() if place[0] in NUMBERED}
            self._begun.set()
            while self._clients and not self._over:
                done, _ = await asyncio.wait((step,), timeout=AGAIN_SECONDS)
                if done:
                    came = step.result()
                    step = asyncio.ensure_future(anext(changes))
                    await self._tell(came)
        finally:
            self._begun.clear()
            step.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await step
            with contextlib.suppress(Exception):
                await changes.aclose()  # type: ignore[attr-defined]

    def _is_whole(self) -> bool:
        current = self._model.currency()
        return bool(current) and all(each.age_seconds < BUILDING_SECONDS for each in current)

    async def _tell(self, changes: Sequence[Change]) -> None:
        for first in range(0, len(changes), MOST_AT_ONCE):
            some = changes[first : first + MOST_AT_ONCE]
            told = await self._frames_for_all(some)
            before = dict(self._positions)
            for change in some:
                place = change.topic, change.partition
                behind = self._positions.get(place, 0)
                self._positions[place] = max(behind, change.offset + 1)
            self._offer(told, self.vector, before)

    def _offer(self, told: Sequence[Frame], vector: str, before: Positions) -> None:
        """Give every client what is for it: made once for all who see the same."""
        made: dict[tuple[frozenset[str], str | None], Burst | None] = {}
        for client in list(self._clients):
            sees = client.sees
            if sees not in made:
                mine = seen(told, *sees)
                made[sees] = Burst(mine, vector, burst(mine, vector), before) if mine else None
            if (came := made[sees]) is not None:
                client.offer(came)

    async def _frames_for_all(self, changes: Sequence[Change]) -> list[Frame]:
        while True:
            clients = set(self._clients)
            told = await self.frames(changes, clients)
            if self._clients <= clients:  # for who came meanwhile owners may not be known
                return told

    async def frames(self, changes: Sequence[Change], clients: Iterable[Client]) -> list[Frame]:
        """Frames of changes, with owners where one of these clients sees its own alone.

        They are looked up where such a client asked for records that do not tell.
        """
        kept = [client for client in clients if client.owner_id is not None]
        if not kept:
            return frames(changes, None)
        topics = frozenset[str]().union(*(client.topics for client in kept)) - WITH_OWNER
        customers = {change.customer_id for change in changes if change.topic in topics} - {None}
        owners = await self._ask(self._model.owners, customers) if customers else {}
        return frames(changes, owners)

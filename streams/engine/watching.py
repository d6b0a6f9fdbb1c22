"""Seeing while a worker runs that a topic of its partitions is no longer the one they read.

Kafka says nothing of it by itself. Brokers are asked now and then, and at once where a fetch is
answered by an error. One that has just started may not know a topic yet, or still the former:
only what is seen twice counts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

import structlog
from aiokafka.errors import KafkaError

from streams.engine.client.topic_ids import Known
from streams.engine.routines import Beat, unheard

LOOK_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 0.5

log = structlog.get_logger("touchline.watching")

Asks = Callable[[Iterable[str]], Awaitable[Mapping[str, Known] | None]]
"""What Kafka knows of topics; ``None`` where it tells no ids."""


class Reads(Protocol):
    """What is watched of a task."""

    number: int

    @property
    def topic_ids(self) -> Mapping[str, bytes]:
        """The ids of the topics it reads and of its changelog; none while it does not work."""

    async def lose(self) -> None:
        """Stop: of one of them that can no longer be gone on with."""


class Watching:
    """Watches the tasks that ``tasks`` gives, by what ``ask`` says of their topics."""

    def __init__(self, tasks: Callable[[], Iterable[Reads]], ask: Asks) -> None:
        self._tasks = tasks
        self._ask = ask
        self._doubt = asyncio.Event()

    def doubt(self) -> None:
        """Look at once: a fetch was answered by an error."""
        self._doubt.set()

    async def run(self, beat: Beat = unheard) -> None:
        """Look until cancelled; while Kafka does not answer, nothing is known."""
        suspects: set[int] = set()
        while True:
            beat()
            await self._pause(hurried=bool(suspects))
            try:
                strange = await self._strange()
            except (KafkaError, TimeoutError):
                strange = {}
            for number in strange.keys() & suspects:
                await strange.pop(number).lose()
            suspects = set(strange)

    async def _pause(self, *, hurried: bool) -> None:
        await asyncio.sleep(AGAIN_SECONDS)
        if not hurried:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._doubt.wait()
        self._doubt.clear()

    async def _strange(self) -> dict[int, Reads]:
        """Tasks one of whose topics is missing, or another by its id."""
        tasks = list(self._tasks())
        topics = {topic for task in tasks for topic in task.topic_ids}
        known = await self._ask(topics) if topics else None
        if known is None:
            return {}
        return {task.number: task for task in tasks if _differs(task, known)}


def _differs(task: Reads, known: Mapping[str, Known]) -> bool:
    for topic, topic_id in task.topic_ids.items():
        now = known.get(topic)
        if now is None or task.number not in now.partitions:
            return True
        if now.id and topic_id and now.id != topic_id:  # a broker of before 2.8 tells none
            return True
    return False

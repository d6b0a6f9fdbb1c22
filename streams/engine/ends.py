"""Where partitions end, asked of the brokers apart from the fetching, by a connection of its own.

What the fetcher knows of an end is as old as its newest answer: a worker whose fetcher is dead
would say for ever that nothing waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.engine.routines import Beat
from streams.settings import Settings

ASK_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 5.0
TOLD_SECONDS: Final = 10.0
"""Older than this, the newest answer is too old."""

log = structlog.get_logger("touchline.ends")


class Ends:
    """The ends of the partitions that are ``wanted``; ``known`` as of ``told`` (monotonic).

    An end is behind the last committed record, as for ``read_committed``.
    """

    def __init__(self, settings: Settings, wanted: Callable[[], Iterable[tuple[str, int]]]) -> None:
        self.known: Mapping[tuple[str, int], int] = MappingProxyType({})
        self.told: float | None = None
        self._settings = settings
        self._wanted = wanted

    def age(self, now: float) -> float:
        """Seconds since the newest answer was asked for; 0 where none is asked for yet."""
        return 0.0 if self.told is None else now - self.told

    def reasons(self, now: float) -> list[str]:
        """Why a worker is not ready, a sentence each."""
        if self.age(now) <= TOLD_SECONDS:
            return []
        return [f"the brokers were last asked {self.age(now):.0f} s ago where the topics end"]

    async def run(self, beat: Beat) -> None:
        """Ask until cancelled; an outage of Kafka is waited out."""
        self.told = time.monotonic()
        while True:
            try:
                await self._ask_on(beat)
            except (KafkaError, TimeoutError) as error:
                log.warning("the ends of the topics cannot be asked for", why=repr(error))
                beat()
                await asyncio.sleep(ASK_SECONDS)

    async def _ask_on(self, beat: Beat) -> None:
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            request_timeout_ms=int(ANSWER_SECONDS * 1_000),
        )
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                await consumer.start()
            while True:
                check(consumer)
                asked = time.monotonic()
                wanted = [TopicPartition(*place) for place in self._wanted()]
                async with asyncio.timeout(2 * ANSWER_SECONDS):
                    found = await consumer.end_offsets(wanted) if wanted else {}
                self.known, self.told = found, asked
                beat()
                await asyncio.sleep(ASK_SECONDS)
        finally:
            await stop(consumer)

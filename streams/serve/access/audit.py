"""Writing the audit: beside the requests, by a producer of its own.

No request waits for it. What is done within some milliseconds goes out together: a batch costs far
more than a record in it. While Kafka is away records wait here, up to a bound; what is beyond it is
lost, and that is counted and told.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.audit import AuditRecord
from schemas.errors import OperatingError
from streams.engine.admin import plain
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.serve.access.ending import end, unforeseen
from streams.serve.access.measured import AccessMetrics
from streams.settings import Settings

HELD: Final = 50_000
BATCH: Final = 1_000
TOGETHER_SECONDS: Final = 0.025
AGAIN_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5.0
TOLD_SECONDS: Final = 10.0

log = structlog.get_logger("touchline.audit")


class Audit:
    """Takes records at any time; ``run`` sends them, each at least once and in their order."""

    def __init__(self, settings: Settings, metrics: AccessMetrics, held: int = HELD) -> None:
        self._settings = settings
        self._metrics = metrics
        self._bound = held
        self._held: deque[AuditRecord] = deque()
        self._some = asyncio.Event()
        self._lost = 0
        self._told_at = float("-inf")

    def write(self, record: AuditRecord) -> None:
        """Take a record to be sent."""
        if len(self._held) >= self._bound:
            self._lose(1)
            return
        self._held.append(record)
        self._some.set()

    async def run(self) -> None:
        """Send until cancelled; an outage of Kafka is waited out, and so is any fault."""
        while True:
            try:
                await self._send_all()
            except (KafkaError, TimeoutError, OperatingError) as error:
                log.warning("the audit cannot be written", why=plain(error), held=len(self._held))
            except Exception as error:  # else all that is done from here on would be lost
                why = unforeseen(error)
                log.error("the audit cannot be written", why=why, held=len(self._held))
            await asyncio.sleep(AGAIN_SECONDS)

    async def close(self, running: asyncio.Task[None] | None) -> None:
        """Give what waits some seconds to go out, and end ``running``."""
        deadline = time.monotonic() + CLOSE_SECONDS
        while self._held and running is not None and not running.done():
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.02)
        await end(running)
        if self._held:
            self._told_at = float("-inf")
            self._lose(len(self._held))
            self._held.clear()

    async def _send_all(self) -> None:
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=True,
            compression_type="gzip",
        )
        try:
            await producer.start()
            while True:
                await self._some.wait()
                await asyncio.sleep(TOGETHER_SECONDS)
                check(producer)
                batch = [self._held[n] for n in range(min(BATCH, len(self._held)))]
                await self._send(producer, batch)
                for _ in batch:
                    self._held.popleft()
                self._metrics.audited.inc(len(batch))
                if not self._held:
                    self._some.clear()
        finally:
            await stop(producer)

    async def _send(self, producer: AIOKafkaProducer, batch: Sequence[AuditRecord]) -> None:
        topic = self._settings.audit_topic
        sent = [
            await producer.send(
                topic, key=one.key, value=one.model_dump_json(exclude_none=True).encode()
            )
            for one in batch
        ]
        for answer in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    def _lose(self, count: int) -> None:
        self._metrics.lost.inc(count)
        self._lost += count
        if time.monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = time.monotonic()
            log.error("records of the audit are lost", lost=self._lost, why="Kafka was away")

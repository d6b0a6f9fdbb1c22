"""Writing who may come in: each record is there, on all replicas of Kafka, once it is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from streams.engine.client.routines import stop
from streams.engine.clients import client_options
from streams.serve.access.records import ACCESS_PARTITION, AccessRecord, dump
from streams.settings import Settings


class AccessWriter:
    """Connects at the first record. Raises aiokafka's errors where Kafka does not take one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer)

    async def write(self, record: AccessRecord) -> int:
        """The offset it is kept at."""
        return await self._send(record.key, dump(record))

    async def delete(self, keys: Iterable[bytes]) -> None:
        """Forget what these Kafka keys say."""
        for key in keys:
            await self._send(key, None)

    async def _send(self, key: bytes, value: bytes | None) -> int:
        producer = await self._opened()
        kept = await producer.send_and_wait(
            self._settings.access_topic, key=key, value=value, partition=ACCESS_PARTITION
        )
        offset: int = kept.offset
        return offset

    async def _opened(self) -> AIOKafkaProducer:
        async with self._opening:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_options(self._settings), acks="all", enable_idempotence=True
                )
                try:
                    await producer.start()
                except BaseException:
                    await stop(producer)
                    raise
                self._producer = producer
            return self._producer

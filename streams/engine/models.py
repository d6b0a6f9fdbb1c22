"""Every worker's view of the newest model: read from the compacted topic, without a group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.segments import Modelling
from streams.engine.clients import client_options
from streams.engine.observer import Observer
from streams.engine.restore import read_values
from streams.settings import Settings

MODEL_PARTITION = 0
"""The one partition of the model's topic that is written to: there is one model."""
POLL_MS = 500
AGAIN_SECONDS = 1.0
MAX_MODEL_BYTES = 4 * 1024 * 1024

log = structlog.get_logger("touchline.models")


async def newest_readable(
    settings: Settings, topic: str, load: Callable[[bytes], Any]
) -> tuple[Any | None, str]:
    """The model of the highest version that can be read, and why the last torn one cannot.

    A torn record is passed over while an older one is still there: compaction leaves the newest
    alone for a while.
    """
    newest, torn = None, ""
    async for value in read_values(settings, topic, MODEL_PARTITION):
        try:
            model = load(value)
        except ValueError as error:
            torn = str(error).splitlines()[0]
        else:
            newest = model if newest is None or model.version > newest.version else newest
    return newest, torn


class Models:
    """``newest`` is the model of the highest version met; ``on_model`` hears of each newer one."""

    def __init__(
        self,
        modelling: Modelling,
        settings: Settings,
        observer: Observer,
        on_model: Callable[[Any], None],
    ) -> None:
        self.newest: Any | None = None
        self._modelling = modelling
        self._settings = settings
        self._observer = observer
        self._on_model = on_model

    async def run(self) -> None:
        """Read until cancelled; an outage of Kafka is waited out."""
        while True:
            try:
                await self._read()
            except (KafkaError, TimeoutError) as error:
                log.warning("models cannot be read", why=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=MAX_MODEL_BYTES,
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(self._modelling.target, MODEL_PARTITION)])
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                for records in fetched.values():
                    for record in records:
                        self._take(record.value)
        finally:
            await consumer.stop()

    def _take(self, value: bytes | None) -> None:
        """A torn or foreign model is told of and left aside: the one in use goes on."""
        try:
            model = self._modelling.load_model(value or b"")
        except ValueError as error:
            log.error("model refused", why=str(error).splitlines()[0])
            self._observer.model_refused("unreadable", str(error))
            return
        if self.newest is not None and model.version <= self.newest.version:
            self._observer.model_refused("older", f"version {model.version}")
            return
        self.newest = model
        self._on_model(model)

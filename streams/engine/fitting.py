"""The one task that makes models: snapshots of all partitions in, a model out.

It runs on whichever worker owns partition 0 of the customers, with a transactional id of its
own: whoever opens it fences the one before, reads the newest model and goes on from there, so
that ids and versions continue. Fitting runs in a thread, in large numpy operations, beside the
event loop.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.segments import Fits, Modelling
from schemas.codec import encode
from streams.engine.clients import client_options
from streams.engine.models import MODEL_PARTITION, newest_readable
from streams.engine.observer import Observer
from streams.engine.transaction import CommitFailed, Fenced, TransactionalProducer
from streams.settings import Settings

LEADER = 0
"""The partition number whose owner makes the models."""
POLL_MS = 200
AGAIN_SECONDS = 1.0
UNREADABLE_SECONDS = 10.0
STOP_SECONDS = 10.0

log = structlog.get_logger("touchline.fitting")


class Fitting:
    """Started with partition 0, stopped with it."""

    def __init__(self, modelling: Modelling, settings: Settings, observer: Observer) -> None:
        self._modelling = modelling
        self._settings = settings
        self._observer = observer
        self._producer = TransactionalProducer(settings, MODEL_PARTITION, "segments")
        self._snapshots: dict[int, Any] = {}
        self._news = False

    async def run(self) -> None:
        """Make models until cancelled or fenced; an outage of Kafka is waited out."""
        try:
            while True:
                try:
                    await self._lead()
                except Fenced as fenced:
                    log.info("another worker makes the models", why=str(fenced))
                    return
                except UnreadableModel as error:
                    log.error("no models can be made", why=str(error))
                    self._observer.model_refused("unreadable", str(error))
                    await asyncio.sleep(UNREADABLE_SECONDS)
                except (KafkaError, CommitFailed, TimeoutError) as error:
                    log.warning("models cannot be made now", why=repr(error))
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await self._producer.close()

    async def _lead(self) -> None:
        await self._producer.close()
        await self._producer.open()
        fitter = await asyncio.to_thread(self._modelling.fitter, await self._newest())
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            numbers = range(self._settings.partitions)
            consumer.assign([TopicPartition(self._modelling.source, n) for n in numbers])
            fitted_at = 0.0
            while True:
                await self._gather(consumer)
                timing = self._settings.segments
                pause = timing.fit_seconds if self._news else timing.refit_seconds
                if self._snapshots and time.monotonic() - fitted_at >= pause:
                    fitted_at = time.monotonic()
                    await self._fit(fitter)
        finally:
            await consumer.stop()

    async def _newest(self) -> Any | None:
        """The newest model that can be read; raises :class:`UnreadableModel`."""
        newest, torn = await newest_readable(
            self._settings, self._modelling.target, self._modelling.load_model
        )
        if newest is None and torn:
            raise UnreadableModel(
                f"no record of {self._modelling.target} can be read, and without one ids of"
                f" segments would be used again: {torn}. Start the version that wrote it, or"
                f" delete the topic's records to begin anew"
            )
        return newest

    async def _gather(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            try:
                self._snapshots[tp.partition] = self._modelling.load_summary(records[-1].value)
                self._news = True
            except ValueError as error:
                log.error("snapshot refused", partition=tp.partition, why=str(error))
                self._observer.model_refused("snapshot", str(error))

    async def _fit(self, fitter: Fits) -> None:
        self._news = False
        began = time.perf_counter()
        now = time.time_ns() // 1_000_000
        snapshots = [self._snapshots[number] for number in sorted(self._snapshots)]
        model = await asyncio.to_thread(fitter.fit, snapshots, now)
        if model is None:
            return
        records = {self._modelling.target: [(self._modelling.key, encode(model))]}
        await self._producer.publish(records, {})
        self._observer.modelled(model, len(snapshots), time.perf_counter() - began)
        log.info("model published", version=model.version, why=model.reason)


class UnreadableModel(Exception):
    """The newest model cannot be read; making another would break the segments' ids."""

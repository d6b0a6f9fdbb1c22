"""Every worker's view of what is made over all customers: the newest record of each kind.

Read from compacted topics, without a group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.modelling import AnyModelling, Modelling, Record, Summary
from schemas.common import CommonRecord
from streams.engine.client.membership import known
from streams.engine.client.reading import read_records
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.engine.observer import Observer
from streams.engine.permits import Permits
from streams.engine.routines import Beat, unheard
from streams.settings import Settings

MODEL_PARTITION = 0
"""The one partition of their topic that is written to: there is one newest record of a kind."""
POLL_MS = 500
AGAIN_SECONDS = 1.0
MAX_MODEL_BYTES = 4 * 1024 * 1024

log = structlog.get_logger("touchline.models")


async def newest_readable(
    settings: Settings, modelling: Modelling[Summary, Record]
) -> tuple[Record | None, str]:
    """The record of the highest version that can be read, and why the last torn one cannot.

    A torn record is passed over while an older one is still there: compaction leaves the newest
    alone for a while.
    """
    newest: Record | None = None
    torn = ""
    async for key, value in read_records(settings, modelling.target, MODEL_PARTITION):
        if key != modelling.key:
            continue
        try:
            record = modelling.load_record(value)
        except ValueError as error:
            torn = str(error).splitlines()[0]
        else:
            newest = record if newest is None or record.version > newest.version else newest
    return newest, torn


class Models:
    """``newest`` holds the record of the highest version met of each kind.

    ``on_model`` hears of each newer one.
    """

    def __init__(
        self,
        modellings: Sequence[AnyModelling],
        settings: Settings,
        observer: Observer,
        on_model: Callable[[CommonRecord], None],
        permits: Permits | None = None,
    ) -> None:
        self.newest: dict[str, CommonRecord] = {}
        self._by_place = {(each.target, each.key): each for each in modellings}
        self._settings = settings
        self._observer = observer
        self._on_model = on_model
        self._permits = Permits(settings) if permits is None else permits

    async def run(self, beat: Beat = unheard) -> None:
        """Read until cancelled; an outage of Kafka is waited out."""
        while True:
            beat()
            try:
                await self._read(beat)
            except (KafkaError, TimeoutError) as error:
                log.warning("models cannot be read", why=await self._permits.why(error))
                await self._permits.past(error, AGAIN_SECONDS)

    async def _read(self, beat: Beat) -> None:
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=MAX_MODEL_BYTES,
        )
        await consumer.start()
        try:
            topics = sorted({topic for topic, _ in self._by_place})
            for topic in topics:
                await known(consumer, topic)
            consumer.assign([TopicPartition(topic, MODEL_PARTITION) for topic in topics])
            while True:
                beat()
                check(consumer)
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                for records in fetched.values():
                    for record in records:
                        self._take(record.topic, record.key, record.value)
        finally:
            await stop(consumer)

    def _take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """A torn or foreign record is told of and left aside: the one in use goes on."""
        modelling = self._by_place.get((topic, key or b""))
        if modelling is None:
            return  # of a kind that this worker's policy does not ask for
        try:
            model = modelling.load_record(value or b"")
        except ValueError as error:
            log.error("model refused", kind=modelling.kind, why=str(error).splitlines()[0])
            self._observer.model_refused("unreadable", str(error))
            return
        newest = self.newest.get(modelling.kind)
        if newest is not None and model.version <= newest.version:
            self._observer.model_refused("older", f"version {model.version}")
            return
        self.newest[modelling.kind] = model
        self._on_model(model)

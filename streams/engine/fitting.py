"""The one task that makes what is worked out over all customers: snapshots in, records out.

It runs on whichever worker owns partition 0 of the customers, with a transactional id of its
own: whoever opens it fences the one before, reads the newest model and goes on from there, so
that ids and versions continue. Fitting runs in a thread, in large numpy operations, beside the
event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.modelling import AnyModelling, Fits, Made, Modelling, Record, Summary, snapshot_kind
from schemas.codec import encode
from schemas.common import CommonRecord
from schemas.outputs import Output
from streams.engine.client.membership import known
from streams.engine.client.routines import check, stop
from streams.engine.client.topic_ids import known_topics
from streams.engine.clients import client_options
from streams.engine.clock import Now, local_ms
from streams.engine.models import MODEL_PARTITION, newest_readable
from streams.engine.observer import Observer
from streams.engine.permits import Permits
from streams.engine.rights import MODELS
from streams.engine.routines import Beat, unheard
from streams.engine.transaction import CommitFailed, Fenced, TransactionalProducer
from streams.settings import Settings

LEADER = 0
"""The partition number whose owner makes the models."""
POLL_MS = 200
AGAIN_SECONDS = 1.0
UNREADABLE_SECONDS = 10.0
LOOK_SECONDS = 5.0
USED_SECONDS = 30.0
REST_FACTOR = 15
"""After a fit there is none for so many times the processor time that it took: it shares the
processor with the events. Time that it waited for a processor is no reason to wait longer."""

Told = Callable[[Sequence[Output]], None]
"""Hears what was sent with a record."""


class InUse(NamedTuple):
    """The newest version of each kind that partitions here have used, and which still open."""

    versions: Mapping[str, int]
    opening: frozenset[int] = frozenset()


Used = Callable[[], InUse]
"""What is in use here now."""

log = structlog.get_logger("touchline.fitting")


def nobody(outputs: Sequence[Output]) -> None:
    """Nobody listens to what is sent with a record."""


def nothing_used() -> InUse:
    """No partition says what it has used."""
    return InUse({})


class Fitting:
    """Started with partition 0, stopped with it."""

    def __init__(
        self,
        modellings: Sequence[AnyModelling],
        settings: Settings,
        observer: Observer,
        told: Told = nobody,
        now: Now = local_ms,
        *,
        used: Used = nothing_used,
        permits: Permits | None = None,
    ) -> None:
        self._used = used
        self._permits = Permits(settings) if permits is None else permits
        self._makers = {each.kind: Maker(each) for each in modellings}
        [self._source] = {modelling.source for modelling in modellings}
        self._settings = settings
        self._observer = observer
        self._told = told
        self._now = now
        self._producer = TransactionalProducer(settings, MODEL_PARTITION, MODELS, now)

    async def run(self, beat: Beat = unheard) -> None:
        """Make models until cancelled or fenced; an outage of Kafka is waited out."""
        try:
            while True:
                beat()
                try:
                    await self._lead(beat)
                except Fenced as fenced:
                    log.info("another worker makes the models", why=str(fenced))
                    return
                except UnreadableModel as error:
                    log.error("no models can be made", why=str(error))
                    self._observer.model_refused("unreadable", str(error))
                    await asyncio.sleep(UNREADABLE_SECONDS)
                except (KafkaError, CommitFailed, TimeoutError) as error:
                    log.warning("models cannot be made now", why=await self._permits.why(error))
                    await self._permits.past(error, AGAIN_SECONDS)
        finally:
            await self._producer.close()

    async def _lead(self, beat: Beat) -> None:
        await self._producer.close()
        await self._producer.open()
        newest = {kind: await self._newest(maker.modelling) for kind, maker in self._makers.items()}
        used = await self._versions(newest)
        for kind, maker in self._makers.items():
            self._go_beyond(maker, newest[kind], used.get(kind, 0))
            maker.fitter = await asyncio.to_thread(maker.modelling.fitter, newest[kind])
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            await known(consumer, self._source)
            numbers = range(self._settings.partitions)
            consumer.assign([TopicPartition(self._source, n) for n in numbers])
            source_id, looked = await self._source_id(consumer), time.monotonic()
            while True:
                beat()
                check(consumer)
                if (why := self._producer.look_over()) is not None:
                    raise CommitFailed(why)
                await self._gather(consumer)
                if time.monotonic() - looked >= LOOK_SECONDS:
                    now_id, looked = await self._source_id(consumer), time.monotonic()
                    if now_id and source_id and now_id != source_id:
                        log.warning("snapshots are read anew: their topic is a new one")
                        return
                for maker in self._makers.values():
                    if maker.due(self._settings):
                        await self._fit(maker)
        finally:
            await stop(consumer)

    async def _source_id(self, consumer: AIOKafkaConsumer) -> bytes:
        """The id of the topic that snapshots come from, empty where it is not known."""
        known = await known_topics(consumer, [self._source])
        found = None if known is None else known.get(self._source)
        return b"" if found is None else found.id

    async def _versions(self, newest: Mapping[str, CommonRecord | None]) -> Mapping[str, int]:
        """What the partitions here have used.

        The leader's own is waited for. Where no more was used than the topics hold, nothing is
        lost, and models need not wait until all others are open: while workers come and go
        something always opens.
        """
        used = await self._open((LEADER,))
        if any(used.get(kind, 0) > _version(one) for kind, one in newest.items()):
            used = await self._open(range(self._settings.partitions))
        return used

    async def _open(self, numbers: Collection[int]) -> Mapping[str, int]:
        """What is in use once none of these partitions opens any more; or half a minute over."""
        until = time.monotonic() + USED_SECONDS
        while True:  # tasks have no event to wait for
            used = self._used()
            if used.opening.isdisjoint(numbers) or time.monotonic() >= until:
                return used.versions
            await asyncio.sleep(POLL_MS / 1000)

    def _go_beyond(self, maker: Maker[Summary, Record], newest: Record | None, used: int) -> None:
        """Let versions go on behind those in use, where the topic has lost them.

        Else every partition would leave the new ones aside as older.
        """
        maker.beyond = max(0, used - _version(newest))
        if maker.beyond and newest is None:
            kind, topic = maker.modelling.kind, maker.modelling.target
            why = f"{topic} holds none of {kind}, but version {used} was in use: they begin anew"
            log.error("models are lost", why=why)
            self._observer.model_refused("lost", why)

    async def _newest(self, modelling: Modelling[Summary, Record]) -> Record | None:
        """The newest record that can be read; raises :class:`UnreadableModel`."""
        newest, torn = await newest_readable(self._settings, modelling)
        if newest is None and torn:
            raise UnreadableModel(
                f"no record of {modelling.kind} in {modelling.target} can be read, and without one"
                f" ids and versions would be used again: {torn}. Start the version that wrote it,"
                f" or delete the topic's records to begin anew"
            )
        return newest

    async def _gather(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            newest = {snapshot_kind(record.key): record.value for record in records}
            for kind, value in newest.items():
                maker = self._makers.get(kind)
                if maker is None:
                    continue  # of a kind that this worker's policy does not ask for
                try:
                    maker.take(tp.partition, value)
                except ValueError as error:
                    log.error("snapshot refused", partition=tp.partition, why=str(error))
                    self._observer.model_refused("snapshot", str(error))

    async def _fit(self, maker: Maker[Summary, Record]) -> None:
        began, snapshots = time.perf_counter(), maker.begin()
        made = await asyncio.to_thread(maker.fit, snapshots, self._now())
        if made is None:
            return
        modelling, record = maker.modelling, made.record
        if maker.beyond:
            record = record.model_copy(update={"version": record.version + maker.beyond})
        records: dict[str, list[tuple[bytes | None, bytes | None]]] = {
            modelling.target: [(modelling.key, encode(record))]
        }
        for output in made.outputs:
            records.setdefault(output.topic, []).append((output.key, encode(output)))
        await self._producer.publish(records, {})
        self._told(made.outputs)
        self._observer.modelled(record, len(snapshots), time.perf_counter() - began)
        log.info("model published", kind=record.kind, version=record.version, why=record.reason)


def _version(record: CommonRecord | None) -> int:
    return 0 if record is None else record.version


class Maker(Generic[Summary, Record]):
    """One modelling at work: the newest snapshot of each partition, and what fits them."""

    def __init__(self, modelling: Modelling[Summary, Record]) -> None:
        self.modelling = modelling
        self.fitter: Fits[Summary, Record] | None = None
        self._snapshots: dict[int, Summary] = {}
        self._news = False
        self._fitted_at = 0.0
        self.worked = 0.0
        self.beyond = 0

    def take(self, number: int, snapshot: bytes) -> None:
        """Keep a partition's newest snapshot. Raises ``ValueError`` where it is torn or foreign."""
        self._snapshots[number] = self.modelling.load_summary(snapshot)
        self._news = True

    def due(self, settings: Settings) -> bool:
        """Whether to fit now: soon after news, now and then without, never too much of the time."""
        timing = settings.segments
        own = self.modelling.refit_seconds
        rest = timing.refit_seconds if own is None else own
        pause = timing.fit_seconds if self._news else rest
        pause = max(pause, REST_FACTOR * self.worked)
        return bool(self._snapshots) and time.monotonic() - self._fitted_at >= pause

    def begin(self) -> list[Summary]:
        """The snapshots, in the order of their partitions; they are no news from now on."""
        self._news, self._fitted_at = False, time.monotonic()
        return [self._snapshots[number] for number in sorted(self._snapshots)]

    def fit(self, snapshots: list[Summary], now: int) -> Made[Record] | None:
        """What follows from the snapshots; notes the processor time of this thread (s)."""
        assert self.fitter is not None
        began = time.thread_time()
        try:
            return self.fitter.fit(snapshots, now)
        finally:
            self.worked = time.thread_time() - began


class UnreadableModel(Exception):
    """The newest record of a kind cannot be read; another would use its ids and versions again."""

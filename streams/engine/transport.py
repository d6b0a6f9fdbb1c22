"""A Faust transport that hands over one Faust event per fetched chunk of records.

Registered under the entry-point group ``faust.transports`` as ``touchline://``. Faust gives
what it is good at: agents, the group's life and the co-partitioning assignor. Positions are
ours: they come from each partition's checkpoint and travel in its transactions, so Faust's
own offset keeping is off. Everything runs on one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

import aiokafka
import structlog
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.transport import base as faust_base
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as faust_aiokafka
from faust.types import TP, ConsumerMessage
from mode import Service
from mode.utils.futures import notify

from streams.engine.client.fetch_sessions import FetchSessions
from streams.engine.client.membership import look_anew, position_of, raise_refusal, rejoin
from streams.engine.client.records import hand_over_bare
from streams.engine.client.refusals import refusal
from streams.engine.client.topic_ids import Known, had_committed, known_topics
from streams.engine.clients import client_options
from streams.engine.fetching import FetchWatch
from streams.engine.inbox import Chunk
from streams.settings import Settings

MAX_POLL_RECORDS = 1000
PARTITION_FETCH_BYTES = 1024 * 1024
IDLE_SECONDS = 0.02
EVENT_CLOCK_WAIT_MS = 10
PASSED_SECONDS = 0.5
log = structlog.get_logger("touchline.transport")

NEVER_MS = 10**12
"""All partitions may be stopped for days; whether records are asked for `fetching.py` watches."""
REFUSALS_SECONDS = 0.5
POLL_SECONDS = 0.05  # a longer wait would not see partitions that were opened meanwhile


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._consumer.app.on_rebalance_start()
        await self._consumer.on_partitions_revoked(faust_consumer.ensure_TPset(revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        consumer = self._consumer
        # what tells Faust one assignment's messages from another's; to Kafka it means nothing
        generation = consumer.app.consumer_generation_id + 1
        consumer.app.consumer_generation_id = generation
        await consumer.on_partitions_assigned(faust_consumer.ensure_TPset(assigned), generation)


def _wait_ms(settings: Settings) -> int:
    """On the event clock a chunk is let in only once each other topic was asked after it came."""
    wait = settings.kafka.fetch_wait_ms
    return wait if settings.clock == "wall" else min(wait, EVENT_CLOCK_WAIT_MS)


class Consumer(faust_consumer.Consumer):
    """Fetches chunks of the partitions that are open, from the positions they ask for."""

    consumer_stopped_errors: ClassVar[tuple[type[BaseException], ...]] = (ConsumerStoppedError,)
    kafka: aiokafka.AIOKafkaConsumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_out_of_range: Callable[[TP, int], None] | None = None
        self.on_refused: Callable[[], None] | None = None
        self._ids: dict[TopicPartition, bytes] = {}
        self._nameless: set[TopicPartition] = set()
        self._told_no_ids = False
        self.on_refusal: Callable[[Consumer], None] = cast(Any, self.app).touchline_refused
        self._fetchable: set[TopicPartition] = set()  # as `getmany` wants them; equal to any `TP`
        self._held: set[TP] = set()
        self._epochs: defaultdict[TP, int] = defaultdict(int)
        self._handed: dict[TP, int] = {}
        self._sessions = FetchSessions(cast(Any, self.app).touchline_clock.ms)
        self._sessions.on_refused = self._refused
        self._looked_at = 0.0
        self.watch = FetchWatch(self._sessions)

    async def on_start(self) -> None:
        """Connect."""
        await super().on_start()
        settings: Settings = cast(Any, self.app).touchline_settings
        kafka = settings.kafka
        self.kafka = aiokafka.AIOKafkaConsumer(
            **client_options(settings),
            group_id=settings.app_id,
            partition_assignment_strategy=[self.app.assignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=_wait_ms(settings),
            fetch_min_bytes=1,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            session_timeout_ms=int(kafka.session_timeout_seconds * 1000),
            heartbeat_interval_ms=int(kafka.heartbeat_seconds * 1000),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=NEVER_MS,
            request_timeout_ms=60_000,
            retry_backoff_ms=100,
            metadata_max_age_ms=60_000,
        )
        await self.kafka.start()
        self._sessions.take_over(self.kafka, kafka.fetch_pause_ms / 1000, self.watch.failed)
        hand_over_bare(self.kafka)
        self.add_future(self._hear_refusals())
        self.watch.begin(self.kafka)

    async def on_stop(self) -> None:
        """Leave the group and disconnect."""
        await super().on_stop()
        if hasattr(self, "kafka"):
            await self.kafka.stop()

    # -- what partition tasks ask for -------------------------------------------------

    async def known_topics(self, topics: Iterable[str]) -> Mapping[str, Known] | None:
        """Those of ``topics`` that there are, with their ids; ``None`` where Kafka tells none."""
        known = await known_topics(self.kafka, topics)
        if known is None and not self._told_no_ids:
            self._told_no_ids = True
            log.warning(
                "Kafka tells no ids of topics (before 2.8): one that is deleted and made anew is "
                "noticed only where it holds fewer records than were read"
            )
        return known

    async def look_anew(self) -> None:
        """See now which topics there are, and ask the group for an assignment where they differ."""
        await look_anew(self.kafka)

    async def committed(self, tps: Iterable[TP]) -> Mapping[TP, int]:
        """The group's committed offsets of these partitions, where it has any."""
        places = [TopicPartition(tp.topic, tp.partition) for tp in tps]
        found = await had_committed(self.kafka, places)
        return {TP(place.topic, place.partition): offset for place, offset in found.items()}

    def identify(self, ids: Mapping[TP, bytes]) -> None:
        """Fetch these partitions of the topics of these ids alone; of an empty one, by its name."""
        for tp, topic_id in ids.items():
            place = TopicPartition(tp.topic, tp.partition)
            if topic_id:
                self._ids[place] = topic_id
                self._nameless.discard(place)
            else:
                self._ids.pop(place, None)
                self._nameless.add(place)
        self._sessions.identify({} if self._nameless else dict(self._ids))

    def start_from(self, positions: Mapping[TP, int]) -> dict[TP, int]:
        """Seek and fetch these partitions; gives the epoch that their chunks will carry."""
        for tp, offset in positions.items():
            place = TopicPartition(tp.topic, tp.partition)
            self.kafka.seek(place, offset)
            self._read_offset[tp] = None
            self._epochs[tp] += 1
            self._handed[tp] = offset
            self._held.discard(tp)
            self._fetchable.add(place)
            self.watch.begun(place)
        self._sessions.forget()
        return {tp: self._epochs[tp] for tp in positions}

    def leave(self, tps: Iterable[TP]) -> None:
        """Fetch these partitions no more."""
        for tp in tps:
            self._fetchable.discard(tp)
            self._held.discard(tp)
            self._nameless.discard(tp)  # a topic and a number, equal as tuples
            self._epochs[tp] += 1
            self.watch.left(tp)

    def hold(self, tps: Iterable[TP]) -> None:
        """Let fetched records of these partitions wait where they are."""
        self._held.update(tps)

    def release(self, tps: Iterable[TP]) -> None:
        """Hand records of these partitions over again."""
        self._held.difference_update(tps)

    def ended(self, tp: TP, received: int) -> int | None:
        """Until when (wall time in ms) nothing was in Kafka that its task has not got.

        ``None`` while something of ``tp`` is on its way. ``received`` is the position behind
        the last chunk the task got (or its seek).
        """
        position, end = position_of(self.kafka, tp), self._stable_end(tp)
        if position is None or end is None:
            return None
        if position < end or received < self._handed.get(tp, 0):
            return None
        return self.asked_at(tp)

    def asked_at(self, tp: TP) -> int:
        """When (wall time in ms) the newest fetch of ``tp`` that was answered was sent."""
        return self._sessions.asked_at(tp)

    def lag(self, tp: TP, position: int) -> int | None:
        """Committed records of ``tp`` from ``position`` on; ``None`` before the first fetch."""
        end = self._stable_end(tp)
        return None if end is None else max(0, end - position)

    def rejoin(self) -> None:
        """Ask the group for a new assignment."""
        rejoin(self.kafka)

    def _stable_end(self, tp: TP) -> int | None:
        """Up to where everything of ``tp`` was committed, as the newest fetch told."""
        if tp not in self.kafka.assignment():
            return None
        end: int | None = self.kafka.last_stable_offset(tp)
        return end

    # -- fetching ---------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """One message per partition and chunk."""
        if not self.flow_active:
            await self.can_resume_flow.wait()
        self.watch.polled = time.monotonic()
        wanted = self._fetchable - self._held
        if not wanted:
            await self.sleep(IDLE_SECONDS)
            return
        fetched = await self._getmany(wanted, min(timeout, POLL_SECONDS))
        if not fetched:
            await asyncio.sleep(0)
        fetched |= self._passed(wanted - fetched.keys())
        # Stamped before anything awaits: a seek meanwhile must make them outdated. Fetched
        # records are never dropped without one: their positions have been passed.
        messages = [(tp, self._chunk_message(tp, records)) for tp, records in fetched.items()]
        for tp, message in messages:
            if not self.flow_active:
                return
            yield tp, message

    def _passed(self, tps: set[TP]) -> dict[TP, list[Any]]:
        """Of these, now and then, those where the fetcher passed what holds no record for us.

        Markers and records of aborted transactions: where they end a topic, the position behind
        them is to be committed as well, else they would be lag for ever.
        """
        now, passed = time.monotonic(), dict[TP, list[Any]]()
        if now - self._looked_at < PASSED_SECONDS:
            return passed
        self._looked_at = now
        for tp in tps:
            position = position_of(self.kafka, tp)
            if position is not None and position > self._handed.get(tp, position):
                passed[tp] = []
        return passed

    async def _getmany(self, active_partitions: set[Any] | None, timeout: float) -> Any:
        try:
            return await self.kafka.getmany(
                *(active_partitions or ()),
                timeout_ms=timeout * 1000,
                max_records=MAX_POLL_RECORDS,
            )
        except NoOffsetForPartitionError:
            return {}  # the group never committed; the position is ours to set
        except OffsetOutOfRangeError as error:
            for tp, offset in error.args[0].items():
                self._out_of_range(faust_consumer.ensure_TP(tp), offset)
            return {}
        except KafkaError as error:
            self._hear(error)
            return {}

    async def _hear_refusals(self) -> None:
        """Hear what the group refuses, which waits to be heard before it tries again.

        While partitions are fetched `getmany` hears it; before there are any nobody would.
        """
        while not self.should_stop:
            try:
                raise_refusal(self.kafka)
            except KafkaError as error:
                self._hear(error)
            await self.sleep(REFUSALS_SECONDS)

    def _hear(self, error: KafkaError) -> None:
        """Tell of a refusal; raise what is none."""
        if refusal(error) is None:
            raise error
        self.on_refusal(self)

    def _out_of_range(self, tp: TP, offset: int) -> None:
        if tp in self._fetchable and self.on_out_of_range is not None:
            self.on_out_of_range(tp, offset)

    def _refused(self) -> None:
        if self.on_refused is not None:
            self.on_refused()

    def _chunk_message(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        tp = faust_consumer.ensure_TP(tp)
        position = position_of(self.kafka, tp)
        end = position if position is not None else records[-1].offset + 1
        start = self._handed[tp]
        self._handed[tp] = end
        chunk = Chunk(tp.topic, tp.partition, records, start, end, self._epochs[tp])
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            end - 1,
            0.0,
            0,
            None,
            None,
            cast(Any, chunk),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    # -- Faust's offset keeping, off --------------------------------------------------

    def ack(self, message: Any) -> bool:
        """Let go of a chunk; its offsets travel in its partition's transaction."""
        message.acked = True
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Nothing to commit here."""
        return False

    async def perform_seek(self) -> None:
        """Positions are set by :meth:`start_from`, never by the group's offsets."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A chunk looks like an offset gap to Faust; there is nothing to remember."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Stalls are judged by our own commits, see ``/readyz``."""

    # -- the rest of what Faust asks of a consumer ------------------------------------

    @Service.task
    async def _commit_handler(self) -> None:
        """No offsets are committed from here."""

    @Service.task
    async def _commit_livelock_detector(self) -> None:
        """Stalls are judged by our own commits."""

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        return False

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        return self._chunk_message(tp, [record])

    async def create_topic(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """Topics are made by ``touchline topics`` only."""
        raise RuntimeError(f"topic {topic} is missing: run `touchline topics`")

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group for these topics."""
        self.kafka.subscribe(topics=set(topics), listener=_Listener(self))

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """No seek: see :meth:`perform_seek`."""
        return {}

    async def _seek(self, partition: TP, offset: int) -> None:
        self.kafka.seek(TopicPartition(partition.topic, partition.partition), offset)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek these partitions."""
        for tp, offset in partitions.items():
            await self._seek(tp, offset)

    async def position(self, tp: TP) -> int | None:
        """The fetch position."""
        return position_of(self.kafka, tp)

    def assignment(self) -> set[TP]:
        """The partitions assigned."""
        return faust_consumer.ensure_TPset(self.kafka.assignment())

    def highwater(self, tp: TP) -> int:
        """The last offset the broker showed."""
        return self.kafka.highwater(tp) or 0

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions a topic has."""
        partitions = self.kafka.partitions_for_topic(topic)
        return len(partitions) if partitions else None

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The earliest offset that each partition still has."""
        tps = [TopicPartition(tp.topic, tp.partition) for tp in partitions]
        found = await self.kafka.beginning_offsets(tps)
        return {TP(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The end of each partition."""
        tps = [TopicPartition(tp.topic, tp.partition) for tp in partitions]
        found = await self.kafka.end_offsets(tps)
        return {TP(tp.topic, tp.partition): offset for tp, offset in found.items()}

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        """Not used: outputs go to the partition of the task that makes them."""
        return partition


class Producer(faust_base.Producer):
    """Faust's own producer, which is never used: outputs go out in transactions."""

    async def send(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        """Refuse: whatever leaves a worker leaves in a transaction."""
        raise RuntimeError(f"{topic}: nothing is sent outside a partition's transaction")

    async def send_and_wait(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        """Refuse, as :meth:`send` does."""
        return await self.send(topic)

    async def flush(self) -> None:
        """Nothing waits here."""

    def supports_headers(self) -> bool:
        """Yes, as Kafka does."""
        return True


class Transport(faust_aiokafka.Transport):
    """``touchline://host:port``: aiokafka, chunk by chunk."""

    Consumer: ClassVar[type[Any]] = Consumer
    Producer: ClassVar[type[Any]] = Producer
    driver_version = f"touchline on aiokafka {aiokafka.__version__}"

"""Sending events to Kafka for whoever posted them.

One producer for the process. It is idempotent, so what a broker's outage leaves waiting is sent
again without being doubled; but it has no bound and never gives up. Both are here: bytes that are
not acknowledged are counted, and a request that waits too long is refused and its producer given
up, with whatever waits in it. A record of such a request may be in Kafka or not; who sends it again
does no harm, for events are known by their ids.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import INPUT_TOPICS
from streams.engine.admin import plain
from streams.engine.client import routines
from streams.engine.client.producer import abandon, answers_for, connect_calmly
from streams.engine.client.refusals import refusal
from streams.engine.clients import client_options
from streams.engine.placing import partition_of
from streams.serve.in_flight import Flight, Place, ToSend, away, full, refusing
from streams.serve.problems import Problem
from streams.settings import Settings

MIB: Final = 1024 * 1024
RECORD_BYTES: Final = 100
"""What a record takes beside key and value, about."""
LINGER_MS: Final = 3
BATCH_BYTES: Final = 128 * 1024
SEND_SECONDS: Final = 10.0
"""A broker's restart fits into this; then the request is refused."""
PATIENCE_SECONDS: Final = 1.0
"""How long a request waits for a producer while there is none."""
PAUSE_SECONDS: Final = 0.5
START_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 2.0
"""How long what waits in a producer that is given up may still be acknowledged."""
REFUSED_SECONDS: Final = 5.0
"""A topic that Kafka refuses is not tried again for so long."""

log = structlog.get_logger("touchline.serve")


class Sending:
    """An idempotent producer, ``acks=all``, that holds a bounded number of bytes in flight.

    ``in_flight`` counts bytes that Kafka has not acknowledged, ``bound`` is how many there may be.
    ``judged`` counts posted events, by type and by reason of refusal ("" where accepted);
    ``failed`` counts requests that could not be sent, by kind of problem.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.bound = settings.serve.in_flight_megabytes * MIB
        self.in_flight = 0
        self.judged: Counter[tuple[str, str]] = Counter()
        self.failed: Counter[str] = Counter()
        self._producer: AIOKafkaProducer | None = None
        self._there = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._partitions: dict[str, int] = {}
        self._refused: dict[str, float] = {}
        self._why = "it has not answered yet"

    async def open(self) -> None:
        """Connect; an outage of Kafka is no error here.

        Raises :class:`NoBootstrap`, and :class:`SettingError` where a file of TLS does not serve.
        """
        client_options(self._settings)
        self._connect()
        await self._is_there(PATIENCE_SECONDS)

    async def close(self) -> None:
        """Wait for what is in flight, and disconnect."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait((self._connecting,))
        producer, self._producer = self._producer, None
        if producer is not None:
            await _retire(producer, SEND_SECONDS)
        if self._retiring:
            await asyncio.wait(self._retiring)

    async def send(self, records: Sequence[ToSend]) -> list[Place]:
        """Where each was kept, once all are. Raises ``Problem`` 429 (full) or 503 (no broker).

        Records of one key keep their order. After a 503 some of them may be in Kafka.
        """
        if not records:
            return []
        try:
            return await self._send(records)
        except Problem as problem:
            self.failed[problem.kind] += 1
            raise

    async def _send(self, records: Sequence[ToSend]) -> list[Place]:
        sizes = [len(key) + len(value) + RECORD_BYTES for _, key, value in records]
        unsent = sum(sizes)
        topics = {record.topic for record in records}
        self._raise_refused(topics)
        if self.in_flight and self.in_flight + unsent > self.bound:
            raise full()
        self.in_flight += unsent
        flight = Flight(self._landed, len(records))
        producer = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                producer = await self._connected()
                await self._learn(topics, producer)
                for place, (record, size) in enumerate(zip(records, sizes, strict=True)):
                    topic, key, value = record
                    number = partition_of(key, self._partitions[topic])
                    future = await producer.send(topic, value, key, number)
                    unsent -= size
                    flight.add(future, place, size)
                return await flight.landed
        except TimeoutError:
            if producer is not None:
                self._give_up(producer, "it does not answer in time")
            raise away() from None
        except (KafkaError, AssertionError) as error:
            if producer is not None:
                self._note(error, topics)
                self._give_up(producer, plain(error))
            self._raise_refused(topics)
            raise away() from None
        finally:
            self.in_flight -= unsent

    def _landed(self, size: int) -> None:
        self.in_flight -= size

    # -- the producer ------------------------------------------------------------------

    async def _connected(self) -> AIOKafkaProducer:
        producer = self._producer
        if producer is not None:
            try:
                routines.check(producer)
            except KafkaError as error:
                self._give_up(producer, plain(error))
        await self._is_there(PATIENCE_SECONDS)
        if self._producer is None:
            raise away()
        return self._producer

    async def _is_there(self, seconds: float) -> None:
        if not self._there.is_set():
            waiting = asyncio.create_task(self._there.wait())
            await asyncio.wait((waiting,), timeout=seconds)
            waiting.cancel()

    def _connect(self) -> None:
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._keep_connecting())

    async def _keep_connecting(self) -> None:
        told = False
        while self._producer is None:
            producer = self._made()
            try:
                async with asyncio.timeout(START_SECONDS):
                    await producer.start()
                    self._partitions.clear()
                    await self._ask(producer, INPUT_TOPICS)
            except (KafkaError, OSError, TimeoutError) as error:
                await abandon(producer, KafkaError("given up"))
                self._why = plain(error)
                if not told:
                    told = True
                    log.warning("no events can be sent", why=self._why)
                await asyncio.sleep(PAUSE_SECONDS)
            except asyncio.CancelledError:
                await abandon(producer, KafkaError("given up"))
                raise
            else:
                self._producer = producer
                self._there.set()
                if told:
                    log.info("events can be sent again")

    def _made(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=round(SEND_SECONDS * 1_000),
        )
        connect_calmly(producer)
        return producer

    def _give_up(self, producer: AIOKafkaProducer, why: str) -> None:
        """Another one takes over: in this one, what comes after a gap would be refused."""
        if self._producer is not producer:
            return
        self._producer, self._why = None, why
        self._there.clear()
        log.warning("a producer is given up", why=why)
        retiring = asyncio.create_task(_retire(producer, GRACE_SECONDS))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        self._connect()

    # -- topics ------------------------------------------------------------------------

    async def _learn(self, topics: set[str], producer: AIOKafkaProducer) -> None:
        """Know how many partitions each topic has. Raises ``Problem`` where one is refused."""
        unknown = [topic for topic in topics if topic not in self._partitions]
        if unknown:
            await self._ask(producer, unknown)
            self._raise_refused(topics)

    async def _ask(self, producer: AIOKafkaProducer, topics: Sequence[str]) -> None:
        answers = await answers_for(producer, topics)
        for topic in topics:
            if answers.get(topic) == 0:
                found = await producer.partitions_for(topic)
                self._partitions[topic] = len(found)
                self._refused.pop(topic, None)
            else:
                self._refuse(topic, "it is not there, or may not be seen")

    def _note(self, error: BaseException, topics: set[str]) -> None:
        """Remember which topics Kafka refuses."""
        if refusal(error) is None:
            return
        named = {str(each) for each in error.args} & topics
        for topic in named or topics:
            self._refuse(topic, plain(error))

    def _raise_refused(self, topics: set[str]) -> None:
        now = time.monotonic()
        if refused := {topic for topic in topics if self._refused.get(topic, 0.0) > now}:
            raise refusing(refused, REFUSED_SECONDS)

    def _refuse(self, topic: str, why: str) -> None:
        now = time.monotonic()
        if self._refused.get(topic, 0.0) + REFUSED_SECONDS < now:
            log.warning("Kafka refuses a topic", topic=topic, why=why)
        self._refused[topic] = now + REFUSED_SECONDS


async def _retire(producer: AIOKafkaProducer, seconds: float) -> None:
    """Let what waits in a producer be acknowledged, for so long; then end it."""
    stopping = asyncio.create_task(producer.stop())
    stopping.add_done_callback(routines.looked_at)
    done, _ = await asyncio.wait((stopping,), timeout=seconds)
    if not done:
        stopping.cancel()
        await abandon(producer, KafkaError("given up"))


__all__ = ["Place", "Sending", "ToSend"]

"""One Kafka transaction per commit: changelog, outputs, checkpoint and offsets together.

aiokafka's ``commit_transaction`` succeeds although a produce in it failed; so every produce
is awaited and checked first. Every step has a deadline, since some requests are otherwise
retried for ever. After any failure the producer is thrown away: its successor's start
aborts what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    ProducerFenced,
)

from streams.engine.admin import plain
from streams.engine.client.connecting import KnownBrokers, connect_once
from streams.engine.client.producer import connect_calmly, sending_error
from streams.engine.client.refusals import refusal
from streams.engine.client.routines import (
    METADATA,
    drop_deaf_connections,
    ended,
    looked_at,
    restart_metadata,
    stop,
)
from streams.engine.clients import client_options
from streams.engine.clock import Now, local_ms
from streams.engine.partition import Drained, Sent
from streams.engine.placing import partition_of
from streams.settings import Settings

BATCH_BYTES = 512 * 1024
REQUEST_BYTES = 2 * 1024 * 1024

Entry = tuple[bytes | None, bytes | None]
Records = Mapping[str, Iterable[Entry]]
Elsewhere = Mapping[tuple[str, int], Iterable[Entry]]


class Fenced(Exception):
    """Another worker has opened this partition's producer; this one is over."""


class CommitFailed(Exception):
    """A transaction did not go through; nothing of it is visible."""


class Denied(CommitFailed):
    """Kafka refuses a right that is needed: it helps nothing to try again before it is given."""


class TransactionalProducer:
    """A producer named by a transactional id of its own, with a partition number that it writes to.

    Only outputs that are placed by their key may go to other numbers. Records are stamped with
    ``now`` (ms): brokers refuse what is stamped an hour ahead of them.
    """

    def __init__(
        self,
        settings: Settings,
        partition: int,
        name: str | None = None,
        now: Now = local_ms,
        known: KnownBrokers | None = None,
    ) -> None:
        self.partition = partition
        self.transactional_id = f"{settings.app_id}-{partition if name is None else name}"
        self._settings = settings
        self._now = now
        self._known = KnownBrokers() if known is None else known
        self._deadline = settings.commit.deadline_seconds
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Start: fences any older producer of this id and aborts what it left pending."""
        settings = self._settings
        producer = AIOKafkaProducer(
            **client_options(settings),
            transactional_id=self.transactional_id,
            transaction_timeout_ms=int(settings.commit.transaction_timeout_seconds * 1000),
            acks="all",
            linger_ms=0,
            compression_type=settings.kafka.compression,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=int(self._deadline * 1000),
            retry_backoff_ms=settings.kafka.retry_backoff_ms,
        )
        connect_calmly(producer)
        connect_once(producer)
        self._known.begin_with(producer)
        try:
            async with asyncio.timeout(self._deadline):
                await producer.start()
        except BaseException as error:
            denied = refusal(error) or refusal(sending_error(producer))
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2.0):
                    await producer.stop()
            if denied is not None:
                raise Denied(plain(denied)) from denied
            raise
        self._producer = producer

    async def commit(
        self, drained: Drained, changelog: str, group: str, *, mirror: bool = True
    ) -> None:
        """Send and commit one transaction; raises :class:`Fenced` or :class:`CommitFailed`.

        Without ``mirror`` the offsets of ``group`` stay behind: the checkpoint is the truth.
        """
        offsets = drained.next_offsets if mirror else {}
        elsewhere = _by_place(drained.outputs, self._settings.partitions)
        await self.publish(_by_topic(drained, changelog), offsets, group, elsewhere)

    async def publish(
        self,
        records: Records,
        next_offsets: Mapping[str, int],
        group: str = "",
        elsewhere: Elsewhere = MappingProxyType({}),
    ) -> None:
        """Records by topic, and offsets of ``group`` by topic, in one transaction; as above.

        ``elsewhere`` has those that belong to other partitions, by topic and number.
        """
        producer = self._producer
        assert producer is not None, "the producer is not open"
        try:
            async with asyncio.timeout(self._deadline):
                await producer.begin_transaction()
                acks = await self._send(producer, records, self.partition)
                for (topic, number), entries in elsewhere.items():
                    acks += await self._send(producer, {topic: entries}, number)
                offsets = {
                    TopicPartition(topic, self.partition): offset
                    for topic, offset in next_offsets.items()
                }
                if offsets:
                    await producer.send_offsets_to_transaction(offsets, group)
                await asyncio.gather(*acks)
                await producer.commit_transaction()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            cause = sending_error(producer) or error  # aiokafka gave up what we wait for
            raise CommitFailed(f"{type(cause).__name__}: {cause}") from error
        except (KafkaError, IllegalOperation, TimeoutError, AssertionError) as error:
            cause = sending_error(producer) or error
            denied = refusal(cause)
            if denied is not None:
                await self._abort()
                raise Denied(plain(denied)) from denied
            if isinstance(cause, ProducerFenced | InvalidProducerEpoch):
                raise Fenced(f"{self.transactional_id} was fenced: {cause}") from error
            detail = str(cause) or f"no answer within {self._deadline:g} s"
            raise CommitFailed(f"{type(cause).__name__}: {detail}") from error

    async def _abort(self) -> None:
        """End what a refused transaction has begun: who reads on would wait for its end.

        aiokafka forgets what it had begun, so no abort of its own is sent; opening aborts.
        """
        await self.close()
        with contextlib.suppress(Exception):
            await self.open()
        await self.close()

    async def _send(
        self, producer: AIOKafkaProducer, records: Records, number: int
    ) -> list[asyncio.Future[object]]:
        acks, now = [], self._now()
        for topic, entries in records.items():
            batch = producer.create_batch()
            for key, value in entries:
                if batch.append(key=key, value=value, timestamp=now) is None:
                    acks.append(await self._submit(producer, batch, topic, number))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=now)
            acks.append(await self._submit(producer, batch, topic, number))
        return acks

    async def _submit(
        self, producer: AIOKafkaProducer, batch: object, topic: str, number: int
    ) -> asyncio.Future[object]:
        batch.close()  # type: ignore[attr-defined]
        ack: asyncio.Future[object] = await producer.send_batch(batch, topic, partition=number)
        ack.add_done_callback(looked_at)  # one that failed is enough to know
        return ack

    @property
    def fenced(self) -> bool:
        """Whether its sending ended because another producer of its id was opened."""
        producer = self._producer
        error = None if producer is None else sending_error(producer)
        return isinstance(error, ProducerFenced | InvalidProducerEpoch)

    def look_over(self) -> str | None:
        """Why this producer is past use, or ``None``; what of its client can be mended is."""
        producer, found = self._producer, None
        if producer is None:
            return None
        for one in ended(producer):
            if one.what == METADATA:
                restart_metadata(producer)
            else:
                found = str(one)
        drop_deaf_connections(producer)
        return found

    async def close(self) -> None:
        """Stop the producer; a pending transaction is aborted where the broker answers."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        await stop(producer)


def _by_topic(drained: Drained, changelog: str) -> Records:
    topics: dict[str, list[Entry]] = {changelog: [*drained.changelog]}
    for sent in drained.outputs:
        if not sent.by_key:
            topics.setdefault(sent.topic, []).append((sent.key, sent.value))
    return topics


def _by_place(outputs: Iterable[Sent], partitions: int) -> dict[tuple[str, int], list[Entry]]:
    places: dict[tuple[str, int], list[Entry]] = {}
    for sent in outputs:
        if sent.by_key:
            place = sent.topic, partition_of(sent.key or b"", partitions)
            places.setdefault(place, []).append((sent.key, sent.value))
    return places

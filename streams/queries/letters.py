"""Dead letters as they lie in Kafka: the newest, one by its id, those of a reason."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas.deadletter import Original, original
from schemas.published import DeadLetter
from schemas.topics import DEAD_LETTERS
from streams.engine.admin import plain
from streams.engine.client.reading import Reader
from streams.engine.clients import blocking_client_options
from streams.errors import ClusterError
from streams.settings import Settings

DELIVERY_SECONDS = 60.0


class Resent(NamedTuple):
    """What became of letters to be resent: records sent, letters alike, letters not whole."""

    sent: int
    alike: int
    truncated: list[DeadLetter]


async def read(settings: Settings, numbers: Sequence[int]) -> AsyncIterator[bytes]:
    """Every letter of these partitions of ``dead-letters``, oldest first within each."""
    async with Reader(settings) as reader:
        for number in numbers:
            async for batch in reader.batches(DEAD_LETTERS, number):
                for letter in batch:
                    assert letter.value is not None, "no letter is a tombstone"
                    yield letter.value


async def newest(
    settings: Settings, partitions: int, limit: int, reason: str | None
) -> list[DeadLetter]:
    """The newest letters, newest first; those of one reason where one is given."""
    kept: list[tuple[int, str, bytes]] = []
    wanted = None if reason is None else f'"reason":"{reason}"'.encode()
    async for value in read(settings, range(partitions)):
        if wanted is not None and wanted not in value:
            continue
        letter = _letter(value)
        if reason is not None and letter.reason != reason:
            continue
        entry = (letter.timestamp, letter.dead_letter_id, value)
        if len(kept) < limit:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    return [_letter(value) for _, _, value in sorted(kept, reverse=True)]


async def by_id(settings: Settings, partitions: int, ids: Sequence[str]) -> dict[str, DeadLetter]:
    """Those letters of these ids that are there.

    A letter lies in the partition of the number that its id names: only those are read.
    """
    wanted = set(ids)
    named = {number for one in ids if (number := _number(one)) is not None}
    found: dict[str, DeadLetter] = {}
    marks = {one: f'"dead_letter_id":"{one}"'.encode() for one in wanted}
    async for value in read(settings, sorted(number for number in named if number < partitions)):
        for one, mark in marks.items():
            if mark in value:
                letter = _letter(value)
                if letter.dead_letter_id == one:
                    found[one] = letter
    return found


def resend(settings: Settings, letters: Iterable[DeadLetter], done: Callable[[], object]) -> Resent:
    """Produce each letter's record as it came to the topic it came to, and wait for Kafka.

    Letters of records that are alike in topic, key, value and headers are sent once. A record
    without a key goes to the partition it came to. Raises :class:`ClusterError` at the first one
    that Kafka refuses.
    """
    seen: set[tuple[Any, ...]] = set()
    sent, alike, truncated = 0, 0, []
    producer = KafkaProducer(
        **blocking_client_options(settings),
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        linger_ms=5,
    )
    try:
        for letter in letters:
            record = original(letter)
            if record is None:
                truncated.append(letter)
                continue
            mark = (record.topic, record.key, record.value, tuple(record.headers))
            if mark in seen:
                alike += 1
                continue
            seen.add(mark)
            _send(producer, record)
            sent += 1
            done()
    except KafkaError as error:
        raise ClusterError(
            f"Kafka took {sent} records, then refused one: {plain(error)}"
        ) from error
    finally:
        producer.close(timeout=10)
    return Resent(sent, alike, truncated)


def _send(producer: KafkaProducer, record: Original) -> None:
    partition = record.partition if record.key is None else None
    future = producer.send(
        record.topic,
        value=record.value,
        key=record.key,
        headers=list(record.headers),
        partition=partition,
    )
    future.get(timeout=DELIVERY_SECONDS)


def _letter(value: bytes) -> DeadLetter:
    return DeadLetter.model_validate_json(value)


def _number(letter_id: str) -> int | None:
    """The partition number in `topic-partition-offset`."""
    parts = letter_id.rsplit("-", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else None

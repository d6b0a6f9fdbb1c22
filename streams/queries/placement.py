"""Whether producers put records where their keys belong: the newest of each input topic."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.fields import moment
from streams.engine.clients import client_options
from streams.engine.placing import PARTITIONERS, partition_of
from streams.settings import Settings

NEWEST: Final = 100
"""Records looked at of each partition, the newest of it."""
FETCH_BYTES: Final = 128 * 1024
ANSWER_SECONDS: Final = 10.0

Spans = Mapping[TopicPartition, tuple[int, int]]
"""By place the first offset to look at and the one behind the last."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Of ``seen`` records with a key, so many lie elsewhere; the newest came ``at`` (ms)."""

    topic: str
    misplaced: int
    seen: int
    at: int

    def __str__(self) -> str:
        came = moment(self.at).isoformat(" ", "seconds")[:19]
        return (
            f"{self.topic}: {self.misplaced:,} of its {self.seen:,} newest records "
            f"({self.misplaced / self.seen:.0%}) lie in another partition than their key's, the "
            f"newest of {came} UTC; they are refused as wrong_partition. Set its producer's "
            f"partitioner ({PARTITIONERS}), then: "
            f"touchline dead-letters resend --reason wrong_partition"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A record: its topic, whether it lies where its key belongs, and when it came (ms)."""

    topic: str
    right: bool
    at: int


def spans(earliest: Mapping[TopicPartition, int], end: Mapping[TopicPartition, int]) -> Spans:
    """What to look at of each place, given by (topic, partition) pairs of any client."""
    found: dict[TopicPartition, tuple[int, int]] = {}
    for place, last in end.items():
        first = max(earliest[place], last - NEWEST)
        if first < last:
            found[TopicPartition(place.topic, place.partition)] = first, last
    return found


def judged(records: Iterable[Seen]) -> list[Misplaced]:
    """The topics of which a record lies elsewhere, in order of their names."""
    seen, wrong = Counter[str](), Counter[str]()
    newest: dict[str, int] = {}
    for record in records:
        seen[record.topic] += 1
        if not record.right:
            wrong[record.topic] += 1
            newest[record.topic] = max(record.at, newest.get(record.topic, 0))
    return [Misplaced(topic, wrong[topic], seen[topic], newest[topic]) for topic in sorted(wrong)]


async def newest_records(settings: Settings, wanted: Spans) -> list[Seen]:
    """The committed records with a key of these spans; those that come within ten seconds.

    Raises aiokafka's errors.
    """
    found: list[Seen] = []
    if not wanted:
        return found
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign(list(wanted))
        for place, (first, _) in wanted.items():
            consumer.seek(place, first)
        left, until = set(wanted), time.monotonic() + ANSWER_SECONDS
        while left and time.monotonic() < until:
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [
                    Seen(place.topic, _right(record.key, place, settings), record.timestamp)
                    for record in records
                    if record.key is not None and record.offset < wanted[place][1]
                ]
            left = {place for place in left if await consumer.position(place) < wanted[place][1]}
            consumer.pause(*(wanted.keys() - left))
            await asyncio.sleep(0)
    finally:
        await consumer.stop()
    return found


def _right(key: bytes, place: TopicPartition, settings: Settings) -> bool:
    number: int = place.partition
    return partition_of(key, settings.partitions) == number

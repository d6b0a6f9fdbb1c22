"""What a follower asks Kafka besides records: which topics there are, and where partitions end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.engine.client.routines import check, stop
from streams.engine.client.topic_ids import Known, known_topics
from streams.engine.clients import client_options
from streams.settings import Settings

ANSWER_SECONDS = 10.0


class Asking:
    """Asks and fetches nothing. Raises aiokafka's errors, and ``TimeoutError``."""

    def __init__(self, settings: Settings) -> None:
        # ends count what is not committed yet: what a transaction wrote lies before them
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            isolation_level="read_uncommitted",
            enable_auto_commit=False,
            auto_offset_reset="none",
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop(self._consumer)

    async def topics(self, names: Iterable[str]) -> dict[str, Known]:
        """Those of these topics that there are."""
        check(self._consumer)
        wanted = sorted(names)
        async with asyncio.timeout(ANSWER_SECONDS):
            found = await known_topics(self._consumer, wanted)
            if found is not None:
                return dict(found)
            told: dict[str, Known] = {}
            for topic in wanted:
                if topic in await self._consumer.topics():
                    told[topic] = Known(b"", frozenset(self._consumer.partitions_for_topic(topic)))
            return told

    async def ends(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset behind the last record of each, committed or not."""
        async with asyncio.timeout(ANSWER_SECONDS):
            found: Mapping[TopicPartition, int] = await self._consumer.end_offsets(list(places))
            return found

    async def begins(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The first offset of each that is still there."""
        async with asyncio.timeout(ANSWER_SECONDS):
            found: Mapping[TopicPartition, int] = await self._consumer.beginning_offsets(
                list(places)
            )
            return found

    async def since(self, places: Iterable[TopicPartition], at: int) -> dict[TopicPartition, int]:
        """The first offset of each that came at ``at`` (ms) or later; its end, where none did."""
        asked = list(places)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                # ends first: what comes meanwhile lies behind them, and is found or read later
                ends = await self._consumer.end_offsets(asked)
                found = await self._consumer.offsets_for_times(dict.fromkeys(asked, at))
        except KafkaTimeoutError as error:
            raise TimeoutError("Kafka tells no offsets") from error
        return {
            place: ends[place] if (one := found.get(place)) is None else one.offset
            for place in asked
        }


__all__ = ["Asking"]

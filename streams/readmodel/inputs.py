"""Events for timelines: they follow by themselves, since nothing waits for them."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.client.fetch_sessions import FetchSessions
from streams.engine.client.membership import position_of
from streams.engine.client.records import hand_over_bare
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.readmodel.asking import Asking
from streams.readmodel.file import ModelFile
from streams.readmodel.opening import Unfit
from streams.readmodel.places import Places
from streams.settings import Settings

FETCH_BYTES: Final = 4 * 1024 * 1024
PARTITION_BYTES: Final = 512 * 1024
WAIT_MS: Final = 500
PAUSE_SECONDS: Final = 0.25
SLICE_RECORDS: Final = 1_000
"""Written in one go: alerts wait so long."""
REST_SHARE: Final = 2.0
SWEEP_SECONDS: Final = 1.0


class Inputs:
    """Follows the input topics of some partitions, and deletes what is too old, for ever."""

    def __init__(self, settings: Settings, file: ModelFile, asking: Asking, places: Places) -> None:
        self._settings = settings
        self._file = file
        self._asking = asking
        self._ids = places.ids
        self._places = [
            TopicPartition(topic, number) for topic in places.inputs for number in places.numbers
        ]
        self._sessions = FetchSessions()
        self._swept = time.monotonic()

    async def run(self) -> None:
        """Follow until cancelled. Raises aiokafka's errors and ``sqlite3.Error``."""
        if not self._places:
            await asyncio.Event().wait()
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=WAIT_MS,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
        )
        await consumer.start()
        try:
            self._sessions.take_over(consumer, PAUSE_SECONDS)
            hand_over_bare(consumer)
            positions = await self._positions()
            if all(self._ids[place.topic] for place in self._places):
                self._sessions.identify({place: self._ids[place.topic] for place in self._places})
            consumer.assign(self._places)
            for place, position in positions.items():
                consumer.seek(place, position)
            while True:
                check(consumer)
                await self._turn(consumer)
        finally:
            await stop(consumer)

    async def _positions(self) -> dict[TopicPartition, int]:
        """Where to go on: what was deleted meanwhile is passed over."""
        begins = await self._asking.begins(self._places)
        ends = await self._asking.ends(self._places)
        positions = {}
        for place in self._places:
            at = max(self._file.next[place], begins[place])
            if at > ends[place]:
                raise Unfit(f"{place.topic}[{place.partition}] ends at {ends[place]}, not at {at}")
            positions[place] = at
        return positions

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        file = self._file
        fetched = await consumer.getmany(timeout_ms=WAIT_MS)
        behind = {place: position_of(consumer, place) for place in fetched}
        for place, records in fetched.items():
            for at in range(0, len(records), SLICE_RECORDS):
                some = records[at : at + SLICE_RECORDS]
                began = time.perf_counter()
                with file.transaction():
                    file.take_inputs(place.topic, place.partition, some)
                    last = at + SLICE_RECORDS >= len(records)
                    file.move(
                        place.topic,
                        place.partition,
                        (behind[place] if last else None) or some[-1].offset + 1,
                    )
                await asyncio.sleep(REST_SHARE * (time.perf_counter() - began))
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            with file.transaction():
                file.sweep(self._settings.serve.timeline_days, wall=self._settings.clock == "wall")
                file.stamp_inputs(self._current_at(consumer))

    def _current_at(self, consumer: AIOKafkaConsumer) -> dict[int, int]:
        """Since when (ms) there is all that came in, of partitions that are at their end."""
        steady, wall = time.monotonic(), time.time_ns() // 1_000_000
        found: dict[int, int] = {}
        for place in self._places:
            asked, position = self._sessions.asked_steadily(place), position_of(consumer, place)
            end = consumer.last_stable_offset(place)
            at = 0
            if asked and position is not None and end is not None and position >= end:
                at = wall - round((steady - asked) * 1000)
            found[place.partition] = min(at, found.get(place.partition, at))
        return {number: at for number, at in found.items() if at}


__all__ = ["Inputs"]

"""Following: what comes is in the file within milliseconds, and never half of it.

A checkpoint that arrives is shown once the outputs of its partition have been read up to where they
ended after it had come: what its transaction sent lies before that. So outputs may be ahead of the
state, and are never behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.deadletter import Fetched
from streams.engine.client.fetch_sessions import FetchSessions
from streams.engine.client.membership import position_of
from streams.engine.client.records import hand_over_bare
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.readmodel.asking import Asking
from streams.readmodel.file import ModelFile, Standing
from streams.readmodel.newest import Newest
from streams.readmodel.places import NEWEST, Places
from streams.readmodel.staging import Ready, Staging
from streams.settings import Settings

FETCH_BYTES: Final = 1024 * 1024
WAIT_MS: Final = 200
PAUSE_SECONDS: Final = 0.01
STAMP_SECONDS: Final = 0.25
OUTPUTS_SECONDS: Final = 2.0
"""So long a checkpoint waits for outputs that somebody wrote and does not commit."""
REST_SECONDS: Final = 0.1
REST_SHARE: Final = 2.0
"""After a turn it rests so many times as long as the turn took, at most ``REST_SECONDS``."""

log = structlog.get_logger("touchline.readmodel")


Ends = Mapping[TopicPartition, int]


class Waiting(NamedTuple):
    """State that waits for outputs: up to where, and since when."""

    ready: Ready
    ends: Ends
    since: float


class Following:
    """Follows changelog and outputs of some partitions, from where the file stands, for ever.

    Raises aiokafka's errors and ``sqlite3.Error``.
    """

    def __init__(
        self,
        settings: Settings,
        file: ModelFile,
        asking: Asking,
        places: Places,
        newest: Newest,
    ) -> None:
        self._file = file
        self._asking = asking
        self._settings = settings
        self._places = places
        self._newest = newest
        self._changelog, self._streams = places.changelog, places.streams
        self._numbers = numbers = places.numbers
        self._staged = {number: Staging() for number in numbers}
        self._waiting: dict[int, deque[Waiting]] = {number: deque() for number in numbers}
        self._read = [each for each in places.followed() if each.topic != places.changelog]
        self._current_at = dict.fromkeys(numbers, 0)
        self._sessions = FetchSessions()
        self._stamped = 0.0

    async def run(self) -> None:
        """Follow until cancelled."""
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        await consumer.start()
        try:
            self._sessions.take_over(consumer, PAUSE_SECONDS)
            hand_over_bare(consumer)
            self._assign(consumer)
            while True:
                check(consumer)
                fetched = await consumer.getmany(timeout_ms=self._patience())
                began = time.perf_counter()
                await self._turn(consumer, fetched)
                took = time.perf_counter() - began
                await asyncio.sleep(min(REST_SECONDS, REST_SHARE * took) if fetched else 0)
        finally:
            await stop(consumer)

    def _assign(self, consumer: AIOKafkaConsumer) -> None:
        places, ids = self._places.followed(), self._places.ids
        if all(ids[place.topic] for place in places):
            self._sessions.identify({place: ids[place.topic] for place in places})
        consumer.assign(places)
        for place in places:
            consumer.seek(place, self._file.next[place])

    def _patience(self) -> int:
        """How long to wait for something (ms)."""
        return 20 if any(self._waiting.values()) else 100

    async def _turn(
        self,
        consumer: AIOKafkaConsumer,
        fetched: Mapping[TopicPartition, Sequence[Fetched]],
    ) -> None:
        """Put what came into the file, as far as it may be seen."""
        came: dict[int, Ready] = {}
        outputs: dict[TopicPartition, Sequence[Fetched]] = {}
        for place, records in fetched.items():
            if place.topic != self._changelog:
                outputs[place] = records
            elif (ready := self._staged[place.partition].take(records)) is not None:
                came[place.partition] = ready
        waits, due = any(self._waiting.values()), self._due()
        if not (fetched or waits or due):
            return
        # nothing was awaited since these records were taken: positions are those behind them
        read = [(place, position_of(consumer, place)) for place in self._read]
        await self._ask(came)
        standings = self._standings(consumer) if due else {}
        file = self._file
        with file.transaction():
            for (topic, number), records in outputs.items():
                if topic in NEWEST:
                    for key, version, value in self._newest.readable(topic, records):
                        file.take_newest(topic, key, version, value)
                else:
                    file.take_outputs(topic, number, records)
            for (topic, number), position in read:
                if position is not None:
                    file.move(topic, number, position)
            self._show(consumer)
            file.stamp(standings)
        if due:
            self._stamped = time.monotonic()

    async def _ask(self, came: Mapping[int, Ready]) -> None:
        """Let what came wait for the outputs that were written by now."""
        if not came:
            return
        places = [TopicPartition(topic, number) for topic in self._streams for number in came]
        ends = await self._asking.ends(places)
        now = time.monotonic()
        for number, ready in came.items():
            mine = {place: end for place, end in ends.items() if place.partition == number}
            self._waiting[number].append(Waiting(ready, mine, now))

    def _lacks(self, consumer: AIOKafkaConsumer, ends: Ends, since: float) -> bool:
        """Whether outputs before these ends are to be read yet.

        After ``OUTPUTS_SECONDS`` no longer those of which Kafka says, asked after the checkpoint
        had come, that they are not committed.
        """
        following = self._file.next
        missing = {place: end for place, end in ends.items() if following[place] < end}
        if not missing or time.monotonic() - since < OUTPUTS_SECONDS:
            return bool(missing)
        for place, end in missing.items():
            asked, stable = self._sessions.asked_steadily(place), consumer.last_stable_offset(place)
            if not asked or asked < since or stable is None or following[place] < min(end, stable):
                return True
        return False

    def _show(self, consumer: AIOKafkaConsumer) -> None:
        """Write all state whose outputs were read."""
        for number, waiting in self._waiting.items():
            shown: Ready | None = None
            while waiting:
                ready, ends, since = waiting[0]
                if self._lacks(consumer, ends, since):
                    break
                waiting.popleft()
                shown = ready if shown is None else shown.then(ready)
            if shown is not None:
                self._file.take_records(number, shown.records)
                self._file.take_checkpoint(number, shown.checkpoint)
                self._file.move(self._changelog, number, shown.following)

    # -- how current ---------------------------------------------------------------------

    def _due(self) -> bool:
        return time.monotonic() - self._stamped >= STAMP_SECONDS

    def _standings(self, consumer: AIOKafkaConsumer) -> dict[int, Standing]:
        """Since when each partition has all that there was, and how many records it lacks."""
        found: dict[int, Standing] = {}
        steady, wall = time.monotonic(), time.time_ns() // 1_000_000
        for number in self._numbers:
            behind, known_at = 0, wall
            for topic in (self._changelog, *self._streams):
                place = TopicPartition(topic, number)
                asked, position = self._sessions.asked_steadily(place), position_of(consumer, place)
                end = consumer.last_stable_offset(place)
                if not asked or position is None or end is None:
                    known_at = 0
                    continue
                behind += max(0, end - position)
                known_at = min(known_at, wall - round((steady - asked) * 1000))
            waiting = sum(len(one.ready.records) for one in self._waiting[number])
            if not behind and not waiting and known_at:
                self._current_at[number] = max(known_at, self._current_at[number])
            found[number] = Standing(self._current_at[number], behind + waiting)
        return {number: one for number, one in found.items() if one.current_at}


__all__ = ["Following"]

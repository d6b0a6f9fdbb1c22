"""Catching up: one partition after the other from where the file stands to the end.

What compaction left of a changelog is whole only at its end: a checkpoint on the way may lack
records that a later one replaced. So nobody sees anything of a partition before its end is
reached, and all of it becomes visible in one transaction of SQLite.
"""

from __future__ import annotations

import time
from typing import Final

import structlog
from aiokafka import TopicPartition

from schemas.topics import ALERT_STATES
from streams.engine.client.reading import Reader
from streams.readmodel.asking import Asking
from streams.readmodel.file import ModelFile, Standing
from streams.readmodel.newest import Newest
from streams.readmodel.opening import Unfit
from streams.readmodel.places import Places
from streams.readmodel.staging import Ready, Staging
from streams.settings import Settings

SPILL_BYTES: Final = 64 * 1024 * 1024
OUTPUTS_SECONDS: Final = 2.0
"""So long outputs are waited for that were written before a checkpoint and are not committed."""

log = structlog.get_logger("touchline.readmodel")


class CatchingUp:
    """Brings partitions of a file to their ends. Raises :class:`Unfit` where that cannot be."""

    def __init__(
        self,
        settings: Settings,
        file: ModelFile,
        asking: Asking,
        places: Places,
        newest: Newest,
    ) -> None:
        self._settings = settings
        self._file = file
        self._asking = asking
        self._streams = places.streams
        self._inputs = places.inputs
        self._numbers = places.numbers
        self._models = places.newest
        self._newest = newest
        days = settings.serve.timeline_days
        self._oldest = int((time.time() - days * 86_400) * 1000)

    async def run(self) -> None:
        """Bring all partitions up, each shown as soon as it is there."""
        began, records = time.monotonic(), 0
        await self._begin()
        async with Reader(self._settings, check_crcs=False) as reader:
            for place in self._models:
                await self._model(reader, place)
            for number in self._numbers:
                records += await self._partition(reader, number)
        if records:
            seconds = round(time.monotonic() - began, 1)
            log.info("the read model has caught up", records=records, seconds=seconds)

    async def _begin(self) -> None:
        """Find where that begins of which nothing was read yet: not before what is shown.

        How alerts stand is read from its start, of which compaction keeps one record for each: an
        alert may be open for longer than timelines go back.
        """
        file = self._file
        new = [
            TopicPartition(topic, number)
            for topic in (*self._streams, *self._inputs)
            for number in self._numbers
            if (topic, number) not in file.next
        ]
        whole = [place for place in new if place.topic == ALERT_STATES]
        found = dict(await self._asking.begins(whole)) if whole else {}
        if recent := [place for place in new if place.topic != ALERT_STATES]:
            found |= await self._asking.since(recent, self._oldest)
        with file.transaction():
            for place, offset in found.items():
                file.move(place.topic, place.partition, offset)

    async def _model(self, reader: Reader, place: TopicPartition) -> None:
        """Read what is made over all customers."""
        file, (topic, number) = self._file, place
        bounds = await reader.bounds(topic, number)
        start = file.next.get((topic, number), bounds.begin)
        if not bounds.begin <= start <= bounds.end:
            raise Unfit(f"{topic}[{number}] ends at {bounds.end}, and the file stands at {start}")
        with file.transaction():
            if start < bounds.end:
                async for batch in reader.batches(topic, number, start):
                    for key, version, value in self._newest.readable(topic, batch):
                        file.take_newest(topic, key, version, value)
            file.move(topic, number, bounds.end)

    async def _partition(self, reader: Reader, number: int) -> int:
        file, topic = self._file, self._settings.changelog
        bounds = await reader.bounds(topic, number)
        start = file.next.get((topic, number), bounds.begin)
        if not bounds.begin <= start <= bounds.end:
            raise Unfit(
                f"partition {number} of the changelog has {bounds.begin}-{bounds.end}, and the "
                f"file stands at {start}"
            )
        with file.transaction():
            ready, count = await self._state(reader, number, start, bounds.end)
            count += await self._outputs(reader, number)
            if ready is not None:
                file.take_checkpoint(number, ready.checkpoint)
            following = start if ready is None else ready.following
            file.move(topic, number, following)
            file.stamp({number: Standing(time.time_ns() // 1_000_000, 0)})
            file.show(number)
        return count

    async def _state(
        self, reader: Reader, number: int, start: int, end: int
    ) -> tuple[Ready | None, int]:
        """Write the changelog up to its last checkpoint, which is given, with what was read."""
        file, topic = self._file, self._settings.changelog
        staging, ready, count, spilt, held = Staging(), None, 0, False, 0
        if start == end:
            return None, 0
        async for batch in reader.batches(topic, number, start):
            records = list(batch)
            count += len(records)
            held += sum(len(one.key or b"") + len(one.value or b"") for one in records)
            newer = staging.take(records)
            if newer is not None:
                ready = newer if ready is None else ready.then(newer)
            if held > SPILL_BYTES:
                # what is committed ends with a checkpoint, so one comes behind this
                before = {} if ready is None else ready.records
                file.take_records(number, before | staging.spill())
                ready, spilt = None if ready is None else ready._replace(records={}), True
                held = 0
        if ready is not None:
            file.take_records(number, ready.records)
            if spilt:
                file.own_all(number)
            ready = ready._replace(records={})
        return ready, count

    async def _outputs(self, reader: Reader, number: int) -> int:
        """Read what came out of a partition up to what there is now."""
        places = [TopicPartition(topic, number) for topic in self._streams]
        ends, count = await self._asking.ends(places), 0
        deadline = time.monotonic() + OUTPUTS_SECONDS
        while behind := [place for place, end in ends.items() if self._file.next[place] < end]:
            for place in behind:
                count += await self._output(reader, place)
            if time.monotonic() > deadline:
                break
        return count

    async def _output(self, reader: Reader, place: TopicPartition) -> int:
        file, (topic, number), count = self._file, place, 0
        bounds = await reader.bounds(topic, number)
        start = max(file.next[place], bounds.begin)
        if start > bounds.end:
            raise Unfit(f"{topic}[{number}] ends at {bounds.end}, and the file stands at {start}")
        following = bounds.end
        if start < bounds.end:
            async for batch in reader.batches(topic, number, start):
                records = list(batch)
                file.take_outputs(topic, number, records, self._oldest)
                count += len(records)
                if records:
                    following = max(following, records[-1].offset + 1)
        file.move(topic, number, following)
        return count


__all__ = ["CatchingUp"]

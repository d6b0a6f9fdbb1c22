"""Half a commit is never seen, outputs are never behind, however often the follower is killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

from schemas.topics import SIGNALS
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.readmodel.following import FollowerProcess, counts, settings_of
from tests.streams.readmodel.writing import COUNTED, SEGMENT, Writer
from tests.streams.running import PARTITIONS

CUSTOMERS, LIVES = 20, 5


class Looks:
    """Looks at the read model again and again, and judges each moment."""

    def __init__(self, settings: Settings, writers: list[Writer]) -> None:
        self.model = ReadModel(settings)
        self._writers = writers
        self.moments: set[tuple[int, ...]] = set()

    def look(self) -> None:
        try:
            positions, members = self.model.members(SEGMENT)
        except NotReadable:  # it is being built
            return
        events: defaultdict[int, list[int]] = defaultdict(list)
        for whole in members:
            number = partition_of(whole.customer_id.encode(), PARTITIONS)
            events[number].append(whole.figures.events)
        for number, told in events.items():
            counted = positions[COUNTED, number]
            assert told == [counted] * CUSTOMERS, "half a commit"
            outputs = self._writers[number].ends[counted]
            assert positions[SIGNALS, number] >= outputs, "outputs behind the state"
        self.moments.add(tuple(positions.get((COUNTED, n), 0) for n in range(PARTITIONS)))


async def _write(writer: Writer, over: asyncio.Event) -> None:
    while not over.is_set():
        await writer.write(abort=writer.done % 10 == 7 and random.random() < 0.9)
        await asyncio.sleep(0.02)


async def _look(looks: Looks, over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.to_thread(looks.look)
        await asyncio.sleep(0)


async def _kill(follower: FollowerProcess, looks: Looks) -> None:
    """Kill it after it has shown some moments, whatever it does then."""
    for life in range(LIVES):
        follower.start()
        seen, deadline = len(looks.moments), time.monotonic() + 60
        while len(looks.moments) < seen + 10 + life and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.013)  # no event tells of it
        await asyncio.to_thread(follower.kill)
    follower.start()


def test_only_whole_commits_are_seen(fresh_broker: LocalBroker, tmp_path: Path) -> None:
    settings = settings_of("whole", fresh_broker.bootstrap, tmp_path / "serve")
    ensure_topics_of(settings)
    follower = FollowerProcess(settings, tmp_path / "follower.log")

    async def all_of_it() -> tuple[Looks, list[Writer]]:
        async with AsyncExitStack() as stack:
            writers = [
                await stack.enter_async_context(Writer(settings, number, CUSTOMERS))
                for number in range(PARTITIONS)
            ]
            looks, over = Looks(settings, writers), asyncio.Event()
            looking = asyncio.create_task(_look(looks, over))
            writing = [asyncio.create_task(_write(each, over)) for each in writers]
            killing = asyncio.create_task(_kill(follower, looks))
            await asyncio.wait((looking, killing), return_when=asyncio.FIRST_COMPLETED)
            over.set()
            await asyncio.gather(looking, killing, *writing)
            done = {(COUNTED, each.number): each.done for each in writers}
            await asyncio.to_thread(counts, looks.model, done)
            return looks, writers

    try:
        looks, writers = asyncio.run(all_of_it())
        looks.look()
        assert len(looks.moments) > 10 * LIVES
        told = ReadModel(settings).changed({}, [SIGNALS], 1_000_000)
        for each in writers:
            ends = [one.offset for one in told if one.partition == each.number]
            assert ends == sorted(ends) and ends[-1] + 1 == each.ends[each.done]
            assert not any(b'"value":1000000' in one.value for one in told), "an aborted one"
    finally:
        follower.kill()

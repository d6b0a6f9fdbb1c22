"""The life of one partition number: start, commit, park, resume, stop, be fenced.

A task owns everything of its number across the co-partitioned topics. All its commits,
whoever asks for one, go through one lock.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from agents.topology import Topology
from streams.engine.inbox import LAST, Chunk
from streams.engine.load import Load
from streams.engine.observer import Observer
from streams.engine.partition import Partition
from streams.engine.restore import restore
from streams.engine.transaction import CommitFailed, Fenced, TransactionalProducer
from streams.engine.transport import Consumer
from streams.settings import Settings

HELD_RECORDS = 4000
RELEASED_RECORDS = 1000
MERGE_PATIENCE_SECONDS = 5.0
STOPPED_RETRY_SECONDS = 10.0
FAILURES_IN_A_ROW = 5
OUTAGE_SECONDS = 60.0
# Topics of one number whose fetches were sent this close to each other count as read together.
STALE_MS = 1000

log = structlog.get_logger("touchline.task")


class Status(Enum):
    """Where a task stands."""

    OPENING = "opening"
    OPEN = "open"
    PARKED = "parked"
    STOPPED = "stopped"
    OVER = "over"


class InputLost(Exception):
    """Records between the checkpoint and the topic's beginning are gone."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the tasks of one worker share; ``fail`` ends the worker with an error.

    ``processor`` is held while a task applies a slice of records, so that the event loop gets
    round to the network between two slices: a commit is half a dozen round trips.
    """

    topology: Topology
    settings: Settings
    observer: Observer
    load: Load
    restores: asyncio.Semaphore
    processor: asyncio.Lock
    fail: Callable[[BaseException], None]


class PartitionTask:
    """Runs one partition number on Kafka."""

    def __init__(self, host: Host, number: int, consumer: Consumer) -> None:
        self.number = number
        self.status = Status.OPENING
        self.partition: Partition | None = None
        self.lock = asyncio.Lock()
        self._topology = host.topology
        self._settings = host.settings
        self._consumer = consumer
        self._load = host.load
        self._observer = host.observer
        self._restores = host.restores
        self._processor = host.processor
        self._fail = host.fail
        self._tps = {topic: TP(topic, number) for topic in host.topology.sources}
        self._producer = TransactionalProducer(host.settings, number)
        self._epochs: dict[TP, int] = {}
        self._received: dict[str, int] = {}
        self._fetched_at = 0
        self._landed: deque[tuple[int, Chunk]] = deque()
        self._held: set[str] = set()
        self._wake = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._first_pending: float | None = None
        self._merging_since: float | None = None
        self._failures = 0

    # -- life -------------------------------------------------------------------------

    async def open(self) -> None:
        """Fence, restore, seek and run; waits and tries again while input is missing."""
        while True:
            try:
                async with self._restores:
                    await self._open_patiently()
            except InputLost as lost:
                self.status = Status.STOPPED
                self._observer.stopped(self.number, str(lost))
                log.error("partition stopped", partition=self.number, why=str(lost))
                await self._producer.close()
                await asyncio.sleep(STOPPED_RETRY_SECONDS)
            else:
                break
        self.resume()
        self._runner = asyncio.create_task(self._run(), name=f"partition-{self.number}")

    def resume(self) -> None:
        """Fetch from where the state stands."""
        partition = self.partition
        assert partition is not None
        positions = {tp: partition.next_offsets[topic] for topic, tp in self._tps.items()}
        self._epochs = self._consumer.start_from(positions)
        self._received = {tp.topic: offset for tp, offset in positions.items()}
        self._held.clear()
        self._landed.clear()
        self.status = Status.OPEN
        self._wake.set()

    async def park(self) -> None:
        """Commit what is done and stop fetching; the state stays for a quick return."""
        async with self.lock:
            if self.status is not Status.OPEN:
                return
            partition = self.partition
            assert partition is not None
            self._consumer.leave(self._tps.values())
            partition.inbox.clear()
            self._landed.clear()
            if partition.pending or partition.outputs:
                await self._commit(partition, reopen=False)
            if self.status is Status.OPEN:
                self.status = Status.PARKED
                log.debug("partition parked", partition=self.number)

    async def close(self) -> None:
        """Commit if still open, end the runner, stop the producer."""
        await self.park()
        self.status = Status.OVER
        self._consumer.leave(self._tps.values())
        self._wake.set()
        if self._runner is not None and self._runner is not asyncio.current_task():
            await asyncio.wait([self._runner], timeout=5.0)
        await self._producer.close()
        self._observer.closed(self.number)

    # -- records come in --------------------------------------------------------------

    def accept(self, chunk: Chunk) -> None:
        """Take a chunk, unless it was fetched before the last seek."""
        tp = self._tps[chunk.topic]
        partition = self.partition
        if self.status is not Status.OPEN or partition is None:
            return
        if chunk.epoch != self._epochs.get(tp):
            return
        if chunk.start != self._received[chunk.topic]:
            raise AssertionError(
                f"{tp}: a chunk from {chunk.start} came where {self._received[chunk.topic]} "
                f"was due: records would be lost"
            )
        self._received[chunk.topic] = chunk.end
        self._fetched_at = self._consumer.asked_at(tp)
        waiting = partition.inbox.waiting_in(chunk.topic) + len(chunk.records)
        if self._settings.clock == "event":
            self._landed.append((time.time_ns() // 1_000_000, chunk))
            waiting += sum(len(c.records) for _, c in self._landed if c.topic == chunk.topic)
        else:
            partition.receive(chunk.topic, chunk.records, chunk.end)
        if waiting > HELD_RECORDS:
            self._held.add(chunk.topic)
            self._consumer.hold([tp])
        self._wake.set()

    # -- the loop ---------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while self.status is not Status.OVER:
                await self._sleep()
                async with self.lock:
                    if self.status is Status.OPEN:
                        await self._turn()
                await asyncio.sleep(0)
        except Exception as error:
            log.exception("partition failed", partition=self.number)
            self.status = Status.OVER
            self._fail(error)

    async def _sleep(self) -> None:
        partition = self.partition
        assert partition is not None
        if self.status is Status.OPEN and partition.inbox.waiting and not self._merging_since:
            return
        seconds = 1.0
        if self.status is Status.OPEN:
            if self._first_pending is not None or self._merging_since is not None or self._landed:
                seconds = 0.01
            due = partition.timers.next_due
            if due is not None and self._settings.clock == "wall":
                seconds = min(seconds, max(0.005, due / 1000 - time.time()))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _turn(self) -> None:
        partition = self.partition
        assert partition is not None
        wall = time.time_ns() // 1_000_000
        ended = self._ended(partition)
        self._admit(partition, ended)
        if partition.inbox.waiting and (bound := self._bound(partition, ended)) is not None:
            async with self._processor:
                partition.step(wall, bound=bound)
                await asyncio.sleep(0)
            self._release(partition)
        if self._settings.clock == "wall" and not partition.inbox.waiting:
            until = [at for at in ended.values() if at is not None]
            if len(until) == len(ended):
                partition.advance(min(wall, *until))
        now = time.monotonic()
        if self._first_pending is None and (partition.pending or partition.outputs):
            self._first_pending = now
        if self._commit_due(partition, now):
            await self._commit(partition, reopen=True)

    def _admit(self, partition: Partition, ended: dict[str, int | None]) -> None:
        """On the event clock, let a chunk in once every other topic was asked after it came.

        What was appended before the chunk's records can then no longer be unseen, and the
        merge by time is the same however the topics' fetches fell.
        """
        while self._landed:
            came_at, chunk = self._landed[0]
            landed = {each.topic for _, each in self._landed}
            for topic in partition.inbox.empty_topics(self._topology.sources):
                until = ended[topic]
                if topic not in landed and (until is None or until < came_at):
                    return
            self._landed.popleft()
            partition.receive(chunk.topic, chunk.records, chunk.end)

    def _ended(self, partition: Partition) -> dict[str, int | None]:
        ended, received = self._consumer.ended, self._received
        return {topic: ended(tp, received[topic]) for topic, tp in self._tps.items()}

    def _bound(self, partition: Partition, ended: dict[str, int | None]) -> int | None:
        """Up to which time waiting records may be applied; ``None``: none of them yet.

        A topic that has more in Kafka bounds the others by what of it waits here; while nothing
        of it does, all wait. On the wall clock never for long; on the event clock as long as it
        takes, since there nobody waits and an event out of order might be refused as too late.
        """
        inbox, fresh = partition.inbox, self._fetched_at - STALE_MS
        landed = {chunk.topic for _, chunk in self._landed}
        behind = [
            topic
            for topic, until in ended.items()
            if until is None or until < fresh or topic in landed
        ]
        missing = inbox.empty_topics(behind)
        if not missing:
            self._merging_since = None
            return min((inbox.high(topic) for topic in behind), default=LAST)
        now = time.monotonic()
        if self._merging_since is None:
            self._merging_since = now
        if self._settings.clock == "event" or now - self._merging_since < MERGE_PATIENCE_SECONDS:
            return None
        log.warning("merged without a slow topic", partition=self.number, topics=missing)
        self._merging_since = None
        return LAST

    def _release(self, partition: Partition) -> None:
        for topic in list(self._held):
            if partition.inbox.waiting_in(topic) < RELEASED_RECORDS:
                self._held.discard(topic)
                self._consumer.release([self._tps[topic]])

    # -- commit -----------------------------------------------------------------------

    def _commit_due(self, partition: Partition, now: float) -> bool:
        if self._first_pending is None:
            return False
        age, commit = now - self._first_pending, self._settings.commit
        if age >= commit.interval_seconds:
            return True
        if partition.inbox.waiting or self._load.backlog > commit.quiet_records:
            return False
        return bool(partition.outputs) or age >= commit.linger_seconds

    async def _commit(self, partition: Partition, *, reopen: bool) -> None:
        began = time.perf_counter()
        self._first_pending = None
        drained = partition.drain()
        try:
            await self._producer.commit(drained, self._settings.changelog, self._settings.app_id)
        except Fenced as fenced:
            log.warning("partition fenced", partition=self.number, why=str(fenced))
            await self._give_up()
            self._consumer.rejoin()
        except CommitFailed as failed:
            self._failures += 1
            self._observer.commit_failed(self.number, str(failed))
            log.error("commit failed", partition=self.number, why=str(failed))
            await self._give_up()
            if reopen:
                await self._reopen(failed)
        else:
            self._failures = 0
            self._observer.committed(partition, drained, time.perf_counter() - began)

    async def _give_up(self) -> None:
        self.status = Status.OVER
        self._consumer.leave(self._tps.values())
        await self._producer.close()
        self._observer.closed(self.number)

    async def _reopen(self, failed: CommitFailed) -> None:
        if self._failures >= FAILURES_IN_A_ROW:
            raise RuntimeError(
                f"partition {self.number}: {self._failures} commits failed in a row: {failed}"
            ) from failed
        await asyncio.sleep(min(5.0, 0.2 * 2**self._failures))
        self.status = Status.OPENING
        await self._open_patiently()
        self.resume()

    async def _open_patiently(self) -> None:
        """Open, again and again for a while where Kafka does not answer: it may be restarting."""
        until = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return await self._open_once()
            except (KafkaError, TimeoutError) as error:
                await self._producer.close()
                if time.monotonic() > until:
                    raise
                log.warning("Kafka does not answer", partition=self.number, why=repr(error))
                await asyncio.sleep(1.0)

    async def _open_once(self) -> None:
        await self._producer.open()
        restored = await restore(self._settings, self.number)
        partition = Partition(
            self._topology,
            self.number,
            restored.store,
            restored.checkpoint,
            clock=self._settings.clock,
            cached=self._settings.cached_customers,
        )
        await self._check_positions(partition)
        self.partition = partition
        self._first_pending = self._merging_since = None
        self._observer.opened(partition, restored.records, restored.seconds)
        log.info(
            "partition open",
            partition=self.number,
            records=restored.records,
            seconds=round(restored.seconds, 3),
        )

    async def _check_positions(self, partition: Partition) -> None:
        earliest = await self._consumer.earliest_offsets(*self._tps.values())
        for topic, tp in self._tps.items():
            start = partition.next_offsets.setdefault(topic, earliest[tp])
            if start < earliest[tp]:
                raise InputLost(
                    f"{topic}[{self.number}]: {earliest[tp] - start} records from offset {start} "
                    f"on were deleted by retention before they were read. Run "
                    f"`touchline doctor --accept-loss {self.number}` to go on without them"
                )

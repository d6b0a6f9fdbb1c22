"""The life of one partition number: start, commit, park, resume, stop, be fenced.

A task owns everything of its number across the co-partitioned topics. All its commits,
whoever asks for one, go through one lock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Generic

import structlog
from aiokafka.errors import KafkaError

from agents.topology import C, E, S
from schemas.common import CommonRecord
from schemas.topics import PARTITION_SUMMARIES
from streams.engine.admin import plain
from streams.engine.checkpoint import NewerFormat
from streams.engine.client.refusals import refusal
from streams.engine.client.routines import why as ended_by
from streams.engine.defects import RuleFailed
from streams.engine.doings import (
    Adopt,
    Advance,
    Does,
    Drain,
    Land,
    Settle,
    Summarise,
    Take,
    Work,
)
from streams.engine.host import Host
from streams.engine.inbox import Chunk
from streams.engine.inputs import InputLost, Inputs
from streams.engine.intake import Intake
from streams.engine.partition import SLICE_RECORDS, Drained, Opening, Partition
from streams.engine.routines import RoutineEnded
from streams.engine.status import MOVES, Status
from streams.engine.transaction import CommitFailed, Denied, Fenced, TransactionalProducer
from streams.engine.transport import Consumer
from streams.engine.worked_by import worked_by
from streams.errors import WorkerFailed

BUSY_COMMIT_SECONDS = 0.25  # of the long work of a new model, while no alert waits
HURRIED_SECONDS = 0.01
SETTLE_SECONDS = 1.0
MIRROR_SECONDS = 1.0
"""How old the group offsets may be, which are for lag tools: two of a commit's five round trips."""
FAILURES_IN_A_ROW = 5
OUTAGE_SECONDS = 60.0
DENIED_SECONDS = 2.0

log = structlog.get_logger("touchline.task")


class PartitionTask(Generic[E, S, C]):
    """Runs one partition number on Kafka."""

    def __init__(self, host: Host[E, S, C], number: int, consumer: Consumer) -> None:
        self.number = number
        self.status = Status.OPENING
        self.partition: Partition[E, S, C] | None = None
        self._does: Does[E] | None = None
        self.lock = asyncio.Lock()
        self._topology = host.topology
        self._settings = host.settings
        self._consumer = consumer
        self._load = host.load
        self._observer = host.observer
        self._openings = host.openings
        self._processor = host.processor
        self._newest_models = host.newest_models
        self._watch = host.watch
        self._fail = host.fail
        self._clock = host.clock
        self._budget = host.budget
        self._by = host.by
        self._permits = host.permits
        self._intake = Intake(host.topology, number, host.settings, host.clock)
        self._inputs = Inputs(host.settings, number, self._intake.tps, host.unread)
        self._unread, self._anew = host.unread, host.anew
        self._producer = TransactionalProducer(
            host.settings, number, now=host.clock.ms, known=host.openings.known
        )
        self._wake = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._first_pending: float | None = None
        self._failures = 0
        self._summarised = self._settled = self._mirrored = 0.0
        self._behind = False  # the group offsets
        self._leaving = self._fenced = self._committing = False
        self._turned = 0.0
        self._snapshots_id = b""

    # -- life -------------------------------------------------------------------------

    async def open(self) -> None:
        """Fence, restore, seek and run; waits and tries again while input or a right is missing."""
        told = ""
        while True:
            try:
                if self._permits.lacking:
                    raise Denied("; ".join(self._permits.told()))
                async with self._openings.turn:
                    await self._open_patiently()
            except (InputLost, NewerFormat, Denied) as stopped:
                why = await self._permits.instead_of(stopped)
                self._move(Status.STOPPED)
                self._observer.stopped(self.number, why)
                if told != (told := why):
                    log.error("partition stopped", partition=self.number, why=told)
                await self._producer.close()
                if isinstance(stopped, Denied) or self._permits.lacking:
                    await self._permits.granted()
                else:
                    await self._inputs.decided(self._consumer, stopped.again)
            else:
                break
        self.resume()
        self._runner = asyncio.create_task(self._run(), name=f"partition-{self.number}")
        self._runner.add_done_callback(self._ran)

    @property
    def resumable(self) -> bool:
        """Whether it is parked, and all that it reads was assigned again."""
        assigned = self._consumer.assignment()
        return self.status is Status.PARKED and assigned.issuperset(self._intake.tps.values())

    def resume(self) -> None:
        """Fetch from where the state stands."""
        partition = self.partition
        assert partition is not None
        known = partition.topic_ids
        self._consumer.identify({tp: known.get(t, b"") for t, tp in self._intake.tps.items()})
        self._intake.start(self._consumer, partition.next_offsets)
        self._move(Status.OPEN)
        self._leaving = False
        self._turned = time.monotonic()
        self._wake.set()

    async def park(self) -> None:
        """Commit what is done and stop fetching; the state stays for a quick return."""
        self._leaving = True
        async with self.lock:
            if self.status is not Status.OPEN:
                return
            partition = self.partition
            assert partition is not None
            self._intake.leave(self._consumer)
            partition.inbox.clear()
            if partition.pending or partition.outputs or self._behind:
                await self._commit(partition, reopen=False)
            if self.status is Status.OPEN:
                self._move(Status.PARKED)
                log.debug("partition parked", partition=self.number)

    @property
    def topic_ids(self) -> Mapping[str, bytes]:
        """The ids of the topics it reads, of its changelog and of its snapshots.

        None while it does not work. Snapshots that went with their topic are sent again by a
        partition that is opened anew.
        """
        if self.status is not Status.OPEN or self._leaving or self.partition is None:
            return {}
        return {**self.partition.topic_ids, PARTITION_SUMMARIES: self._snapshots_id}

    @property
    def leaving(self) -> bool:
        """Whether it takes nothing more."""
        return self._leaving

    async def lose(self) -> None:
        """Keep what is done and be over: its number is opened anew, which finds what is gone.

        Positions are not given to the group: Kafka knows none of a topic that is gone.
        """
        if self._leaving:
            return
        self._leaving = True
        async with self.lock:
            if self.status is not Status.OPEN:
                return
            partition = self.partition
            assert partition is not None
            for topic, tp in self._intake.tps.items():
                unread = self._consumer.lag(tp, partition.next_offsets[topic])
                if unread is not None:
                    self._unread[tp] = unread
            self._intake.leave(self._consumer)
            partition.inbox.clear()
            if partition.pending or partition.outputs:
                await self._commit(partition, reopen=False, mirror=False)
            if not self._fenced:
                await self._start_over()

    async def _start_over(self) -> None:
        """Leave the number to a task that opens it anew."""
        if self.status is not Status.OVER:
            await self._give_up(Status.OVER)
        self._wake.set()
        self._anew(self.number)

    async def close(self) -> None:
        """Commit if still open, end the runner, stop the producer."""
        await self.park()
        self._move(Status.OVER)
        self._intake.leave(self._consumer)
        self._wake.set()
        if self._runner is not None and self._runner is not asyncio.current_task():
            await asyncio.wait([self._runner], timeout=5.0)
        await self._producer.close()
        self._budget.leave(self.number)
        self._observer.closed(self.number)

    def _move(self, to: Status) -> None:
        """Stand elsewhere, or stay."""
        if to is not self.status:
            known = f"partition {self.number}: from {self.status.value} to {to.value}"
            assert to in MOVES[self.status], known
            self.status = to

    @property
    def _do(self) -> Does[E]:
        """Through what everything is done to the partition."""
        assert self._does is not None
        return self._does

    # -- long work over all keys ------------------------------------------------------

    @property
    def has_work(self) -> bool:
        """Whether a slice of the population's long work may be done now, a commit under way or not.

        What it changes belongs to the next transaction; where the one under way fails, all of it
        is thrown away.
        """
        partition = self.partition
        is_open = self.status is Status.OPEN and not self._leaving
        return is_open and partition is not None and partition.busy

    def work(self) -> None:
        """Do a slice."""
        partition = self.partition
        assert partition is not None
        try:
            self._do(Work())
        except Exception as error:
            return self._end(error)
        if self._first_pending is None and partition.pending:
            self._first_pending = time.monotonic()
            self._wake.set()

    # -- records come in --------------------------------------------------------------

    def accept(self, chunk: Chunk) -> None:
        """Take a chunk, unless it was fetched before the last seek."""
        if self.status is not Status.OPEN or self.partition is None:
            return
        if self._intake.accept(self._consumer, self.partition, chunk):
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
            self._end(error)

    def _end(self, error: Exception) -> None:
        """End the worker without another commit: the records are read again."""
        self._move(Status.OVER)
        if isinstance(error, RuleFailed):
            log.error("rule failed", exc_info=error, **error.fields)
        else:
            log.error("partition failed", exc_info=error, partition=self.number)
        self._fail(error)

    async def _sleep(self) -> None:
        partition = self.partition
        assert partition is not None
        if (
            self.status is Status.OPEN
            and partition.inbox.waiting
            and not self._intake.merging_since
            and self._clock.sure()
        ):
            return
        seconds = 1.0
        if self.status is Status.OPEN:
            if self._intake.hurried or partition.urgent or not self._clock.sure():
                seconds = HURRIED_SECONDS
            elif self._first_pending is not None:
                commit = self._settings.commit
                soonest = min(commit.linger_seconds, commit.interval_seconds)
                left = self._first_pending + soonest - time.monotonic()
                seconds = min(seconds, max(HURRIED_SECONDS, left))
            due = partition.timers.next_due
            if due is not None and self._settings.clock == "wall":
                seconds = min(seconds, max(0.005, (due - self._clock.ms()) / 1000))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _turn(self) -> None:
        partition = self.partition
        assert partition is not None
        if self._clock.sure():  # else everything waits until it is known what time it is
            await self._apply(partition, self._clock.ms())
        self._turned = now = time.monotonic()
        self._look_over(partition, now)
        if self._first_pending is None and (partition.pending or partition.outputs):
            self._first_pending = now
        if self._commit_due(partition, now):
            await self._commit(partition, reopen=True)

    async def _apply(self, partition: Partition[E, S, C], wall: int) -> None:
        """A slice of what waits; where nothing does, move the task clock on."""
        look = self._intake.look(self._consumer, partition)
        if look.bound is not None:
            async with self._processor:
                taken = partition.inbox.take(SLICE_RECORDS, look.bound)
                self._do(Take(taken, wall))
                await asyncio.sleep(0)
            self._intake.release(self._consumer, partition)
        if not partition.inbox.waiting:
            if self._settings.clock == "event":
                self._do(Settle(at_rest=True))
            elif look.ended is not None:
                self._do(Advance(min(wall, look.ended)))

    def _look_over(self, partition: Partition[E, S, C], now: float) -> None:
        """A tick, and a snapshot of the population where one is due.

        On the wall clock a tick comes each second although more events wait: a partition of few
        customers may be busy for long before so many have moved that it ticks by itself.
        """
        if self._settings.clock == "wall" and now - self._settled >= SETTLE_SECONDS:
            self._settled = now
            self._do(Settle())
        if not partition.busy and now - self._summarised >= self._settings.segments.summary_seconds:
            self._summarised = now
            self._do(Summarise(self._settings.partitions))

    def adopt(self, model: CommonRecord) -> None:
        """Take a newer model into use."""
        if self.partition is None or self.status is Status.OVER:
            return
        refused = self._do(Adopt(model))
        if refused is None:
            self._wake.set()
        else:
            log.error("model refused", partition=self.number, why=refused)
            self._observer.model_refused("foreign", refused)

    # -- under watch ------------------------------------------------------------------

    @property
    def positions(self) -> Mapping[str, int] | None:
        """Up to where it has applied each topic; ``None`` unless it is open."""
        partition = self.partition if self.status is Status.OPEN else None
        return None if partition is None else partition.next_offsets

    def still_for(self, now: float) -> float:
        """Seconds since it went round, at ``now`` (monotonic); 0 unless it is open."""
        return now - self._turned if self.status is Status.OPEN else 0.0

    def broken(self) -> str | None:
        """Why it must be opened anew although no commit failed, or ``None``."""
        if self.status is not Status.OPEN or self._committing:
            return None
        return self._producer.look_over()

    async def renew(self, why: str) -> None:
        """Open anew, as after a commit that failed."""
        try:
            async with self.lock:
                if self.broken() is None:
                    return
                if self._producer.fenced:  # to open anew would fence who fenced it
                    await self._lost_to_another(why)
                else:
                    await self._failed(CommitFailed(why), reopen=True)
        except Exception as error:
            self._end(error)

    def _ran(self, runner: asyncio.Task[None]) -> None:
        """The loop ends with the task; a stray cancel, say, ends the worker."""
        if self.status is not Status.OVER:
            self._end(
                RoutineEnded(f"the work on partition {self.number} ended: {ended_by(runner)}")
            )

    # -- commit -----------------------------------------------------------------------

    def _commit_due(self, partition: Partition[E, S, C], now: float) -> bool:
        if self._behind and now - self._mirrored >= MIRROR_SECONDS:
            return True
        if self._first_pending is None:
            return False
        age, commit = now - self._first_pending, self._settings.commit
        if age >= commit.interval_seconds:
            return True
        if self._load.backlog > commit.quiet_records:
            return False
        if partition.busy:
            return partition.urgent or age >= BUSY_COMMIT_SECONDS
        if partition.inbox.waiting:
            return False
        return partition.urgent or age >= commit.linger_seconds

    async def _commit(
        self, partition: Partition[E, S, C], *, reopen: bool, mirror: bool | None = None
    ) -> None:
        began, now = time.perf_counter(), time.monotonic()
        self._first_pending = None
        drained = self._do(Drain())
        if mirror is None:
            mirror = not reopen or now - self._mirrored >= MIRROR_SECONDS
        changelog, group = self._settings.changelog, self._settings.app_id
        self._committing = True
        try:
            sent = self._mirrored_of(drained) if mirror else drained
            await self._producer.commit(sent, changelog, group, mirror=mirror)
        except Fenced as fenced:
            await self._lost_to_another(str(fenced))
        except CommitFailed as failed:
            await self._failed(failed, reopen=reopen)
        except asyncio.CancelledError:  # whether it was sent is not known: nothing may follow it
            self._move(Status.OVER)
            self._wake.set()
            raise
        else:
            self._do(Land())
            self._failures = 0
            self._behind = not mirror
            if mirror:
                self._mirrored = now
            self._observer.committed(partition, drained, time.perf_counter() - began)
        finally:
            self._committing = False

    async def _lost_to_another(self, why: str) -> None:
        log.warning("partition fenced", partition=self.number, why=why)
        self._fenced = True
        await self._give_up(Status.OVER)
        self._consumer.rejoin()

    async def _failed(self, failed: CommitFailed, *, reopen: bool) -> None:
        denied = isinstance(failed, Denied)
        self._failures += not denied
        self._observer.commit_failed(self.number, str(failed))
        log.error("commit failed", partition=self.number, why=str(failed))
        await self._give_up(Status.OPENING if reopen else Status.OVER)
        if reopen and denied:
            if not await self._permits.look():
                await asyncio.sleep(DENIED_SECONDS)  # and no right is known to be missing
            await self._start_over()
        elif reopen:
            await self._reopen(failed)

    def _mirrored_of(self, drained: Drained) -> Drained:
        """With the positions of topics that are there: the group can hold no others."""
        there = self._consumer.topic_partitions
        known = {topic: at for topic, at in drained.next_offsets.items() if there(topic)}
        return drained._replace(next_offsets=known)

    async def _give_up(self, then: Status) -> None:
        self._move(then)
        self._intake.leave(self._consumer)
        await self._producer.close()
        self._budget.leave(self.number)
        self._observer.closed(self.number)

    async def _reopen(self, failed: CommitFailed) -> None:
        if self._failures >= FAILURES_IN_A_ROW:
            raise WorkerFailed(
                f"partition {self.number}: {self._failures} commits failed in a row: {failed}"
            ) from failed
        await asyncio.sleep(min(5.0, 0.2 * 2**self._failures))
        try:
            await self._open_patiently()
        except (InputLost, NewerFormat, Denied):
            return await self._start_over()
        self.resume()

    async def _open_patiently(self) -> None:
        """Open, again and again for a while where Kafka does not answer: it may be restarting."""
        until = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return await self._open_once()
            except (KafkaError, TimeoutError) as error:
                await self._producer.close()
                if (denied := refusal(error)) is not None:
                    raise Denied(str(denied)) from error
                if self._runner is not None and self._leaving:  # opened anew, and nobody wants it
                    raise InputLost("it is left") from error
                if time.monotonic() > until:
                    raise WorkerFailed(
                        f"partition {self.number} could not be opened for {OUTAGE_SECONDS:.0f} s: "
                        f"{plain(error)}"
                    ) from error
                self._observer.doubted()
                log.warning("Kafka does not answer", partition=self.number, why=plain(error))
                await asyncio.sleep(1.0)

    async def _open_once(self) -> None:
        ids = await self._inputs.ids(self._consumer)
        self._snapshots_id = ids.get(PARTITION_SUMMARIES, b"")
        await self._producer.open()
        restored = await self._openings.restore(self.number)
        begin = await self._inputs.begin(self._consumer, restored.checkpoint, ids)
        settings = self._settings
        opening = Opening(
            self.number,
            restored.store,
            begin.checkpoint,
            settings.clock,
            self._budget,
            settings.partitions,
            worked_by(self._by, restored.checkpoint, self._clock.ms(), self.number),
        )
        partition = opening.of(self._topology)
        self.partition, self._does = partition, self._watch(partition, opening)
        partition.next_offsets.update(begin.starts)
        if strange := len(partition.placing.strange):
            log.warning(
                "customers lie in another partition than their key's: see docs/OPERATIONS.md",
                partition=self.number, customers=strange,
            )  # fmt: skip
        for model in self._newest_models():
            self.adopt(model)
        self._first_pending = time.monotonic() if begin.new_ids else None
        self._behind = False
        self._observer.opened(partition, restored.records, restored.seconds)
        log.info(
            "partition open",
            partition=self.number,
            records=restored.records,
            seconds=round(restored.seconds, 3),
        )

"""All partition tasks of one worker: which are here follows the group's assignments."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Generic

import structlog
from faust.types import TP

from agents.modelling import AnyModelling
from agents.topology import C, E, S, Topology
from schemas.common import CommonRecord
from schemas.workers import WorkedBy
from streams.engine.background import work_off
from streams.engine.cache import Budget
from streams.engine.clock import WallClock
from streams.engine.doings import Watch, unwatched
from streams.engine.ends import Ends
from streams.engine.fitting import LEADER, Fitting, InUse, Told, nobody
from streams.engine.host import Host
from streams.engine.inbox import Chunk
from streams.engine.load import Load
from streams.engine.models import Models
from streams.engine.observer import Observer
from streams.engine.openings import Openings
from streams.engine.permits import Permits
from streams.engine.routines import Beat, Routines
from streams.engine.status import Status
from streams.engine.task import PartitionTask
from streams.engine.transport import Consumer
from streams.engine.watch import Watch as Progress
from streams.engine.watching import Watching
from streams.settings import Settings

LOAD_SECONDS = 0.05
LAG_SECONDS = 1.0
PATIENCE_SECONDS = 15.0
"""Each of what runs beside the partitions goes round at least every second, but for the models."""
TOPICS_SECONDS = 90.0
MODELS_SECONDS = 60.0
FITTING_SECONDS = 300.0
RIGHTS = "waiting for rights"

log = structlog.get_logger("touchline.tasks")


class Tasks(Generic[E, S, C]):
    """Opens, parks, resumes and closes partition tasks as the group's assignment changes."""

    def __init__(
        self,
        topology: Topology[E, S, C],
        settings: Settings,
        observer: Observer,
        fail: Callable[[BaseException], None],
        modellings: Sequence[AnyModelling] = (),
        *,
        watch: Watch = unwatched,
        told: Told = nobody,
        clock: WallClock | None = None,
        by: WorkedBy | None = None,
        permits: Permits | None = None,
    ) -> None:
        self.by_number: dict[int, PartitionTask[E, S, C]] = {}
        self.load = Load()
        self.budget = Budget(settings.cache_megabytes)
        self._topology = topology
        self._observer = observer
        self._fail = fail
        self.permits = Permits(settings, observer) if permits is None else permits
        self.models = (
            Models(modellings, settings, observer, self._adopt, self.permits)
            if modellings
            else None
        )
        self._host = Host(
            topology,
            settings,
            observer,
            self.load,
            Openings(settings),
            asyncio.Lock(),
            self._newest,
            fail,
            self._anew,
            {},
            watch,
            WallClock() if clock is None else clock,
            self.permits,
            self.budget,
            by,
        )
        self._told = told
        self._settings = settings
        self._modellings = modellings
        self._openings: dict[int, asyncio.Task[None]] = {}
        self._numbers: set[int] = set()
        self._consumer: Consumer | None = None
        self._routines = Routines(fail)
        self._ends = Ends(settings, self._places)
        self.progress = Progress(
            lambda: list(self.by_number.values()),
            lambda: None if self._consumer is None else self._consumer.watch,
            self._ends,
            self._routines,
            observer,
        )
        self.assigned_once = False

    @property
    def at_work(self) -> bool:
        """Whether an assignment is here and nothing of it parked."""
        tasks = self.by_number.values()
        return self.assigned_once and all(task.status is not Status.PARKED for task in tasks)

    def accept(self, chunk: Chunk) -> None:
        """Route a chunk to its task."""
        task = self.by_number.get(chunk.partition)
        if task is None:
            return
        self._observer.received(chunk)
        try:
            task.accept(chunk)
        except Exception as error:  # Faust would restart its agent and go on without the chunk
            log.exception("chunk not taken", partition=chunk.partition, topic=chunk.topic)
            self._fail(error)

    async def assigned(self, consumer: Consumer, tps: Iterable[TP]) -> None:
        """Take up a new assignment: resume what is parked, open what is new, close the rest."""
        self._consumer = consumer
        consumer.on_out_of_range = self._out_of_range
        if not self.assigned_once:
            self._begin(consumer)
        self._numbers = numbers = {tp.partition for tp in tps}
        for number in [n for n in self.by_number if n not in numbers]:
            await self._close(number)
        for number in sorted(numbers):
            task = self.by_number.get(number)
            if task is not None and task.resumable:
                task.resume()
            else:
                if task is not None:
                    await self._close(number)
                self._open(consumer, number)
        self.assigned_once = True
        if LEADER in numbers and self._modellings:
            now = self._host.clock.ms
            fitting = Fitting(
                self._modellings,
                self._settings,
                self._observer,
                self._told,
                now,
                used=self._used,
                permits=self.permits,
            )
            await self._routines.stop("fitting")
            self._routines.start("fitting", fitting.run, FITTING_SECONDS, may_end=True)
        log.info("assigned", partitions=sorted(numbers))

    def refused(self, consumer: Consumer) -> None:
        """Kafka refuses to let us read an input, or into the group: what is to come of it."""
        self._once(RIGHTS, lambda: self._wait_for_rights(consumer))

    async def _wait_for_rights(self, consumer: Consumer) -> None:
        """Stop where a right is missing; once it is there, ask the group for our place in it.

        A refused member's heartbeat ends for good, and what it knows of topics is a minute old.
        """
        if not (await self.permits.look() or self.permits.lacked_lately()):
            return
        if self.permits.lacking:
            await asyncio.gather(*(task.lose() for task in list(self.by_number.values())))
        await self.permits.granted()
        await consumer.look_anew()
        consumer.rejoin()

    async def revoked(self) -> None:
        """Commit and park everything: after this call another worker may own it."""
        self._numbers = set()
        await self._routines.stop("fitting")
        await self._cancel_openings()
        await asyncio.gather(*(task.park() for task in list(self.by_number.values())))

    async def close(self) -> None:
        """Commit and close everything."""
        self._numbers = set()
        await self._routines.stop(RIGHTS)
        names = ("topics", "watch", "load", "ends", "long work", "fitting", "models")
        await asyncio.gather(*(self._routines.stop(name) for name in names))
        await self._cancel_openings()
        await asyncio.gather(*(self._close(number) for number in list(self.by_number)))
        await self._host.openings.close()

    # -- inside -----------------------------------------------------------------------

    def _begin(self, consumer: Consumer) -> None:
        """Start what runs beside the partitions, until :meth:`close`."""
        watching = Watching(lambda: list(self.by_number.values()), consumer.known_topics)
        consumer.on_refused = watching.doubt

        async def work(beat: Beat) -> None:
            tasks = lambda: list(self.by_number.values())  # noqa: E731
            await work_off(tasks, self._host.processor, beat)

        start = self._routines.start
        start("load", self._watch_load, PATIENCE_SECONDS)
        start("ends", self._ends.run, PATIENCE_SECONDS)
        start("watch", self.progress.run, PATIENCE_SECONDS)
        start("topics", watching.run, TOPICS_SECONDS)
        start("long work", work, PATIENCE_SECONDS)
        if self.models is not None:
            start("models", self.models.run, MODELS_SECONDS)

    def _open(self, consumer: Consumer, number: int) -> None:
        task = PartitionTask(self._host, number, consumer)
        self.by_number[number] = task
        opening = asyncio.create_task(self._open_task(task), name=f"open-{number}")
        self._openings[number] = opening

    def _once(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start what ends by itself, and may take long; unless it is under way."""
        if not self._routines.runs(name):
            self._routines.start(name, lambda _: work(), math.inf, may_end=True)

    def _newest(self) -> Iterable[CommonRecord]:
        newest = self.models.newest.values() if self.models is not None else ()
        return [model for model in newest if model.of_partitions]

    def _used(self) -> InUse:
        """The newest version of each kind that the partitions here have used."""
        used: dict[str, int] = {}
        for task in self.by_number.values():
            for kind, version in task.partition.versions.items() if task.partition else ():
                used[kind] = max(version, used.get(kind, 0))
        opening = (n for n, task in self.by_number.items() if task.status is Status.OPENING)
        return InUse(used, frozenset(opening))

    def _adopt(self, model: CommonRecord) -> None:
        if model.of_partitions:
            for task in self.by_number.values():
                task.adopt(model)
        self._observer.adopted(model)

    async def _open_task(self, task: PartitionTask[E, S, C]) -> None:
        try:
            await task.open()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("partition could not be opened", partition=task.number)
            self._fail(error)
        finally:
            if self._openings.get(task.number) is asyncio.current_task():
                del self._openings[task.number]

    async def _close(self, number: int) -> None:
        task = self.by_number.pop(number, None)
        if task is not None:
            await task.close()

    async def _cancel_openings(self) -> None:
        openings = list(self._openings.items())
        for _, opening in openings:
            opening.cancel()
        if openings:
            await asyncio.wait([opening for _, opening in openings], timeout=10.0)
        for number, _ in openings:
            task = self.by_number.get(number)
            if task is not None and task.status is not Status.OPEN:
                await self._close(number)

    def _out_of_range(self, tp: TP, offset: int) -> None:
        """Records were deleted before they were read: their partition stops, and no other."""
        task = self.by_number.get(tp.partition)
        if task is not None and not task.leaving:
            self._once(f"losing input of partition {tp.partition}", task.lose)

    def _anew(self, number: int) -> None:
        """Open a number again whose task is over, while it is ours."""
        if number in self._numbers and self._consumer is not None:
            self._open(self._consumer, number)

    async def _watch_load(self, beat: Beat) -> None:
        told = 0.0
        while True:
            await asyncio.sleep(LOAD_SECONDS)
            lags = self._lags()
            waiting = sum(
                task.partition.inbox.waiting for task in self.by_number.values() if task.partition
            )
            self.load.backlog = max(waiting, sum(lags.values()))
            now = time.monotonic()
            if now - told >= LAG_SECONDS:
                told = now
                beat()
                lags = self._true_lags(lags)
                self._observer.lag(lags)
                self.progress.lag(now, lags)

    def _places(self) -> list[tuple[str, int]]:
        """The partitions of all topics that are here; of one that stopped a topic may be gone."""
        at_work = [n for n, task in self.by_number.items() if task.status is not Status.STOPPED]
        return [(topic, number) for number in at_work for topic in self._topology.topics]

    def _true_lags(self, lags: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        """The lags by what the brokers said apart from the fetching, where they said more."""
        found, known = dict(lags), self._ends.known
        for task in self.by_number.values():
            if task.partition is not None and task.status in (Status.OPEN, Status.OPENING):
                for topic, position in task.partition.next_offsets.items():
                    place = topic, task.number
                    if (end := known.get(place)) is not None:
                        found[place] = max(end - position, found.get(place, 0))
        return found

    def _lags(self) -> dict[tuple[str, int], int]:
        """What waits in Kafka by the newest fetches."""
        lags = {}
        for task in self.by_number.values():
            if task.partition is None or self._consumer is None:
                continue
            for topic, position in task.partition.next_offsets.items():
                lag = self._consumer.lag(TP(topic, task.number), position)
                if lag is not None:
                    lags[topic, task.number] = lag
        return lags

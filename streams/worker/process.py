"""The worker: one process that runs partition tasks until it is told to stop.

Here, and nowhere else, the engine and Faust meet; `streams/worker/run.py` adds settings, rules
and pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic

import faust
import structlog
import uvloop

from agents.feed import feed
from agents.modelling import AnyModelling
from agents.topology import C, E, S, Topology
from schemas.errors import OperatingError
from schemas.workers import WorkedBy
from streams.engine.clients import bootstrap_servers
from streams.engine.clock import WallClock
from streams.engine.comparing import Comparing
from streams.engine.doings import unwatched
from streams.engine.fitting import nobody
from streams.engine.observer import Observer
from streams.engine.permits import Permits
from streams.engine.reaching.watch import Reach
from streams.engine.routines import Beat, RoutineEnded, Routines
from streams.engine.tasks import Tasks
from streams.errors import WorkerFailed
from streams.recording.writing import Recorder
from streams.settings import Settings
from streams.worker.faust_tasks import FaustTasks
from streams.worker.malloc import give_back_early

GC_THRESHOLDS = (50_000, 50, 1_000)
CLOSE_SECONDS = 40.0  # the last commits: one deadline of a commit, and closing the producers
LEAVE_SECONDS = 15.0
REST_SECONDS = 3.0
CRASH_SECONDS = 0.2
PATIENCE_SECONDS = 15.0
COMPARING_SECONDS = 60.0
RIGHTS_SECONDS = 45.0

log = structlog.get_logger("touchline.worker")


class App(faust.App):
    """A Faust app that knows our settings and clock, for its transport."""

    touchline_settings: Settings
    touchline_clock: WallClock
    touchline_refused: Callable[[Any], None]


def faust_app(settings: Settings, clock: WallClock) -> App:
    """A Faust app on our transport, with its pages, tables and leader topic off."""
    servers = ";".join(f"touchline://{server}" for server in bootstrap_servers(settings))
    app = App(
        settings.app_id,
        broker=servers,
        store="memory://",
        web_enabled=False,
        autodiscover=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_buffer_maxsize=64,
        stream_wait_empty=True,
        broker_session_timeout=settings.kafka.session_timeout_seconds,
        broker_heartbeat_interval=settings.kafka.heartbeat_seconds,
        broker_request_timeout=max(60.0, settings.kafka.session_timeout_seconds),
        stream_recovery_delay=0.0,
        processing_guarantee="at_least_once",
    )
    app.touchline_settings, app.touchline_clock = settings, clock
    return app


class Worker(Generic[E, S, C]):
    """Runs one topology, and the task that makes the records of its modellings."""

    def __init__(
        self,
        settings: Settings,
        topology: Topology[E, S, C],
        observer: Observer,
        modellings: Sequence[AnyModelling] = (),
        recorder: Recorder | None = None,
        *,
        clock: WallClock | None = None,
        by: WorkedBy | None = None,
    ) -> None:
        self.settings = settings
        self.clock = WallClock() if clock is None else clock
        self.reach = Reach(settings, observer.reached)
        observer.on_doubt = self.reach.doubt
        self.permits = Permits(settings, observer)
        self.comparing = Comparing(settings, self.clock, observer, self.permits)
        self.app = faust_app(settings, self.clock)
        self.tasks = Tasks(
            topology,
            settings,
            observer,
            self.fail,
            modellings,
            watch=recorder.watch if recorder else unwatched,
            told=recorder.told if recorder else nobody,
            clock=self.clock,
            by=by,
            permits=self.permits,
        )
        self.app.touchline_refused = self.tasks.refused
        self.failure: BaseException | None = None
        self.routines = Routines(self.fail)
        self._stop = asyncio.Event()
        feed(self.app, topology, self.tasks.accept)
        handlers: list[tuple[Any, Any]] = [
            (self.app.on_partitions_assigned, self._assigned),
            (self.app.on_partitions_revoked, self._revoked),
            (self.app.on_before_shutdown, self._shutdown),
        ]
        for happened, handler in handlers:
            happened.connect(handler, weak=False)

    async def run(self) -> None:
        """Run until :meth:`stop`, SIGTERM or SIGINT; raises :class:`WorkerFailed`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError, NotImplementedError):
                loop.add_signal_handler(number, self.stop)
        self.routines.start("rights", self.permits.run, RIGHTS_SECONDS)
        self.routines.start("way to Kafka", self.reach.run, math.inf)
        try:
            await self._work()
        finally:
            for name in ("rights", "way to Kafka"):
                await self.routines.stop(name)
        if self.failure is not None:
            raise WorkerFailed(_told(self.failure)) from self.failure

    async def _work(self) -> None:
        if not await self._done(self.comparing.first()):
            return
        await self._done(self.app.start())
        self.routines.start("Faust", self._watch_faust, PATIENCE_SECONDS)
        self.routines.start("comparing the clock", self.comparing.run, COMPARING_SECONDS)
        try:
            await self._stop.wait()
        except Exception as error:
            log.exception("failed", what="the wait for the end")
            self.fail(error)
        finally:
            for name in ("Faust", "comparing the clock"):
                await self.routines.stop(name)
            log.info("stopping")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.tasks.close()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await self.app.stop()

    def stop(self) -> None:
        """Finish the work in hand, commit and end."""
        self._stop.set()

    def fail(self, error: BaseException) -> None:
        """End with an error: something must not go on."""
        if self.failure is None:
            self.failure = error
        self._stop.set()

    async def _done(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do this before the rest; false where it is to stop meanwhile."""
        first = asyncio.create_task(work)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait((first, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not first.done():
            first.cancel()
            await asyncio.wait((first,), timeout=LEAVE_SECONDS)
            return False
        await first
        return True

    async def _watch_faust(self, beat: Beat) -> None:
        """End the worker where Faust crashed, stopped, or lost a task without a word."""
        watched = FaustTasks()
        while not self.app.should_stop and not self.app.crashed:
            await asyncio.sleep(CRASH_SECONDS)
            beat()
            if self.tasks.at_work and (why := watched.lost(time.monotonic())) is not None:
                self.fail(RoutineEnded(why))
        self.fail(self.app.crash_reason or RoutineEnded("the Faust app stopped by itself"))
        await asyncio.Event().wait()  # until the end

    async def _assigned(self, app: Any, assigned: Any, **_: Any) -> None:
        await self.tasks.assigned(app.consumer, assigned)

    async def _revoked(self, app: Any, *_: Any, **__: Any) -> None:
        await self.tasks.revoked()

    async def _shutdown(self, app: Any, *_: Any, **__: Any) -> None:
        await self.tasks.close()


def _told(error: BaseException) -> str:
    """What an operator reads; what nobody expected is named, for its words alone may say nothing.

    Where Kafka was waited for in vain, an error may have none.
    """
    if isinstance(error, OperatingError) or (type(error) is RuntimeError and str(error)):
        return str(error)
    if isinstance(error, TimeoutError) and not str(error):
        return "Kafka did not answer in time: see the lines before; then start the worker again"
    said = f": {error}" if str(error) else ""
    return f"{type(error).__name__}{said}; the log has where"


def run_worker(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a worker's main coroutine on uvloop.

    Live state is many small objects that are in no cycle: what start-up made is frozen, and
    the collector looks seldom.
    """
    give_back_early()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main())
    finally:
        loop.run_until_complete(_end_rest())
        asyncio.set_event_loop(None)
        loop.close()


async def _end_rest() -> None:
    """Cancel what still runs, but not wait for ever: a client whose broker is gone may not end."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=REST_SECONDS)

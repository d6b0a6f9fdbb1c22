"""The follower as a child process: started, watched, started again, ended with this one."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess

import structlog

from schemas.errors import OperatingError
from streams.serve.access.ending import end, unforeseen
from streams.settings import Settings

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A follower that ran so long is no longer held against the next one."""
END_SECONDS = 10.0

_spawn = multiprocessing.get_context("spawn")
log = structlog.get_logger("touchline.serve")


class Following:
    """Keeps a follower running while entered; ``work`` is what its process does.

    ``restarts`` counts those that ended by themselves. ``why`` is how the last one ended, while
    no follower runs.
    """

    def __init__(self, settings: Settings, work: Callable[[Settings], None] | None = None) -> None:
        self._settings = settings
        self._work = follow if work is None else work
        self._process: BaseProcess | None = None
        self._begun: BaseProcess | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.restarts = 0
        self.why: str | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the follower that runs, if one does."""
        running = self._process
        return running.pid if running is not None and running.exitcode is None else None

    def begin(self) -> None:
        """Start the first one already: it takes as long to come up as whoever enters this."""
        process = self._made()
        with suppress(OSError):  # tried again, and told of, once this is entered
            process.start()
            self._process = self._begun = process

    def abandon(self) -> None:
        """End one that was begun where this was never entered."""
        process, self._begun = self._begun, None
        if process is not None:
            self._process = None
            process.terminate()
            process.join()

    async def __aenter__(self) -> Following:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await end(self._keeping)
        finally:
            await self._end()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            try:
                self.why = await self._lived()
            except Exception as error:  # no memory or no process to be had: later there may be
                self.why = f"not started: {unforeseen(error)}"
                await self._end()
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.error("the follower ended; it is started again", how=self.why, after_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _lived(self) -> str:
        """Start one, wait for its end; how it ended."""
        process, self._begun = self._begun, None
        if process is None:
            self._process = process = self._made()
            await asyncio.to_thread(process.start)
        self.why = None
        await _ended(process)
        self.restarts += 1
        return told(process.exitcode)

    def _made(self) -> BaseProcess:
        return _spawn.Process(
            target=_live,
            args=(self._work, self._settings),
            name="touchline-follower",
            daemon=True,
        )

    async def _end(self) -> None:
        """SIGTERM, some time to close its file, then SIGKILL."""
        process, self._process = self._process, None
        if process is None or process.pid is None:
            return
        process.terminate()
        await asyncio.to_thread(process.join, END_SECONDS)
        if process.exitcode is None:
            log.warning("the follower did not end in time and was killed")
            process.kill()
            await asyncio.to_thread(process.join)


def follow(settings: Settings) -> None:
    """What the child does: follow until SIGTERM."""
    from streams.readmodel.follower import follow as until_told

    until_told(settings)


def told(code: int | None) -> str:
    """How a process ended, by its exit code."""
    if code is not None and code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit status {code}"


async def _ended(process: BaseProcess) -> None:
    """Wait for its end without a thread: its sentinel becomes readable."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    sentinel = process.sentinel
    loop.add_reader(sentinel, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(sentinel)
    await asyncio.to_thread(process.join)


# -- in the child -----------------------------------------------------------------------


def _live(work: Callable[[Settings], None], settings: Settings) -> None:
    """Do the work. Ctrl-C is for the parent, who says when it is over; it is never outlived."""
    from streams.worker.logs import configure_logs

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    configure_logs(settings)
    try:
        work(settings)
    except OperatingError as error:
        log.error("the follower cannot go on", why=str(error))
        raise SystemExit(1) from None


def end_with_parent() -> None:
    """End this process as soon as its parent is gone; never returns."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # its end of a pipe closes, however it ends
        os._exit(1)

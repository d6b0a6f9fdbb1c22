"""The child processes of the demonstration, and their end in every case.

They are forked from this one before it has any thread, with all modules loaded (whoever gives the
work has imported what it needs): three processes that each load them anew would take the longest
part of the start.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from schemas.errors import OperatingError

_TAIL_LINES = 6
_LOOK_SECONDS = 0.2
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_fork = multiprocessing.get_context("fork")


class Child:
    """Work of ours in a process of its own; what it says goes to a file.

    It never outlives this process. A session of its own: Ctrl-C in the terminal must reach us
    alone, so that the order of the end is ours. To be made in the main thread before there is
    any other: it is forked, and Linux ties its life to that thread.
    """

    def __init__(
        self, name: str, work: Callable[[], None], directory: Path, *, begets: bool = False
    ) -> None:
        assert threading.active_count() == 1, "a fork would copy the locks of other threads"
        self.name = name
        self.log = directory / f"{name.replace(' ', '-')}.log"
        self.log.touch()
        theirs, self._word = _fork.Pipe(duplex=False)
        self._process = _fork.Process(
            target=_live, args=(os.getpid(), name, work, self.log, theirs), daemon=not begets
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Its process id, also after its end."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def go(self, environment: Mapping[str, str]) -> None:
        """Give the word: run with these variables over the environment."""
        try:
            self._word.send(dict(environment))
        except BrokenPipeError:
            return  # it has ended; whoever looks at `running` sees it
        self._word.close()

    def told(self) -> str:
        """How it ended, and the last lines it said."""
        code = self._process.exitcode
        how = "runs" if code is None else _ending(code)
        lines = self.log.read_text(errors="replace").strip().splitlines()[-_TAIL_LINES:]
        return "\n".join([f"{self.name} {how}", *lines])

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self.running:
            self._process.terminate()

    def wait(self, deadline: float) -> bool:
        """Wait until the monotonic time ``deadline``; whether it has ended."""
        self._process.join(max(0.0, deadline - time.monotonic()))
        return not self._process.is_alive()

    def kill(self) -> None:
        """SIGKILL, and wait for its end: no zombie stays."""
        self._process.kill()
        self._process.join()


def stop_all(children: Sequence[Child], seconds: float) -> None:
    """Ask all to stop, give them so long together, then kill."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + seconds
    for child in children:
        child.wait(deadline)
    for child in children:
        child.kill()


# -- in the child -----------------------------------------------------------------------


def _live(parent: int, name: str, work: Callable[[], None], log: Path, word: Connection) -> None:
    """Wait for the word and do the work; multiprocessing ends the process afterwards."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    _die_with(parent, name)
    with log.open("wb") as told:
        os.dup2(told.fileno(), sys.stdout.fileno())
        os.dup2(told.fileno(), sys.stderr.fileno())
    environment: dict[str, str] = word.recv()
    word.close()
    os.environ.update(environment)
    try:
        work()
    except OperatingError as error:
        print(f"touchline: {error}", file=sys.stderr)
        sys.exit(1)


def _die_with(parent: int, name: str) -> None:
    """End this process by SIGKILL when ``parent`` ends: nothing could be finished without it.

    On Linux the kernel does it; elsewhere a thread looks a few times a second.
    """
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_NAME, name.encode())
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    return f"was ended by {signal.Signals(-code).name}"

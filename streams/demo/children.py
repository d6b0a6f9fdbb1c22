"""The child processes of the demonstration, and their end in every case."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TAIL_LINES = 6


class Child:
    """One command of ours in a process of its own; what it says goes to a file.

    A session of its own: Ctrl-C in the terminal must reach us alone, so that the order of the
    end is ours. To be started from the main thread: the kernel ties it to that thread.
    """

    def __init__(self, name: str, command: str, directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name.replace(' ', '-')}.log"
        line = [sys.executable, "-m", "streams.demo.child", str(os.getpid()), command]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Its process id, also after its end."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def go(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Give the word: run with these arguments, and these variables over the environment."""
        word = {"arguments": list(arguments), "environment": dict(environment)}
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # it has ended; whoever looks at `running` sees it
            stdin.write(json.dumps(word).encode() + b"\n")
            stdin.close()

    def told(self) -> str:
        """How it ended, and the last lines it said."""
        code = self._process.returncode
        how = "runs" if code is None else _ending(code)
        lines = self.log.read_text(errors="replace").strip().splitlines()[-_TAIL_LINES:]
        return "\n".join([f"{self.name} {how}", *lines])

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self.running:
            self._process.terminate()

    def wait(self, deadline: float) -> bool:
        """Wait until the monotonic time ``deadline``; whether it has ended."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, and wait for its end: no zombie stays."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()


def stop_all(children: Sequence[Child], seconds: float) -> list[Child]:
    """Ask all to stop, give them so long together, then kill; gives those that were killed."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + seconds
    late = [child for child in children if not child.wait(deadline)]
    for child in children:
        child.kill()
    return late


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    return f"was ended by {signal.Signals(-code).name}"

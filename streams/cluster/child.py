"""A child process that never outlives us: it has a session of its own and a watchdog."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_WATCHDOG = Path(__file__).with_name("watchdog.py")


class Child:
    """A started process, its output in the file `log` (nowhere without one).

    Its session is its own: Ctrl-C in a terminal must reach us, not the broker under us. When we
    are gone first, its watchdog kills it, deletes the directory `remove` and runs `command`.
    """

    def __init__(
        self,
        line: Sequence[str],
        log: Path | None = None,
        *,
        remove: Path | None = None,
        command: Sequence[str] = (),
    ) -> None:
        with Path(log or os.devnull).open("wb") as out:
            self._process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        watch = [sys.executable, "-I", str(_WATCHDOG), str(os.getpid()), str(self._process.pid)]
        try:
            self._watchdog = subprocess.Popen(
                [*watch, str(remove or ""), *command],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int | None:
        """Process id; None when it has ended."""
        return self._process.pid if self._process.poll() is None else None

    def stop(self, seconds: float) -> bool:
        """SIGTERM, and SIGKILL after so many seconds; True when that was not needed."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._end_watchdog()
        return True

    def kill(self) -> None:
        """SIGKILL. Also right for one that has ended by itself: no zombie stays."""
        self._process.kill()
        self._process.wait()
        self._end_watchdog()

    def _end_watchdog(self) -> None:
        self._watchdog.kill()
        self._watchdog.wait()

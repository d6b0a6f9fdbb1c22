"""Workers as processes: started, killed, paused and woken; one that ends by itself is noted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Note = Callable[[str], None]
TOUCHLINE = Path(sys.executable).with_name("touchline")
STOP_SECONDS = 30.0
READY_SECONDS = 90.0
TAIL_LINES = 15
NOBODY_ANSWERED = "touchline: no Kafka answers"
"""The last word of a worker that was started while the broker was away."""
ADDRESS = re.compile(r"ready=(http://\S+)/readyz")


class Journal:
    """Writes what happened when, in seconds since the run began, into a file."""

    def __init__(self, path: Path, *, show: bool = False) -> None:
        self._path, self._began, self._show = path, time.monotonic(), show

    def __call__(self, text: str) -> None:
        line = f"{time.monotonic() - self._began:7.1f}  {text}"
        with self._path.open("a") as journal:
            journal.write(f"{line}\n")
        if self._show:
            print(line, flush=True)


class Fleet:
    """Worker processes by name, each with a log file of its own in ``logs``.

    A worker that ends without being told to is restarted, and counted in ``crashes`` unless
    there is an ``outage``: without a broker it cannot even start.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], logs: Path, note: Note
    ) -> None:
        self.crashes: list[str] = []
        self.outage = False
        self._command, self._env, self._logs, self._note = list(command), dict(env), logs, note
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._log_starts: dict[str, int] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._supervise, name="fleet", daemon=True)
        self._watch.start()

    @property
    def names(self) -> list[str]:
        """The workers that run, by name."""
        with self._lock:
            return sorted(self._running)

    def start(self, name: str, command: Sequence[str] | None = None) -> None:
        """Start a worker; ``command`` in place of the fleet's."""
        with self._lock:
            line = list(command or self._command)
            self._commands[name] = line
            with self._log(name).open("ab") as log:
                self._log_starts[name] = log.tell()
                self._running[name] = subprocess.Popen(
                    line,
                    env={**os.environ, **self._env},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone."""
        process = self._taken(name)
        process.kill()
        process.wait()

    def terminate(self, name: str) -> int:
        """SIGTERM, and wait; the exit status, or -9 when it had to be killed after 30 s."""
        process = self._taken(name)
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._note(f"{name} did not stop within {STOP_SECONDS:.0f} s")
            process.kill()
            return process.wait()

    def command_of(self, name: str) -> list[str]:
        """How a worker was started."""
        return self._commands[name]

    def pause(self, name: str) -> None:
        """SIGSTOP: alive, and not running."""
        self._running[name].send_signal(signal.SIGSTOP)

    def wake(self, name: str) -> None:
        """SIGCONT."""
        self._running[name].send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop every worker: SIGTERM, then SIGKILL."""
        self._over.set()
        self._watch.join(5)
        with self._lock:
            processes = list(self._running.values())
            self._running.clear()
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def page(self, name: str, page: str) -> str | None:
        """The worker's ``/readyz`` or ``/metrics``; ``None`` where it does not say yes."""
        with self._log(name).open("rb") as log:
            log.seek(self._log_starts[name])
            told = ADDRESS.search(log.read().decode(errors="replace"))
        if told is None:
            return None
        try:
            with urllib.request.urlopen(told[1] + page, timeout=2) as answer:
                text: str = answer.read().decode()
        except OSError:
            return None
        return text

    def counted(self, name: str, outcome: str) -> int:
        """How many events a worker counted with this outcome since it began."""
        page = self.page(name, "/metrics") or ""
        counts = re.findall(
            rf'^touchline_events_total{{.*outcome="{outcome}".*}} (\S+)$', page, re.M
        )
        return sum(int(float(count)) for count in counts)

    def wait_ready(self, name: str) -> bool:
        """Wait until the worker's partitions are open; whether they are within 90 s."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.page(name, "/readyz") is not None:
                return True
            time.sleep(0.2)
        self._note(f"{name} is not ready after {READY_SECONDS:.0f} s")
        return False

    def log_tail(self, name: str, lines: int = TAIL_LINES) -> str:
        """The last lines of a worker's log."""
        return "\n".join(self.lines(name)[-lines:])

    def lines(self, name: str) -> list[str]:
        """All lines of a worker's log."""
        path = self._log(name)
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _taken(self, name: str) -> subprocess.Popen[bytes]:
        with self._lock:
            return self._running.pop(name)

    def _supervise(self) -> None:
        while not self._over.wait(0.2):
            with self._lock:
                ended = [name for name, p in self._running.items() if p.poll() is not None]
                for name in ended:
                    status = self._running.pop(name).returncode
                    crash = f"{name} ended by itself with status {status}"
                    self._note(crash)
                    if not self.outage and NOBODY_ANSWERED not in self.log_tail(name, 1):
                        self.crashes.append(f"{crash}:\n{self.log_tail(name)}")
                    self.start(name, self._commands[name])

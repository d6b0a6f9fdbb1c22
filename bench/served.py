"""A worker and a `touchline serve` of one application, as processes with an end."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from bench.harness import BenchmarkError
from streams.serve.access.keeping import Keeping
from streams.serve.access.links import Links
from streams.serve.access.who import Scope
from streams.settings import KafkaSettings, Settings

STARTS_WITHIN_SECONDS = 180.0
ENDS_WITHIN_SECONDS = 60.0


class Process(NamedTuple):
    """One that runs: its process id and the address it serves at."""

    pid: int
    address: str


class Application:
    """What runs of an application on a broker; all of it ends with the ``with`` block."""

    def __init__(self, bootstrap: str, app_id: str, directory: Path, *, niceness: int = 0) -> None:
        self.settings = Settings(app_id=app_id, kafka=KafkaSettings(bootstrap=bootstrap))
        self._directory, self._secret = directory, secrets.token_hex(32)
        self._variables = {
            **os.environ,
            "TOUCHLINE_APP_ID": app_id,
            "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap,
            "TOUCHLINE_LOG_FORMAT": "json",
            "TOUCHLINE_SERVE__DIRECTORY": str(directory / "model"),
            "TOUCHLINE_SERVE__SECRET": self._secret,
            "TOUCHLINE_SERVE__REQUESTS_PER_SECOND": "100000",
            "TOUCHLINE_SERVE__NICENESS": str(niceness),
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Application:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in reversed(self._running):
            one.send_signal(signal.SIGTERM)
        for one in self._running:
            try:
                one.wait(ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()

    def key(self, *scopes: Scope) -> str:
        """The token of a new key for a program."""
        return asyncio.run(Keeping(self.settings).make_key("bench", scopes)).token.text

    def login_link(self, name: str) -> str:
        """Path and query that log a new person of the desk in: once."""

        async def made() -> str:
            keeping = Keeping(self.settings)
            return Links(self.settings, self._secret).made(
                await keeping.add_person(name, "desk", None)
            )

        return asyncio.run(made())

    def worker(self) -> Process:
        """Start a worker."""
        return self._start("worker", "--http-port", "0")

    def serve(self) -> Process:
        """Start serve with its follower, from whatever read model there is."""
        return self._start("serve", "--port", "0")

    def _start(self, name: str, *more: str) -> Process:
        log = self._directory / f"{name}-{len(self._running)}.log"
        command = [sys.executable, "-m", "streams.cli", name, *more]
        with log.open("wb") as told:
            process = subprocess.Popen(command, env=self._variables, stdout=told, stderr=told)
        self._running.append(process)
        while process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
                return Process(process.pid, found[0])
            time.sleep(0.02)
        raise BenchmarkError(f"{name} ended with {process.returncode}\n{log.read_text()[-2000:]}")


def ready(address: str) -> None:
    """Wait until ``/readyz`` says so. Raises ``BenchmarkError`` where that takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise BenchmarkError(f"{address} was not ready within {STARTS_WITHIN_SECONDS:.0f} s")


def counted(address: str, metric: str) -> float:
    """The sum of a metric's samples, as a process tells them now."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if re.match(rf"{metric}[{{ ]", line))


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and its children, in MB: shared pages once."""
    threads = Path(f"/proc/{pid}/task")
    children = [(thread / "children").read_text().split() for thread in threads.iterdir()]
    total = 0
    for one in {pid, *(int(child) for some in children for child in some)}:
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
    return total / 1024

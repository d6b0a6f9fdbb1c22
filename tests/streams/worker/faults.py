"""A worker process that takes faults, and what must hold after each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from itertools import count
from pathlib import Path

from streams.cluster.broker import LocalBroker
from tests.streams.running import balance, environment, got, produce, until

UNREADY_SECONDS, END_SECONDS = 10.0, 30.0
CUSTOMERS = tuple(f"c-{number}" for number in range(1, 13))
"""Of every partition some."""


class FaultyWorker:
    """One process; ``events`` numbers what was sent to all workers of its app."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self.log = process, log
        self.address = until(self._address, "the worker's pages")

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        match = re.search(r'"metrics": ?"(http://127\.0\.0\.1:\d+)/metrics"', self.log.read_text())
        return match[1] if match else None

    def asked(self, command: str) -> object:
        """What it answers to a command."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("the worker is gone")
        return json.loads(line)

    def kinds(self) -> dict[str, int]:
        """The tasks that run now, by kind."""
        found = self.asked("list")
        assert isinstance(found, dict)
        return found

    def committed(self) -> int:
        """Records that it has committed."""
        text = got(f"{self.address}/metrics")[1]
        [found] = re.findall(r"^touchline_commit_records_sum (\S+)$", text, re.MULTILINE)
        return int(float(found))

    def ready(self) -> bool:
        """By its own word; a worker that is gone is not."""
        return self.reasons() == []

    def reasons(self) -> list[str]:
        """Why it is not ready."""
        if self.process.poll() is not None:
            return ["gone"]
        try:
            return list(json.loads(got(f"{self.address}/readyz")[1])["reasons"])
        except (OSError, HTTPException):
            return ["no answer"]


class Bench:
    """A broker, an app and all that was sent to it; ``lasting`` kinds of tasks always run."""

    def __init__(
        self, broker: LocalBroker, app_id: str, folder: Path, lasting: Collection[str]
    ) -> None:
        self.lasting = lasting
        self.bootstrap, self.app_id, self.folder = broker.bootstrap, app_id, folder
        self.sent = 0
        self._logs = count(1)

    @contextmanager
    def worker(self) -> Iterator[FaultyWorker]:
        """A worker that is ready, killed at the end if it is still there."""
        variables = environment(self.app_id, self.bootstrap) | {
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": "6",
            "TOUCHLINE_KAFKA__HEARTBEAT_SECONDS": "1",
        }
        log = self.folder / f"worker-{next(self._logs)}.log"
        line = [sys.executable, "-m", "tests.streams.worker.faulty_worker"]
        pipe = subprocess.PIPE
        with log.open("w") as told:
            process = subprocess.Popen(
                line, env=variables, stdin=pipe, stdout=pipe, stderr=told, text=True
            )
        try:
            worker = FaultyWorker(process, log)
            until(worker.ready, "readiness")
            yield worker
        finally:
            process.kill()
            process.communicate()

    def send(self) -> None:
        """An event of each customer."""
        self.sent += 1
        produce(
            self.bootstrap,
            [balance(f"b-{self.sent}-{one}", one, float(self.sent)) for one in CUSTOMERS],
        )

    def outcome(
        self,
        worker: FaultyWorker,
        command: str,
        seconds: float = END_SECONDS,
        unready_seconds: float = UNREADY_SECONDS,
    ) -> str:
        """What becomes of a worker into which a fault is put: ``healed`` or ``gone``.

        Fails where it is ready for ``unready_seconds`` although what is sent is not taken, and
        where it is neither healed nor gone after so many ``seconds``.
        """
        wanted = worker.committed() + len(CUSTOMERS)
        kinds = worker.kinds().keys() & set(self.lasting)
        with suppress(OSError, EOFError):  # where it is gone before it can say so
            until(lambda: worker.asked(command) != 0, f"a task that waits, for {command}", 10.0)
        began = unready = time.monotonic()
        self.send()
        while worker.process.poll() is None:
            now, ready = time.monotonic(), worker.ready()
            try:
                missing = kinds - worker.kinds().keys()
                whole = worker.committed() >= wanted and not missing
            except (OSError, EOFError, HTTPException, ValueError):
                continue  # it has just gone
            if ready and whole:
                return "healed"
            unready = unready if ready else now
            told = f"{command}, without {missing}: {worker.log.read_text()}"
            assert now - unready < unready_seconds, f"ready, and dead: {told}"
            assert now - began < seconds, f"neither healed nor gone, {worker.reasons()}: {told}"
            time.sleep(0.2)
        assert worker.process.returncode > 0, worker.log.read_text()
        lines = worker.log.read_text().splitlines()
        why = [line for line in lines if line.startswith("touchline: ")]
        assert len(why) == 1, f"not one line why: {why} in {lines[-40:]}"
        return "gone"

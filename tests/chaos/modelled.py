"""`touchline serve` beside the run, killed as workers are: it shows state and outputs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from domain.policy import load_policy
from streams.queries import state as states
from streams.queries.standings import read_with_standings
from streams.readmodel.directory import LOCK
from streams.readmodel.reading import ReadModel
from streams.serve.access.keeping import Keeping
from streams.settings import KafkaSettings, ServeSettings, Settings
from tests.chaos.moments import SHOWN, Watch, differ

if TYPE_CHECKING:
    from tests.chaos.harness import Run

CURRENT_SECONDS = 120.0
LOOKS = 6
SERVE_EVERY = 5
SERVE = (sys.executable, "-m", "streams.cli", "serve", "--port", "0")
ADDRESS = re.compile(r'"address": ?"(http://127\.0\.0\.1:\d+)"')


class Modelled:
    """A serve of a run with its follower, both watched, while entered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        directory = run.directory / "readmodel"
        self._settings = Settings(
            app_id=run.group,
            partitions=run.partitions,
            policy=run.directory / "policy.yaml",
            kafka=KafkaSettings(bootstrap=run.kafka.bootstrap),
            serve=ServeSettings(directory=directory),
        )
        self._env = {
            **os.environ, **run.env,
            "TOUCHLINE_LOG_FORMAT": "json",
            "TOUCHLINE_SERVE__DIRECTORY": str(directory),
            "TOUCHLINE_SERVE__REQUESTS_PER_SECOND": "100000",
        }  # fmt: skip
        self._lock = directory / LOCK
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0
        self._faults = 0
        self.kills = 0
        made = asyncio.run(Keeping(self._settings).make_key("oracle", ["read"]))
        headers = {"Authorization": f"Bearer {made.token.text}"}
        self.watch = Watch(self._settings, self._address, headers)

    def __enter__(self) -> Self:
        self._start()
        self.watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._process is not None
        self.watch.end()
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """SIGKILL of the follower, if one lives: serve starts it again; at times of serve too."""
        process = self._process
        assert process is not None
        assert process.poll() is None, self._told()
        self._faults += 1
        follower = self._follower(process.pid)
        if follower is None:
            return
        if self._faults % SERVE_EVERY == 0:
            process.kill()
            process.wait()
            self._run.note("serve is killed")
            self._start()
        else:
            os.kill(follower, signal.SIGKILL)
            self._run.note("the follower is killed")
        self.kills += 1

    def go_on(self, kills: int, looks: int, seconds: float) -> None:
        """Let the load go on until there were so many kills, moments, and answers of each kind.

        After some faults no follower was up again yet, and a busy machine looks seldom.
        """
        deadline = time.monotonic() + seconds
        self.watch.eager = True
        while not self.watch.wrong and (self.kills < kills or self.watch.fewest() < looks):
            told = f"{self.kills} kills, {len(self.watch.moments)} moments, {self.watch.answers}"
            assert time.monotonic() < deadline, told
            if self.kills < kills:
                self.kill()
            time.sleep(0.5)
        self.watch.eager = False

    def differences(self) -> list[str]:
        """What it ever showed otherwise than changelog and outputs, or does once all is quiet."""
        self._wait()
        self.watch.end()
        for _ in range(LOOKS):  # a last model may still move somebody
            found = self._differences()
            if not found:
                break
            time.sleep(2)
        told = f"{self.watch.looks} looks, {dict(self.watch.answers)} answers judged"
        found = [*self.watch.wrong, *found]
        self._run.note(f"the read model: {told}; {len(found)} differences")
        return found[:SHOWN]

    def _start(self) -> None:
        self._lives += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                SERVE, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def _log(self) -> Path:
        return self._run.directory / f"serve-{self._lives}.log"

    def _told(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def _address(self) -> str | None:
        found = ADDRESS.search(self._log.read_text(errors="replace")) if self._lives else None
        return None if found is None else found[1]

    def _follower(self, parent: int) -> int | None:
        """The process id of the follower that this serve has now."""
        with suppress(OSError, ValueError):
            pid = int(self._lock.read_text())
            status = Path(f"/proc/{pid}/status").read_text()
            if re.search(rf"^PPid:\s+{parent}$", status, re.M):
                return pid
        return None

    def _wait(self) -> None:
        model, deadline = ReadModel(self._settings), time.monotonic() + CURRENT_SECONDS
        while True:
            told = model.currency()
            if len(told) == self._run.partitions and all(
                one.age_seconds < 2 and not one.behind for one in told
            ):
                return
            assert time.monotonic() < deadline, self._told()
            time.sleep(0.2)

    def _differences(self) -> list[str]:
        at = time.time_ns() // 1_000_000
        modelled = {
            one.customer_id: msgspec.json.encode(one.figures)
            for part in ReadModel(self._settings, at=at).parts()
            for one in part.customers
        }
        return differ("customer", asyncio.run(self._customers(at)), modelled)

    async def _customers(self, at: int) -> dict[str, bytes]:
        rules = load_policy(self._settings.policy)
        read = await read_with_standings(self._settings, rules, self._run.partitions, at)
        return {
            customer_id: msgspec.json.encode(one)
            async for _, found in states.customers(self._settings, read)
            for customer_id, one in found
        }

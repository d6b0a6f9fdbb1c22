"""One run of the kill test: broker, topics, workers, load, faults, and the verdict."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

from kafka.errors import CoordinatorNotAvailableError, NotCoordinatorError

from schemas.topics import ALERTS, DEAD_LETTERS, INPUT_TOPICS
from streams.cluster.broker import LocalBroker
from streams.cluster.topics import ensure_topics
from tests.chaos import oracle
from tests.chaos.faults import ONCE, SESSION_SECONDS, Fault
from tests.chaos.fleet import TOUCHLINE, Fleet, Journal, Note
from tests.chaos.load import Load, Maker, policy_yaml
from tests.chaos.oracle import Totals, Verdict

APP_ID = "chaos"
PARTITIONS = 12
PROMISE = timedelta(seconds=20)
DRAIN_SECONDS = 90.0
ROOT = Path(__file__).resolve().parents[2]
WORKER = (str(TOUCHLINE), "worker", "--http-port", "0")


class Undrained(Exception):
    """The workers did not come to the end of their input in time."""


class Run:
    """A broker with topics, a fleet of workers and a load; also a context for both."""

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 1,
        rate: float = 400.0,
        show: bool = False,
        command: Sequence[str] = WORKER,
        maker: Maker | None = None,
    ) -> None:
        self.directory, self.random = directory, Random(seed)
        self.note: Note = Journal(directory / "journal.txt", show=show)
        self.changelog = f"{APP_ID}-customers-changelog"
        self.broker = LocalBroker(directory / "kafka")
        self.broker.start()
        ensure_topics(self.broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
        (directory / "policy.yaml").write_text(policy_yaml(PROMISE.total_seconds()))
        self.fleet = Fleet(command, self.env, directory, self.note)
        self.load = Load(self.broker.bootstrap, maker or Maker(seed), rate)

    @property
    def env(self) -> Mapping[str, str]:
        """The workers' settings."""
        return {
            "TOUCHLINE_KAFKA__BOOTSTRAP": self.broker.bootstrap,
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "TOUCHLINE_APP_ID": APP_ID,
            "TOUCHLINE_PARTITIONS": str(PARTITIONS),
            "TOUCHLINE_POLICY": str(self.directory / "policy.yaml"),
            "PYTHONPATH": str(ROOT),
        }

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.load.abandon()
        self.fleet.close()
        self.broker.close()

    # -- the scenario -----------------------------------------------------------------

    def begin(self) -> None:
        """One worker, every customer known to it, then the steady load."""
        self.fleet.start("w1")
        self.load.begin()
        self.drain()
        self.note(f"{len(self.fleet.names)} worker is ready, the load begins")
        self.load.start()

    def inflict(self, faults: Sequence[Fault] = ONCE) -> None:
        """These faults, a few seconds apart."""
        for fault in faults:
            time.sleep(self.random.uniform(1, 6))
            fault(self, self.random)

    def finish(self) -> Verdict:
        """End the load, wait until all of it is through, and judge."""
        self.load.stop()
        self.note(f"the load ends after {self.load.sent} records")
        time.sleep(PROMISE.total_seconds())
        self.drain()
        verdict = asyncio.run(self._judge())
        verdict.offsets_behind = self.behind()
        self.note(verdict.summary())
        for fault in verdict.faults:
            self.note(fault)
        return verdict

    def drain(self) -> None:
        """Wait until the committed offsets are the ends; raises :class:`Undrained`."""
        began = time.monotonic()
        behind: list[str] = []
        while time.monotonic() - began < DRAIN_SECONDS:
            behind = self.behind()
            if not behind:
                self.note(f"drained after {time.monotonic() - began:.1f} s")
                return
            time.sleep(0.5)
        tails = "\n".join(f"{name}:\n{self.fleet.log_tail(name)}" for name in self.fleet.names)
        raise Undrained(f"{len(behind)} partitions behind: {'; '.join(behind[:5])}\n{tails}")

    def behind(self) -> list[str]:
        """Input partitions that are not committed to their end."""
        try:
            return oracle.offsets_behind(self.broker.bootstrap, APP_ID, INPUT_TOPICS)
        except (CoordinatorNotAvailableError, NotCoordinatorError) as error:
            return [f"not known: {error}"]

    # -- the verdict ------------------------------------------------------------------

    async def _judge(self) -> Verdict:
        bootstrap = self.broker.bootstrap
        inputs = await oracle.read_topics(bootstrap, INPUT_TOPICS)
        outputs = await oracle.read_topics(bootstrap, (ALERTS, DEAD_LETTERS))
        alerts = [json.loads(x.value or b"") for x in outputs if x.topic == ALERTS]
        letters = [json.loads(x.value or b"") for x in outputs if x.topic == DEAD_LETTERS]
        expected = oracle.expect(inputs, PROMISE)
        verdict = oracle.compare(expected, self._totals(), alerts, letters)
        return verdict

    def _totals(self) -> dict[str, Totals]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.state"],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {
            line["customer_id"]: Totals(
                line["events"],
                line["transactions"],
                line["transaction_sum"],
                int(line["event_xor"], 16),
            )
            for line in lines
        }

"""One run of the kill test: broker, topics, workers, load, faults, and the verdict."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol, Self

from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    INPUT_TOPICS,
    READ_BACK_TOPICS,
    REFERRALS,
    SEGMENT_MODEL,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.chaos import lives, oracle
from tests.chaos.alert_states import judge_alert_states
from tests.chaos.expected import Read, Totals, expect
from tests.chaos.faults import ONCE, SESSION_SECONDS, Fault
from tests.chaos.fleet import TOUCHLINE, Fleet, Journal, Note
from tests.chaos.load import Maker, policy_yaml
from tests.chaos.sending import Load
from tests.chaos.verdict import Verdict

APP_ID = "chaos"
PARTITIONS = 12
PROMISE = timedelta(seconds=20)
DRAIN_SECONDS = 120.0
LOOKS = 6
CLIENTS = ("kafka", "aiokafka")
OUTPUTS = (
    ALERTS, DEAD_LETTERS, SEGMENT_UPDATES, SEGMENT_MODEL, CUSTOMER_TRANSITIONS, SIGNALS,
    REFERRALS, ALERT_STATES,
)  # fmt: skip
SLOW = re.compile(r"merged without a slow topic +partition=(\d+)")
ROOT = Path(__file__).resolve().parents[2]


class Undrained(Exception):
    """The workers did not come to the end of their input in time."""


class Kafka(Protocol):
    """What a run works on: one broker, several, or one behind something."""

    @property
    def bootstrap(self) -> str: ...

    def close(self) -> None: ...


class Run:
    """A broker with topics, a fleet of workers and a load; entered, and closed at its end."""

    group = APP_ID
    partitions = PARTITIONS
    copies = 1
    in_step = 1
    topics: tuple[str, ...] = INPUT_TOPICS
    read_back: tuple[str, ...] = READ_BACK_TOPICS

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 1,
        rate: float = 400.0,
        promise: timedelta = PROMISE,
        show: bool = False,
    ) -> None:
        self.directory, self.random, self.promise = directory, Random(seed), promise
        # Their warnings while the broker is away are as many as they are expected.
        for name in CLIENTS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.note: Note = Journal(directory / "journal.txt", show=show)
        self.changelog = f"{APP_ID}-customers-changelog"
        self.kafka = self.open_kafka()
        wanted = self.partitions, self.copies, self.in_step
        ensure_topics(self.kafka.bootstrap, APP_ID, *wanted).raise_if_wrong()
        (directory / "policy.yaml").write_text(policy_yaml(promise.total_seconds()))
        self.fleet = Fleet(self.command(), self.env, directory, self.note)
        self.load = Load(self.kafka.bootstrap, self.maker(seed), rate)

    def open_kafka(self) -> Kafka:
        """Start what the run works on."""
        broker = LocalBroker(self.directory / "kafka")
        broker.start()
        return broker

    @property
    def broker(self) -> LocalBroker:
        """The one broker, where there is one."""
        assert isinstance(self.kafka, LocalBroker)
        return self.kafka

    @property
    def workers_bootstrap(self) -> str:
        """Where the workers find Kafka."""
        return self.kafka.bootstrap

    @property
    def settle_seconds(self) -> float:
        """How long after the last record something more must come: a promise may be broken."""
        return self.promise.total_seconds()

    def command(self) -> list[str]:
        """How a worker is started."""
        return [str(TOUCHLINE), "worker", "--http-port", "0"]

    def maker(self, seed: int) -> Maker:
        """What makes the load."""
        return Maker(seed)

    @property
    def env(self) -> Mapping[str, str]:
        """The workers' settings."""
        return {
            "TOUCHLINE_KAFKA__BOOTSTRAP": self.workers_bootstrap,
            "TOUCHLINE_KAFKA__REPLICATION": str(self.copies),
            "TOUCHLINE_KAFKA__MIN_INSYNC_REPLICAS": str(self.in_step),
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "TOUCHLINE_APP_ID": APP_ID,
            "TOUCHLINE_PARTITIONS": str(self.partitions),
            "TOUCHLINE_POLICY": str(self.directory / "policy.yaml"),
            "PYTHONPATH": str(ROOT),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.load.abandon()
        self.fleet.close()
        self.kafka.close()
        for name in CLIENTS:
            logging.getLogger(name).setLevel(logging.NOTSET)

    # -- the scenario -----------------------------------------------------------------

    def begin(self, workers: int = 1) -> None:
        """Workers, every customer known to them, then the steady load."""
        for number in range(1, workers + 1):
            self.fleet.start(f"w{number}")
        self.load.begin()
        self.drain()
        self.note("the load begins")
        self.load.start()

    def inflict(self, faults: Sequence[Fault] = ONCE) -> None:
        """These faults, a few seconds apart."""
        for fault in faults:
            time.sleep(self.random.uniform(1, 6))
            fault(self, self.random)

    def finish(self) -> Verdict:
        """Let the load go on for some seconds, end it, wait until it is through, and judge."""
        time.sleep(5)
        self.load.stop()
        self.note(f"the load ends after {self.load.sent} records")
        time.sleep(self.settle_seconds)
        self.drain()
        counted = sum(self.fleet.counted(name, "erased") for name in self.fleet.names)
        verdict = asyncio.run(self.judge())
        verdict.counted_erased = counted
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
        """Partitions that are read and not committed to their end."""
        topics = (*self.topics, *self.read_back)
        return oracle.offsets_behind(self.kafka.bootstrap, self.group, topics)

    # -- the verdict ------------------------------------------------------------------

    async def judge(self) -> Verdict:
        """What came out against what went in."""
        inputs = await oracle.read_topics(self.kafka.bootstrap, self.topics)
        states, outputs = await self._ended()
        of_alerts = [one for one in outputs if one.topic == ALERT_STATES]
        told: dict[str, list[Any]] = {topic: [] for topic in OUTPUTS}
        for one in outputs:
            if one.topic != ALERT_STATES:  # of those some have no value
                told[one.topic].append(json.loads(one.value or b""))
        expected = expect(inputs, self.promise, self._slow_partitions())
        totals = totals_of(states)
        verdict = oracle.compare(expected, totals, told[ALERTS], told[DEAD_LETTERS])
        segment_of = {state["customer_id"]: state["segment"] for state in states}
        oracle.judge_segments(verdict, told[SEGMENT_UPDATES], told[SEGMENT_MODEL], segment_of)
        lives.judge_money(verdict, expected, states)
        lives.judge_ends(verdict, expected, told[CUSTOMER_TRANSITIONS])
        oracle.judge_transitions(verdict, told[CUSTOMER_TRANSITIONS], states, expected.people)
        oracle.judge_signals(verdict, expected, told[SIGNALS])
        lives.judge_referrals(verdict, expected, told[REFERRALS], states)
        judge_alert_states(verdict, expected, inputs, told[ALERTS], of_alerts)
        return verdict

    async def _ended(self) -> tuple[list[dict[str, Any]], list[Read]]:
        """State and outputs of the same moment: a last model may still move somebody."""
        before: list[Read] = []
        for _ in range(LOOKS):
            states = told_states(self.env)
            outputs = await oracle.read_topics(self.kafka.bootstrap, OUTPUTS)
            if len(outputs) == len(before):
                break
            before = outputs
        return states, outputs

    def _slow_partitions(self) -> set[int]:
        """Where a worker waited long enough for a topic, and said that it waits no more."""
        logs = [path.read_text(errors="replace") for path in self.directory.glob("*.log")]
        return {int(number) for log in logs for number in SLOW.findall(log)}


def told_states(env: Mapping[str, str]) -> list[dict[str, Any]]:
    """The product's figures of all customers, as its own command tells them."""
    done = subprocess.run(
        [str(TOUCHLINE), "state", "--all", "--json"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def totals_of(states: list[dict[str, Any]]) -> dict[str, Totals]:
    """What the state holds of each customer."""
    return {
        state["customer_id"]: Totals(
            state["events"],
            state["transactions"],
            state["transaction_sum"],
            int(state["event_xor"], 16),
        )
        for state in states
    }

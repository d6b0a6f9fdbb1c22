"""Opening partitions on a secured broker beside plain text: one broker, listeners side by side.

A worker is started over a changelog of few records: from its assignment to the last of its
partitions open. A second one joins, and the first is ended by SIGTERM: until it is gone, and until
the second has everything open. Target: SASL_SSL with SCRAM-SHA-512, and mutual TLS, take at most
twice the time of plain text, by medians.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from bench.harness import BenchmarkError, machine_info, run_process, versions
from bench.report import Cell, print_table, write_results
from tests.streams.secure.broker import secure_broker
from tests.streams.secure.certificates import Authority

TARGET = 2.0
USER, PASSWORD = "touchline", "password"
WAIT_SECONDS = 120.0
EVENTS = 25
ASSIGNED, OPEN = "assigned", "partition open"

Variables = Mapping[str, str]


class Worker:
    """A worker process, and what its log tells."""

    def __init__(self, variables: Variables, log: Path) -> None:
        line = [sys.executable, "-m", "streams.cli", "worker", "--http-port", "0"]
        self._log = log
        with log.open("wb") as told:
            self.process = subprocess.Popen(
                line, env={**os.environ, **variables}, stdout=told, stderr=told
            )

    def times(self, event: str) -> list[float]:
        """When it said so, in s."""
        lines = self._log.read_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [
            datetime.fromisoformat(each["timestamp"]).timestamp()
            for each in told
            if each.get("event") == event
        ]

    def until(self, done: Callable[[], bool]) -> None:
        """Wait for it; raises :class:`BenchmarkError` with the end of the log."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise BenchmarkError(f"the worker does not come to it\n{self._log.read_text()}")
            time.sleep(0.05)

    def terminate(self) -> float:
        """Tell it to end; when, in s."""
        self.process.send_signal(signal.SIGTERM)
        return time.time()


@contextmanager
def worker(variables: Variables, log: Path) -> Iterator[Worker]:
    """A worker that is gone at the end."""
    started = Worker(variables, log)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


@contextmanager
def listeners(directory: Path, partitions: int) -> Iterator[dict[str, Variables]]:
    """A broker; the variables of a worker by the way that it is let in."""
    authority = Authority(directory)
    broker, ports = secure_broker(authority, {})
    signed = authority.sign("worker")
    trusted = {"SSL_CAFILE": str(authority.certificate)}
    with broker:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            made = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)
            admin.alter_user_scram_credentials([made])
        ways = {
            "plain text": {"BOOTSTRAP": broker.bootstrap},
            "SASL_SSL, SCRAM-SHA-512": {
                **trusted,
                "BOOTSTRAP": f"127.0.0.1:{ports.password}",
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_MECHANISM": "SCRAM-SHA-512",
                "SASL_USERNAME": USER,
                "SASL_PASSWORD": PASSWORD,
            },
            "mutual TLS": {
                **trusted,
                "BOOTSTRAP": f"127.0.0.1:{ports.certificate}",
                "SECURITY_PROTOCOL": "SSL",
                "SSL_CERTFILE": str(signed.certificate),
                "SSL_KEYFILE": str(signed.key),
            },
        }
        yield {
            way: {
                **{f"TOUCHLINE_KAFKA__{name}": value for name, value in given.items()},
                "TOUCHLINE_APP_ID": f"opening-{number}",
                "TOUCHLINE_PARTITIONS": str(partitions),
                "TOUCHLINE_LOG_FORMAT": "json",
            }
            for number, (way, given) in enumerate(ways.items())
        }


def fill(variables: Variables, partitions: int) -> None:
    """Topics, and events for about ``EVENTS`` customers a partition."""
    events = str(EVENTS * partitions)
    commands = [["topics"], ["simulate", "--customers", events, "--records", events]]
    for words in commands:
        line = [sys.executable, "-m", "streams.cli", *words]
        finished = run_process(line, WAIT_SECONDS, variables)
        if finished.status:
            raise BenchmarkError(finished.stdout + finished.stderr)


def measure(variables: Variables, directory: Path, partitions: int) -> dict[str, float]:
    """One round, in s."""
    with ExitStack() as stack:
        first = stack.enter_context(worker(variables, directory / "first"))
        first.until(lambda: len(first.times(OPEN)) >= partitions)
        opened = first.times(OPEN)[partitions - 1] - first.times(ASSIGNED)[0]
        time.sleep(1.0)
        second = stack.enter_context(worker(variables, directory / "second"))
        half = partitions // 2
        second.until(lambda: len(second.times(OPEN)) >= half)
        time.sleep(1.0)
        before = len(second.times(ASSIGNED))
        ended = first.terminate()
        first.process.wait(WAIT_SECONDS)
        gone = time.time() - ended
        second.until(lambda: len(second.times(OPEN)) >= partitions)
        taken = second.times(OPEN)[partitions - 1]
        assigned = second.times(ASSIGNED)[before]
        second.terminate()
        second.process.wait(WAIT_SECONDS)
        return {
            "open": opened,
            "gone": gone,
            "taken over": taken - ended,
            "opened of it": taken - assigned,
        }


def main() -> int:
    """Measure, print and write; exit status 1 above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with listeners(directory, given.partitions) as ways:
            for variables in ways.values():
                fill(variables, given.partitions)
            for number in range(given.rounds + 1):
                for way, variables in ways.items():
                    run = measure(variables, directory, given.partitions)
                    print(number, way, {k: round(v, 3) for k, v in run.items()}, flush=True)
                    if number:  # in the first round everything is applied, and the broker warms up
                        runs.setdefault(way, []).append(run)
    plain = runs["plain text"]
    columns = list(plain[0])
    middle = {way: {c: median(run[c] for run in of) for c in columns} for way, of in runs.items()}
    rows: list[list[Cell]] = [
        [way, *(of[column] for column in columns)] for way, of in middle.items()
    ]
    print_table("seconds", ["way", *columns], rows)
    found = {
        way: {c: round(of[c] / middle["plain text"][c], 3) for c in columns}
        for way, of in middle.items()
        if way != "plain text"
    }
    print_table(
        f"times plain text (target {TARGET:g})",
        ["way", *columns],
        [[way, *of.values()] for way, of in found.items()],
    )
    figures: dict[str, Any] = {"machine": machine_info(), "versions": versions("aiokafka")}
    write_results("opening", {**figures, "runs": runs, "ratios": found})
    return 0 if all(value <= TARGET for of in found.values() for value in of.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

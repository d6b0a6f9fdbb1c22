"""A bank as it runs, small: broker, one worker, `touchline serve` with its follower."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from schemas.topics import ALERT_STATES
from streams.cluster.broker import LocalBroker
from tests.streams.running import PARTITIONS, Record, balance, environment, produce, until

TOUCHLINE = (sys.executable, "-m", "streams.cli")
APP = "town"


class Town:
    """Its parts may be killed and started again; logs are in ``directory``."""

    def __init__(self, broker: LocalBroker, directory: Path) -> None:
        self.broker, self.directory = broker, directory
        self.variables = {
            **environment(APP, broker.bootstrap),
            "TOUCHLINE_SERVE__DIRECTORY": str(directory / "model"),
            "TOUCHLINE_SERVE__SECRET": secrets.token_hex(32),
        }
        (directory / "model").mkdir(mode=0o700)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._events = 0

    # -- its processes -------------------------------------------------------------------

    def start(self, name: str) -> None:
        """``worker`` or ``serve``."""
        more = {"worker": ("--http-port", "0"), "serve": ("--port", str(self.port))}[name]
        with (self.directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*TOUCHLINE, name, *more], env=self.variables, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        """At once: SIGKILL."""
        self._processes[name].kill()
        self._processes.pop(name).wait()

    def stop(self) -> None:
        """End all that runs, well."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        ended = {name: process.wait(60) for name, process in self._processes.items()}
        self._processes.clear()
        assert all(status == 0 for status in ended.values()), (ended, self.told())

    def end(self) -> None:
        """End what still runs, however."""
        for name in list(self._processes):
            self.kill(name)

    def told(self) -> str:
        """The ends of the logs."""
        return "\n".join(path.read_text()[-3000:] for path in self.directory.glob("*.log"))

    def ready(self) -> None:
        """Wait until serve is."""

        def asked() -> bool:
            assert all(process.poll() is None for process in self._processes.values()), self.told()
            try:
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        try:
            until(asked, "touchline serve to be ready", 150)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.told()}") from None

    def run(self, *command: str, given: str = "") -> str:
        """What a command prints."""
        ran = subprocess.run(
            [*TOUCHLINE, *command],
            env=self.variables,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def person(self, name: str, password: str, owner: str | None = None) -> None:
        """Let somebody come in to the desk; with an owner's name, to see that one's customers."""
        code = (
            "import asyncio, sys; from streams.settings import load_settings\n"
            "from streams.serve.access.keeping import Keeping\n"
            "asyncio.run(Keeping(load_settings()).add_person(\n"
            "sys.argv[1], 'desk', sys.argv[2], owner_id=sys.argv[3] or None))"
        )
        subprocess.run(
            [sys.executable, "-c", code, name, password, owner or ""],
            env=self.variables,
            check=True,
        )

    # -- what happens --------------------------------------------------------------------

    def say(self, *records: Record) -> None:
        """Let these events happen."""
        produce(self.broker.bootstrap, records)

    def vips(self, customers: Iterable[str], after: float = 500_000.0, **fields: object) -> None:
        """Let these become VIPs: an alert each, of priority 2."""
        self._events += 1
        self.say(
            *(balance(f"v{self._events}-{one}"[:64], one, after, **fields) for one in customers)
        )

    def states(self) -> dict[str, dict[str, Any]]:
        """The newest state of every alert that Kafka has, committed, by customer and kind."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, isolation_level="read_committed"
        )
        try:
            places = [TopicPartition(ALERT_STATES, n) for n in range(PARTITIONS)]
            consumer.assign(places)
            consumer.seek_to_beginning()
            ends = consumer.end_offsets(places)
            found: dict[str, dict[str, Any]] = {}
            deadline = time.monotonic() + 30
            while any(consumer.position(place) < ends[place] for place in places):
                assert time.monotonic() < deadline
                for records in consumer.poll(timeout_ms=200).values():
                    for record in records:
                        if record.value is not None:
                            state = json.loads(record.value)
                            found[state["alert_id"]] = state
            return found
        finally:
            consumer.close()

    @contextmanager
    def commits(self) -> Iterator[Callable[[str], dict[str, float]]]:
        """Gives a question: when (ms since 1970) a customer's alert was first there, committed."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, isolation_level="read_committed",
            fetch_max_wait_ms=5,
        )  # fmt: skip
        places = [TopicPartition(ALERT_STATES, n) for n in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_end()
        for place in places:
            consumer.position(place)

        def when(customer: str) -> dict[str, float]:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                polled = consumer.poll(timeout_ms=100)
                now = time.time() * 1000
                for record in (one for some in polled.values() for one in some):
                    state = json.loads(record.value)
                    if state["customer_id"] == customer:
                        return {state["alert_id"]: now}
            raise AssertionError(f"no alert of {customer}")

        try:
            yield when
        finally:
            consumer.close()

    def alerts_of(self, customer: str) -> list[dict[str, Any]]:
        """The states of one customer's alerts."""
        return [one for one in self.states().values() if one["customer_id"] == customer]

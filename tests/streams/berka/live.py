"""A live run over a file of events on the event clock, and what then lies in Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics

APP = "touchline"
INPUTS = ("touchpoints.profiles", "touchpoints.transactions")
OUTPUTS = (
    "alerts", "customer-transitions", "care-tasks", "signals", "segment-updates", "dead-letters",
)  # fmt: skip
TOUCHLINE = [sys.executable, "-m", "streams.cli"]
DONE_SECONDS = 240
QUIET_SECONDS = 5.0
"""Snapshots go out each two seconds, and a model of them is made each second."""


class Run(NamedTuple):
    """What came out: the customers' final figures, and each topic's values.

    Those of a customer are in their order; of one partition, all are. ``standings`` are the newest.
    """

    customers: list[dict[str, Any]]
    outputs: dict[str, list[bytes]]
    standings: dict[str, Any]

    def by_customer(self, topic: str) -> dict[str, list[bytes]]:
        """The values of a topic by customer, in order."""
        found = defaultdict(list)
        for value in self.outputs[topic]:
            found[msgspec.json.decode(value).get("customer_id", "")].append(value)
        return dict(found)


def run_live(
    broker: LocalBroker,
    events: Path,
    *,
    workers: int,
    partitions: int,
    drawn: Callable[[dict[str, Any]], bool] = lambda standings: True,
) -> Run:
    """Let so many workers take ``events`` from an empty broker until nothing is left to read.

    And until the standings are ``drawn``: a busy machine makes few of them.
    """
    bootstrap = broker.bootstrap
    ensure_topics(bootstrap, APP, partitions).raise_if_wrong()
    env = {
        **os.environ,
        "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap,
        "TOUCHLINE_CLOCK": "event",
        "TOUCHLINE_APP_ID": APP,
        "TOUCHLINE_PARTITIONS": str(partitions),
    }
    with _workers(env, workers):
        touchline(env, "produce", str(events))
        deadline = time.monotonic() + DONE_SECONDS
        while (left := _lag(bootstrap, partitions)) != 0:
            assert time.monotonic() < deadline, f"lag is still {left}"
            time.sleep(0.5)
        standings = _settled(lambda: _newest(bootstrap), drawn)
    told = touchline(env, "state", "--all", "--json").splitlines()
    customers = [msgspec.json.decode(line) for line in told]
    outputs = {topic: _committed(bootstrap, topic) for topic in OUTPUTS}
    return Run(customers, outputs, standings)


def run_replay(events: Path, out: Path, partitions: int) -> Run:
    """The same without a broker."""
    env = {**os.environ, "TOUCHLINE_PARTITIONS": str(partitions)}
    touchline(env, "replay", str(events), "--out", str(out))
    customers = (out / "customers.jsonl").read_bytes().splitlines()
    outputs = {topic: (out / f"{topic}.jsonl").read_bytes().splitlines() for topic in OUTPUTS}
    standings = msgspec.json.decode((out / "standings.json").read_bytes())
    return Run([msgspec.json.decode(line) for line in customers], outputs, standings)


def import_berka(directory: Path, events: Path) -> None:
    """The bank's files as a file of events."""
    events.write_text(touchline(dict(os.environ), "import", "berka", str(directory)))


def touchline(env: dict[str, str], *arguments: str) -> str:
    """Run the command; what it printed."""
    done = subprocess.run(
        [*TOUCHLINE, *arguments], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextmanager
def _workers(env: dict[str, str], count: int) -> Iterator[None]:
    command = [*TOUCHLINE, "worker", "--http-port", "0"]
    running = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        ended = [process.communicate(timeout=40)[1] for process in running]
    for process, log in zip(running, ended, strict=True):
        assert process.returncode == 0, log.decode()[-2000:]


def _lag(bootstrap: str, partitions: int) -> int | None:
    """Records the group has not committed yet; None while some partition is unknown."""
    tps = [TopicPartition(topic, number) for topic in INPUTS for number in range(partitions)]
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    with closing(admin), closing(consumer):
        try:
            committed = admin.list_group_offsets({APP: tps})[APP]
        except KafkaError as error:
            if not error.retriable:
                raise
            return None  # the group's own topic is still being made, or read
        ends = consumer.end_offsets(tps)
        found = {tp: committed[tp].offset for tp in tps if tp in committed}
        if len(found) < len(tps):
            return None
        return int(sum(ends[tp] - found[tp] for tp in tps))


def _settled(
    look: Callable[[], dict[str, Any] | None], drawn: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """What ``look`` gives once it has given the same for longer than a model takes to be made."""
    found, began = look(), time.monotonic()
    since = began
    while found is None or not drawn(found) or time.monotonic() - since < QUIET_SECONDS:
        assert time.monotonic() - began < DONE_SECONDS, found
        time.sleep(0.5)
        before, found = found, look()
        since = since if before == found else time.monotonic()
    return found


def _newest(bootstrap: str) -> dict[str, Any] | None:
    """The newest standings."""
    records = [msgspec.json.decode(value) for value in _committed(bootstrap, "portfolio")]
    return next((one for one in reversed(records) if "standings_id" in one), None)


def _committed(bootstrap: str, topic: str) -> list[bytes]:
    """The values of a topic, each partition's in its order; a customer's lie in one of them."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
    )
    values: list[bytes] = []
    place: dict[bytes, int] = {}
    with closing(consumer):
        tps = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(tps)
        consumer.seek_to_beginning(*tps)
        ends = consumer.end_offsets(tps)
        while any(consumer.position(tp) < ends[tp] for tp in tps):
            for tp, records in consumer.poll(timeout_ms=1000).items():
                for record in records:
                    assert place.setdefault(record.key, tp.partition) == tp.partition
                    values.append(record.value)
    return values

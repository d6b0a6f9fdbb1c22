"""A real bank's year through Kafka: two workers, an independent calculation, and replay.

The calculation below reads the bank's own files with the csv module and shares no code with
the product; money is counted in hundredths of a koruna.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.errors import CoordinatorNotAvailableError, NotCoordinatorError
from kafka.partitioner import murmur2

from streams.cluster.broker import LocalBroker
from streams.cluster.topics import ensure_topics

LINES = (100_000, 200_000, 300_000, 8_000_000)
TIERS = ("standard", "prospect", "key", "vip", "private")
RATE = 3
PARTITIONS = 12
TOUCHLINE = [sys.executable, "-m", "streams.cli"]
DONE_SECONDS = 240


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


class Known:
    """What the files say of one owner."""

    def __init__(self) -> None:
        self.count = 0
        self.balance_of: dict[str, int] = {}
        self.totals: list[tuple[datetime, int]] = []

    def tier(self, now: datetime) -> str:
        """The highest balance in force within the last 30 days decides."""
        since = now - timedelta(days=30)
        best = 0
        for (_, total), (ends, _) in zip(
            self.totals, [*self.totals[1:], (now + timedelta(1), 0)], strict=True
        ):
            if ends > since:
                best = max(best, total)
        return TIERS[sum(best * RATE >= line * 100 for line in LINES)]


def independent(directory: Path) -> tuple[dict[str, Known], dict[int, datetime]]:
    """Per owner what the files say, and per partition the time of its last event."""
    owner = {
        row["account_id"]: f"berka-{row['client_id']}"
        for row in rows(directory / "disp.asc")
        if row["type"] == "OWNER"
    }
    known: defaultdict[str, Known] = defaultdict(Known)
    last: dict[int, datetime] = {}
    of_day: defaultdict[str, int] = defaultdict(int)
    for row in rows(directory / "trans.asc"):
        day, customer = row["date"], owner[row["account_id"]]
        at = datetime(1900 + int(day[:2]), int(day[2:4]), int(day[4:]), tzinfo=UTC)
        at += timedelta(milliseconds=of_day[day])
        of_day[day] += 1
        one = known[customer]
        one.count += 1
        one.balance_of[row["account_id"]] = round(float(row["balance"]) * 100)
        one.totals.append((at, sum(one.balance_of.values())))
        place = (murmur2(customer.encode()) & 0x7FFFFFFF) % PARTITIONS
        last[place] = max(at, last.get(place, at))
    return known, last


@contextmanager
def workers(env: dict[str, str], count: int) -> Iterator[None]:
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


def lag(bootstrap: str) -> int | None:
    """Records the group has not committed yet; None while some partition is unknown."""
    from kafka import KafkaConsumer, TopicPartition

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        tps = [
            TopicPartition(topic, number)
            for topic in ("touchpoints.profiles", "touchpoints.transactions")
            for number in range(PARTITIONS)
        ]
        try:
            committed = admin.list_group_offsets({"touchline": tps})["touchline"]
        except (CoordinatorNotAvailableError, NotCoordinatorError):
            return None  # the group's own topic is still being made
        ends = consumer.end_offsets(tps)
        found = {tp: committed[tp].offset for tp in tps if tp in committed}
        if len(found) < len(tps):
            return None
        return int(sum(ends[tp] - found[tp] for tp in tps))
    finally:
        consumer.close()
        admin.close()


def touchline(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [*TOUCHLINE, *arguments], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(600)
def test_two_workers_end_in_the_files_own_figures_and_in_what_replay_gives(
    shared: Path, tmp_path: Path, module_broker: LocalBroker
) -> None:
    berka = shared / "data" / "berka"
    bootstrap = module_broker.bootstrap
    ensure_topics(bootstrap, "touchline", PARTITIONS).raise_if_wrong()
    env = {
        **os.environ,
        "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap,
        "TOUCHLINE_CLOCK": "event",
        "TOUCHLINE_APP_ID": "touchline",
    }
    events = tmp_path / "berka.jsonl"
    events.write_text(touchline(env, "import", "berka", str(berka)))
    with workers(env, 2):
        touchline(env, "produce", str(events))
        deadline = time.monotonic() + DONE_SECONDS
        while lag(bootstrap) != 0:
            assert time.monotonic() < deadline, f"lag is still {lag(bootstrap)}"
            time.sleep(1.0)
        time.sleep(1.0)
    live = [json.loads(line) for line in touchline(env, "state", "--all", "--json").splitlines()]
    _agrees_with_the_files(live, *independent(berka))
    touchline(env, "replay", str(events), "--out", str(tmp_path / "out"))
    replayed = (tmp_path / "out" / "customers.jsonl").read_text().splitlines()
    differing = [
        {key: (one[key], other[key]) for key in one if one[key] != other[key]}
        for one, line in zip(live, replayed, strict=True)
        if (other := json.loads(line)) != one
    ]
    assert differing == []


def _agrees_with_the_files(
    live: list[dict[str, Any]], known: dict[str, Known], last: dict[int, datetime]
) -> None:
    by_id = {state["customer_id"]: state for state in live}
    assert sum(one.count for one in known.values()) == 49_102
    assert {name for name, state in by_id.items() if state["transactions"]} == set(known)
    tiers: defaultdict[str, int] = defaultdict(int)
    for name, one in known.items():
        state = by_id[name]
        place = (murmur2(name.encode()) & 0x7FFFFFFF) % PARTITIONS
        assert state["transactions"] == one.count
        assert round(state["balance"] * 100) == RATE * sum(one.balance_of.values())
        assert state["tier"] == one.tier(last[place]), (name, one.totals[-3:])
        tiers[state["tier"]] += 1
    assert min(tiers[name] for name in ("standard", "prospect", "key", "vip")) > 20

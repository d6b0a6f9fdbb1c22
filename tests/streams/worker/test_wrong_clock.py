"""Workers of machines whose wall clocks are wrong: nothing is refused, no promise told broken."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.topics import ALERTS, DEAD_LETTERS
from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.chaos.oracle import read_topics
from tests.streams.running import (
    PARTITIONS,
    Record,
    balance,
    environment,
    event,
    got,
    produce,
    until,
)

pytestmark = pytest.mark.long

CUSTOMERS = 300
TIERS = "{standard: 1, prospect: 1, key: 1, vip: 1, private: 1}"
POLICY = f"complaints: {{acknowledge_hours: {TIERS}}}\n"
"""An hour: less than the clock of one worker is ahead."""


@contextmanager
def worker(ahead: Path, variables: dict[str, str], log: Path) -> Iterator[str]:
    """A worker whose clock is as far ahead as the file says; the address of its pages."""
    line = [sys.executable, "-m", "tests.streams.worker.wrong_clock", str(ahead)]
    with log.open("wb") as told:
        process = subprocess.Popen(line, env=variables, stdout=told, stderr=told)

    def found() -> str | None:
        assert process.poll() is None, log.read_text()
        match = re.search(r'"metrics": ?"(http://127\.0\.0\.1:\d+)/metrics"', log.read_text())
        return match[1] if match else None

    try:
        yield until(found, "the worker's pages")
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    assert status == 0, log.read_text()


def offset_of(address: str) -> float | None:
    """How far the worker says its clock is ahead; None before it knows."""
    for line in got(f"{address}/metrics")[1].splitlines():
        name, _, value = line.partition(" ")
        if name == "touchline_clock_offset_seconds" and value != "NaN":
            return float(value)
    return None


def reasons(address: str) -> tuple[int, list[str]]:
    """Status and reasons of readiness."""
    status, text = got(f"{address}/readyz")
    return status, json.loads(text)["reasons"]


def events() -> list[Record]:
    """Of each customer what it did just now, and of some a complaint that is promised an answer."""
    found = [balance(f"b-{n}", f"c-{n}", 100.0 * n) for n in range(CUSTOMERS)]
    found += [
        event(
            f"k-{n}", f"c-{n}", "complaint", complaint_id=f"complaint-{n}", status="opened",
            severity=2, factor="service", category="fees",
        )
        for n in range(20)
    ]  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("seconds", "which"), [(-600.0, "600 s behind"), (7_200.0, "7,200 s ahead of")]
)
def test_a_wrong_clock_is_told_and_refuses_and_breaks_nothing(
    fresh_broker: LocalBroker, tmp_path: Path, seconds: float, which: str
) -> None:
    app_id, bootstrap = "wrong-clock", fresh_broker.bootstrap
    ensure_topics(bootstrap, app_id, PARTITIONS).raise_if_wrong()
    ahead, log, policy = tmp_path / "ahead", tmp_path / "worker.log", tmp_path / "policy.yaml"
    ahead.write_text(str(seconds))
    policy.write_text(POLICY)
    variables = environment(app_id, bootstrap) | {"TOUCHLINE_POLICY": str(policy)}
    sent = events()
    with worker(ahead, variables, log) as address:
        until(lambda: '"open": [0, 1, 2]' in got(f"{address}/readyz")[1] or None, "the partitions")
        offset = offset_of(address)
        assert offset is not None
        assert abs(offset - seconds) < 1.0
        status, why = reasons(address)
        assert status == 503
        assert why == [
            f"this machine's clock is {which} the brokers': set it right (NTP, chrony); until "
            f"then the brokers' time is gone by"
        ]
        produce(bootstrap, sent)
        wanted = f"touchline_commit_records_sum {float(len(sent))}"
        until(lambda: wanted in got(f"{address}/metrics")[1].splitlines() or None, wanted)
        # some seconds in which a worker that goes by its own clock moves on by two hours
        until(lambda: '"lag_records": 0' in got(f"{address}/readyz")[1] or None, "no lag")

        ahead.write_text("0")  # somebody sets it right
        until(lambda: got(f"{address}/readyz")[0] == 200 or None, "readiness")
        offset = offset_of(address)
        assert offset is not None
        assert abs(offset) < 1.0
        produce(bootstrap, [balance("last", "c-1", 1.0)])
        wanted = f"touchline_commit_records_sum {float(len(sent) + 1)}"
        until(lambda: wanted in got(f"{address}/metrics")[1].splitlines() or None, wanted)

        ahead.write_text(str(seconds))  # and wrong again, under the worker's feet
        until(lambda: got(f"{address}/readyz")[0] == 503 or None, "no readiness")
        produce(bootstrap, [balance("very-last", "c-2", 1.0)])
        wanted = f"touchline_commit_records_sum {float(len(sent) + 2)}"
        until(lambda: wanted in got(f"{address}/metrics")[1].splitlines() or None, wanted)
        ahead.write_text("0")
        until(lambda: got(f"{address}/readyz")[0] == 200 or None, "readiness")

    text = log.read_text()
    assert "this machine's clock differs from the brokers'" in text
    assert "this machine's clock is right again" in text
    assert "commit failed" not in text
    assert asyncio.run(read_topics(bootstrap, [DEAD_LETTERS])) == []
    alerts = asyncio.run(read_topics(bootstrap, [ALERTS]))
    assert "complaint_escalated" not in {json.loads(one.value or b"")["kind"] for one in alerts}

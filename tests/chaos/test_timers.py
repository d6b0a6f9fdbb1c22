"""A promise is judged once and rightly, whatever becomes of the workers meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.harness import PARTITIONS, Run
from tests.chaos.load import click, complaint_step
from tests.chaos.oracle import read_topics
from tests.chaos.probe import one_customer_each
from tests.chaos.record import Record

pytestmark = pytest.mark.live

PROMISE = timedelta(seconds=12)
SOON_SECONDS = 90.0
SECOND = timedelta(seconds=1)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(tmp_path, promise=PROMISE) as running:
        yield running


def _escalations(run: Run) -> list[dict[str, Any]]:
    read = asyncio.run(read_topics(run.broker.bootstrap, ["alerts"]))
    alerts = [json.loads(record.value or b"") for record in read]
    return [alert for alert in alerts if alert["kind"] == "complaint_escalated"]


def _wait_for(run: Run, count: int) -> list[dict[str, Any]]:
    """At least ``count`` escalations, and those that still come in three seconds more."""
    until = time.monotonic() + SOON_SECONDS
    while len(_escalations(run)) < count and time.monotonic() < until:
        time.sleep(0.3)
    time.sleep(3)
    return _escalations(run)


def _step(status: str, at: datetime, group: str) -> list[Record]:
    """One step of a complaint in each partition."""
    customers = one_customer_each(PARTITIONS, group)
    return [complaint_step(customer, f"k-{customer}", status, at) for customer in customers]


def _assert_once_each(alerts: list[dict[str, Any]], group: str, opened: datetime) -> None:
    customers = one_customer_each(PARTITIONS, group)
    assert Counter(alert["customer_id"] for alert in alerts) == Counter(customers)
    for alert in alerts:
        assert alert["level"] == 1
        due = datetime.fromisoformat(alert["occurred_at"])
        assert abs(due - (opened + PROMISE)) < timedelta(milliseconds=2)


@pytest.mark.timeout(180)
def test_promises_that_pass_while_no_worker_runs_are_judged_once_a_worker_is_back(
    run: Run,
) -> None:
    run.fleet.start("w1")
    assert run.fleet.wait_ready("w1")
    opened = datetime.now(UTC)
    run.load.send(_step("opened", opened, "silent") + _step("opened", opened, "answered"))
    run.drain()
    run.fleet.kill("w1")
    assert datetime.now(UTC) < opened + PROMISE, "too slow to test anything"
    # The answer lies in Kafka, behind much else of the same partitions that happened later.
    answered = _step("acknowledged", opened + 3 * SECOND, "answered")
    time.sleep(max(0.0, (opened + PROMISE + SECOND - datetime.now(UTC)).total_seconds()))
    later = datetime.now(UTC)
    noise = [
        click(customer, f"{customer}-{number}", later)
        for number in range(2_000)
        for customer in one_customer_each(PARTITIONS, "noise")
    ]
    run.load.send(noise)
    run.load.send(answered)
    run.fleet.start("w1")
    alerts = _wait_for(run, PARTITIONS)
    run.drain()
    _assert_once_each(alerts, "silent", opened)
    assert not run.fleet.crashes


@pytest.mark.timeout(180)
def test_a_complaint_that_moves_between_workers_is_escalated_once(run: Run) -> None:
    for name in ("w1", "w2"):
        run.fleet.start(name)
    assert run.fleet.wait_ready("w1")
    assert run.fleet.wait_ready("w2")
    opened = datetime.now(UTC)
    run.load.send(_step("opened", opened, "moved"))
    run.drain()
    run.fleet.kill("w1")
    run.fleet.start("w3")
    alerts = _wait_for(run, PARTITIONS)
    _assert_once_each(alerts, "moved", opened)
    assert not run.fleet.crashes


@pytest.mark.timeout(180)
def test_a_worker_that_slept_past_a_promise_reads_the_answer_before_it_judges(run: Run) -> None:
    run.fleet.start("w1")
    assert run.fleet.wait_ready("w1")
    opened = datetime.now(UTC)
    run.load.send(_step("opened", opened, "silent") + _step("opened", opened, "answered"))
    run.drain()
    run.fleet.pause("w1")
    run.load.send(_step("acknowledged", opened + 3 * SECOND, "answered"))
    time.sleep(max(0.0, (opened + PROMISE + 2 * SECOND - datetime.now(UTC)).total_seconds()))
    run.fleet.wake("w1")
    alerts = _wait_for(run, PARTITIONS)
    _assert_once_each(alerts, "silent", opened)

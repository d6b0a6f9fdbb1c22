"""A rule that raises ends a real worker loudly; with the fix nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from schemas.topics import ALERTS
from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.topics.ensure import ensure_topics
from tests.chaos.oracle import offsets_behind, read_topics
from tests.streams.running import (
    PARTITIONS,
    Record,
    balance,
    environment,
    event,
    produce,
    until,
    worker_process,
)

APP_ID = "failing"
TRANSACTIONS = "touchpoints.transactions"
VIP = "vip-1"
POISON = "b-2"
COMMAND = [sys.executable, "-m", "tests.streams.worker.failing_worker", POISON]


def moved(event_id: str, seconds_ago: int, after: float) -> Record:
    """A transaction of the VIP that leaves this balance."""
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return event(
        event_id, VIP, "transaction", amount=10, currency="CNY", direction="credit",
        account_id="a-1", balance_after=after, occurred_at=at.isoformat(),
    )  # fmt: skip


def fail(variables: dict[str, str]) -> tuple[int, list[str]]:
    """Exit status and log of a worker that meets the poison."""
    done = subprocess.run(COMMAND, env=variables, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stderr.decode().splitlines()


def test_a_worker_whose_rule_raises_says_where_and_loses_nothing(
    fresh_broker: LocalBroker, tmp_path: Path, monkeypatch: Any
) -> None:
    ensure_topics(fresh_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, fresh_broker.bootstrap)
    # In one partition, in this order: the poison has a good event before and one behind it.
    events = [
        moved("b-1", 40, 400_000.0),
        moved(POISON, 30, 500_000.0),
        moved("b-3", 20, 10_000.0),
        *(balance(f"other-{n}", f"c-{n}", 1_000.0 * n) for n in range(1, 9)),
    ]
    produce(fresh_broker.bootstrap, events)

    for _ in range(2):  # a restart without the fix stops at the same place
        status, log = fail(variables)
        assert status == 1
        told = [json.loads(text) for text in log if '"rule failed"' in text]
        assert len(told) == 1
        assert told[0]["rule"].startswith("domain.value.purchases.take:")
        assert told[0]["what"] == "ZeroDivisionError: put in by the test"
        assert told[0]["event_id"] == POISON
        assert told[0]["customer_id"] == VIP
        assert (told[0]["topic"], told[0]["offset"]) == (TRANSACTIONS, 1)
        assert told[0]["partition"] == partition_of(VIP.encode(), PARTITIONS)
        assert told[0]["level"] == "error"
        assert log[-1].startswith("touchline: rule domain.value.purchases.take:")
        assert f"event {POISON!r} of customer {VIP!r}" in log[-1]
        assert f"({TRANSACTIONS}[{told[0]['partition']}] offset 1)" in log[-1]

    with worker_process(variables, tmp_path / "fixed.log"):
        until(
            lambda: not offsets_behind(fresh_broker.bootstrap, APP_ID, [TRANSACTIONS]),
            "all transactions to be committed",
        )
    for name, value in variables.items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["state", "--all", "--json"])
    figures = {one["customer_id"]: one for one in map(json.loads, result.stdout.splitlines())}
    assert len(figures) == 9
    assert figures[VIP]["events"] == 3
    assert figures[VIP]["balance"] == 10_000.0
    assert figures["c-8"]["balance"] == 8_000.0
    alerts = asyncio.run(read_topics(fresh_broker.bootstrap, [ALERTS]))
    kinds = sorted(json.loads(alert.value or b"")["kind"] for alert in alerts)
    assert kinds == ["vip_balance_drop", "vip_new"]

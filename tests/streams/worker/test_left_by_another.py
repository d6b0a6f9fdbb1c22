"""What another version or policy left: state too new is left alone, timers go by the new one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from schemas.topics import ALERTS
from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.chaos.oracle import read_topics
from tests.streams.running import (
    PARTITIONS,
    ago,
    environment,
    event,
    got,
    produce,
    until,
    worker_process,
)
from tests.streams.worker.newer_worker import FORMAT, VERSION

APP_ID = "newer"
NEWER = [sys.executable, "-m", "tests.streams.worker.newer_worker"]
CUSTOMERS = [f"n-{number}" for number in range(12)]


def test_an_older_worker_stops_at_the_partitions_of_a_newer_one_and_says_so(
    module_broker: LocalBroker, tmp_path: Path
) -> None:
    bootstrap = module_broker.bootstrap
    ensure_topics(bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, bootstrap) | {"COLUMNS": "1000"}
    with worker_process(variables, tmp_path / "newer.log", NEWER):
        pay(bootstrap, "first")
        until(lambda: len(alerts(bootstrap)) == len(CUSTOMERS), "alerts of the newer worker")
    log = tmp_path / "older.log"
    with worker_process(variables, log) as address:
        until(lambda: log.read_text().count("partition stopped") >= PARTITIONS, "a stop")
        status, page = got(f"{address}/readyz")
        pay(bootstrap, "second")
        said = doctor(variables)
        assert until(lambda: got(f"{address}/livez")[0] == 200, "life")
    reasons = json.loads(page)["reasons"]
    assert status == 503 and len(reasons) == PARTITIONS
    assert all(f"touchline {VERSION} (worker " in one for one in reasons)
    assert all(f"in format {FORMAT}; this version reads up to" in one for one in reasons)
    assert "Traceback" not in log.read_text()
    assert said.returncode == 1
    assert "PROBLEM: partitions 0-2 (now with worker 1 at 127.0.0.1): its state" in said.stdout
    assert len(alerts(bootstrap)) == len(CUSTOMERS)
    with worker_process(variables, tmp_path / "newer-again.log", NEWER):
        until(lambda: len(alerts(bootstrap)) == 2 * len(CUSTOMERS), "what waited")
    assert len(set(alerts(bootstrap))) == 2 * len(CUSTOMERS)


def test_a_promise_made_shorter_is_told_broken_by_the_next_worker(
    module_broker: LocalBroker, tmp_path: Path
) -> None:
    bootstrap, app_id = module_broker.bootstrap, "shorter"
    ensure_topics(bootstrap, app_id, PARTITIONS).raise_if_wrong()
    variables = environment(app_id, bootstrap)
    for name, hours in (("long", 500), ("short", 0.01)):
        promised = dict.fromkeys(("standard", "prospect", "key", "vip", "private"), hours)
        promises = {"acknowledge_hours": promised}
        (tmp_path / name).write_text(json.dumps({"complaints": promises}))
    complaining = {f"k-{number}" for number in range(6)}
    by_long = variables | {"TOUCHLINE_POLICY": str(tmp_path / "long")}
    with worker_process(by_long, tmp_path / "long.log"):
        produce(
            bootstrap,
            [
                event(
                    f"o-{one}", one, "complaint", complaint_id=one, status="opened", severity=3,
                    factor="service", category="fees", **ago(60),
                )
                for one in complaining
            ],
        )  # fmt: skip
        until(lambda: known(by_long) >= complaining, "the complaints")
    by_short = variables | {"TOUCHLINE_POLICY": str(tmp_path / "short")}
    with worker_process(by_short, tmp_path / "short.log"):
        until(lambda: sorted(escalated(bootstrap)) == sorted(complaining), "escalations", 30)


def known(variables: dict[str, str]) -> set[str]:
    """The customers whose state is committed."""
    line = [sys.executable, "-m", "streams.cli", "state", "--all", "--json"]
    done = subprocess.run(line, env=variables, capture_output=True, check=True)
    return {json.loads(line)["customer_id"] for line in done.stdout.splitlines()}


def escalated(bootstrap: str) -> list[str]:
    """Whose complaints were escalated."""
    read = asyncio.run(read_topics(bootstrap, (ALERTS,)))
    found = [json.loads(one.value or b"") for one in read]
    return [one["customer_id"] for one in found if one["kind"] == "complaint_escalated"]


def pay(bootstrap: str, name: str) -> None:
    """A large transaction of each customer."""
    produce(
        bootstrap,
        [
            event(
                f"{name}-{customer}", customer, "transaction", amount=150_000, currency="CNY",
                direction="debit", account_id=f"a-{customer}",
            )
            for customer in CUSTOMERS
        ],
    )  # fmt: skip


def alerts(bootstrap: str) -> list[str]:
    """The ids of all alerts of large transactions."""
    read = asyncio.run(read_topics(bootstrap, (ALERTS,)))
    found = [json.loads(one.value or b"") for one in read if (one.key or b"")[:2] == b"n-"]
    return [one["alert_id"] for one in found if one["kind"] == "large_transaction"]


def doctor(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "streams.cli", "doctor"]
    return subprocess.run(
        line, env=variables, capture_output=True, text=True, timeout=120, check=False
    )

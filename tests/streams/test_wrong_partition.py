"""A producer that places keys as librdkafka does by default, on a real broker and worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.topics.ensure import ensure_topics
from tests.streams.running import (
    PARTITIONS,
    Record,
    ago,
    balance,
    environment,
    event,
    got,
    produce,
    until,
    worker_process,
)

pytestmark = pytest.mark.long

APP_ID = "crc"
CUSTOMERS = [f"c-{n}" for n in range(1, 13)]


def as_librdkafka(bootstrap: str, records: list[Record]) -> int:
    """Send records where `partitioner=consistent_random` puts their keys; how many lie wrong."""
    producer, wrong = KafkaProducer(bootstrap_servers=bootstrap, acks="all"), 0
    for topic, key, value in records:
        assert key is not None
        number = crc32(key) % PARTITIONS
        wrong += number != partition_of(key, PARTITIONS)
        producer.send(topic, key=key, value=value, partition=number).get(30)
    producer.close()
    return wrong


def taken(address: str, records: int) -> None:
    """Wait until a worker has committed so many records."""
    wanted = f"touchline_commit_records_sum {float(records)}"
    until(lambda: wanted in got(f"{address}/metrics")[1].splitlines() or None, wanted)


def test_misplaced_records_are_refused_named_and_right_once_they_were_sent_again(
    fresh_broker: LocalBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = fresh_broker.bootstrap
    ensure_topics(bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, bootstrap)
    for name, value in variables.items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)
    run: Callable[..., Result] = lambda *line: CliRunner().invoke(app, line)  # noqa: E731
    spent = [balance(f"b-{n}", name, 100.0 * n, **ago(60)) for n, name in enumerate(CUSTOMERS)]
    clicks = [
        event(f"p-{name}", name, "app_click", action="tab_switch", **ago(30)) for name in CUSTOMERS
    ]

    with worker_process(variables, tmp_path / "worker.log") as address:
        produce(bootstrap, clicks)
        wrong = as_librdkafka(bootstrap, spent)
        assert 0 < wrong < len(CUSTOMERS)
        taken(address, 2 * len(CUSTOMERS))
        metrics = got(f"{address}/metrics")[1]
        assert f'touchline_dead_letters_total{{reason="wrong_partition"}} {float(wrong)}' in metrics

        looked = run("doctor")
        told = " ".join(looked.stdout.split())
        assert looked.exit_code == 1
        share = f"{wrong} of its {len(CUSTOMERS)} newest records ({wrong / len(CUSTOMERS):.0%})"
        assert f"touchpoints.transactions: {share} lie in another partition" in told
        assert "partitioner=murmur2_random" in told
        assert "touchpoints.app" not in told

        again = run("dead-letters", "resend", "--reason", "wrong_partition", "--yes")
        assert (again.exit_code, again.stdout) == (0, f"sent {wrong} again\n")
        taken(address, 2 * len(CUSTOMERS) + wrong)

    shown = run("state", "--all", "--json")
    assert shown.exit_code == 0, shown.output
    figures = {one["customer_id"]: one for one in map(json.loads, shown.stdout.splitlines())}
    assert sorted(figures) == sorted(CUSTOMERS)
    for n, name in enumerate(CUSTOMERS):
        assert (figures[name]["events"], figures[name]["balance"]) == (2, 100.0 * n)

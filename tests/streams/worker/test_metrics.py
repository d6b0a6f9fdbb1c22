"""Metrics say what the partitions did: checked against counts made by hand from the input."""

import json
import statistics
import time
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agents.customers import customers
from domain.policy import Policy
from schemas.topics import TOPIC_OF_TYPE
from streams.engine.inbox import Chunk
from streams.engine.partition import Drained, Partition
from streams.engine.store import MemoryStore
from streams.worker.metrics import Metrics
from tests.streams.running import CustomersPartition

START = 1_790_000_000_000
NOW = START + 30 * 86_400_000
Labels = dict[str, str]


class Record(NamedTuple):
    """A Kafka record as the transport hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[()] = ()


def event(number: int, customer: str, kind: str, **fields: object) -> tuple[str, bytes, bytes]:
    """Topic, key and value of an event, each a second after the one before."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START / 1000 + number))
    common = {"event_id": f"e-{number}", "customer_id": customer, "occurred_at": moment}
    value = {"channel": "app", "type": kind, **common, **fields}
    return TOPIC_OF_TYPE[kind], customer.encode(), json.dumps(value).encode()


def balance(number: int, customer: str, after: float) -> tuple[str, bytes, bytes]:
    return event(
        number, customer, "transaction", amount=10, currency="CNY", direction="credit",
        account_id=f"a-{customer}", balance_after=after,
    )  # fmt: skip


def partition(number: int = 0) -> CustomersPartition:
    topology = customers(Policy())
    return Partition(topology, number, MemoryStore(), None, clock="event")


def commit(
    metrics: Metrics,
    at: CustomersPartition,
    sent: Iterable[tuple[str, bytes, bytes]],
    age_seconds: float = 0.0,
) -> Drained:
    """Let a partition take records appended `age_seconds` ago, and tell the metrics."""
    appended = time.time_ns() // 1_000_000 - round(age_seconds * 1000)
    for topic, key, value in sent:
        offset = at.next_offsets.get(topic, 0)
        record = Record(topic, at.number, offset, appended, key, value)
        at.receive(topic, [record], offset + 1)
        at.step(NOW)
    drained = at.drain()
    metrics.committed(at, drained, 0.03)
    return drained


def exposed(metrics: Metrics) -> dict[str, list[tuple[Labels, float]]]:
    """Every sample of `/metrics` by its name."""
    found: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float:
    [found] = [held for have, held in exposed(metrics)[name] if have == labels]
    return found


def test_events_are_counted_by_type_and_outcome_and_refused_records_by_reason() -> None:
    metrics, at = Metrics("event"), partition()
    click = event(1, "ann", "app_click", action="launch", source="icon")
    app = TOPIC_OF_TYPE["app_click"]
    misplaced = (TOPIC_OF_TYPE["survey"], *event(2, "ann", "app_click", action="tab_switch")[1:])
    eight_days_on = event(8 * 86_400, "ann", "app_click", action="tab_switch")
    too_late = event(3, "ann", "app_click", action="tab_switch")
    commit(
        metrics, at,
        [click, click, (app, b"ann", b"{"), (app, b"bob", click[2]), misplaced,
         eight_days_on, too_late],
    )  # fmt: skip

    assert value(metrics, "touchline_events_total", type="app_click", outcome="accepted") == 2
    assert value(metrics, "touchline_events_total", type="app_click", outcome="repeated") == 1
    assert value(metrics, "touchline_events_total", type="app_click", outcome="rejected") == 1
    refused = {
        labels["reason"]: n for labels, n in exposed(metrics)["touchline_dead_letters_total"]
    }
    assert refused == {"not_json": 1, "key_mismatch": 1, "wrong_topic": 1, "too_late": 1}
    letters = value(metrics, "touchline_outputs_total", topic="dead-letters", kind="not_json")
    assert letters == 1
    assert value(metrics, "touchline_commit_records_sum") == 7, "each record is counted once"


def test_customers_complaints_and_satisfaction_are_those_of_all_partitions_here() -> None:
    metrics, one, two = Metrics("event"), partition(0), partition(1)
    metrics.opened(one, 10, 0.5)
    metrics.opened(two, 20, 1.5)
    opened = {"status": "opened", "severity": 2, "factor": "service", "category": "fees"}
    commit(metrics, one, [
        balance(1, "ann", 400_000), balance(2, "bob", 50_000),
        event(3, "ann", "complaint", complaint_id="k-1", **opened),
    ])  # fmt: skip
    commit(metrics, two, [
        balance(4, "eve", 350_000), balance(5, "kim", 9_000_000),
        event(6, "kim", "survey", instrument="csat", score=5),
    ])  # fmt: skip

    known = {labels["tier"]: count for labels, count in exposed(metrics)["touchline_customers"]}
    assert known == {"standard": 1, "prospect": 0, "key": 0, "vip": 2, "private": 1}
    assert value(metrics, "touchline_complaints_open", tier="vip") == 1
    assert value(metrics, "touchline_complaints_open", tier="private") == 0
    # moment scores of the domain reference: a complaint 5 - severity, csat (s - 1) * 2.5
    score = "touchline_satisfaction_score"
    assert value(metrics, score, factor="service", tier="vip", channel="app") == pytest.approx(3.0)
    assert value(metrics, score, factor="none", tier="private", channel="app") == pytest.approx(10)
    assert value(metrics, "touchline_partitions_open") == 2
    assert value(metrics, "touchline_restore_seconds_sum") == 2.0
    assert value(metrics, "touchline_restore_records_total") == 30

    metrics.closed(1)
    known = {labels["tier"]: count for labels, count in exposed(metrics)["touchline_customers"]}
    assert known == {"standard": 1, "prospect": 0, "key": 0, "vip": 1, "private": 0}


def test_satisfaction_of_two_partitions_is_their_mean_weighted_by_what_is_left_of_each() -> None:
    metrics, one, two = Metrics("event"), partition(0), partition(1)
    metrics.opened(one, 0, 0.0)
    metrics.opened(two, 0, 0.0)
    half_life = 30 * 86_400  # seconds: the older answer weighs half as much
    commit(metrics, one, [event(0, "ann", "survey", instrument="nps", score=4)])
    commit(metrics, two, [event(half_life, "eve", "survey", instrument="nps", score=10)])

    labels = {"factor": "none", "tier": "standard", "channel": "app"}
    assert value(metrics, "touchline_satisfaction_weight", **labels) == pytest.approx(1.5)
    expected = (4 * 0.5 + 10 * 1.0) / 1.5
    assert value(metrics, "touchline_satisfaction_score", **labels) == pytest.approx(expected)


def test_an_alert_is_timed_from_its_causes_append_to_its_commit() -> None:
    metrics, at = Metrics("event"), partition()
    commit(metrics, at, [balance(1, "ann", 400_000)], age_seconds=0.7)

    assert value(metrics, "touchline_outputs_total", topic="alerts", kind="vip_new") == 1
    assert value(metrics, "touchline_alert_latency_seconds_count") == 1
    assert 0.7 <= value(metrics, "touchline_alert_latency_seconds_sum") < 5.0
    assert value(metrics, "touchline_alert_latency_seconds_bucket", le="0.5") == 0


def test_an_escalation_by_the_clock_has_no_cause_in_kafka_and_is_not_timed() -> None:
    metrics, at = Metrics("event"), partition()
    opened = {"status": "opened", "severity": 2, "factor": "service", "category": "fees"}
    commit(metrics, at, [event(1, "bob", "complaint", complaint_id="k-1", **opened)])
    at.advance(START + 25 * 3_600_000)  # a standard customer's acknowledgement is due in 24 h
    metrics.committed(at, at.drain(), 0.01)

    kind = "complaint_escalated"
    assert value(metrics, "touchline_outputs_total", topic="alerts", kind=kind) == 1
    assert value(metrics, "touchline_alert_latency_seconds_count") == 0


def test_the_changelog_is_counted_in_the_bytes_that_were_written() -> None:
    metrics, at = Metrics("event"), partition()
    drained = commit(metrics, at, [balance(1, "ann", 5.0), balance(2, "bob", 7.0)])

    written = sum(len(key) + len(held or b"") for key, held in drained.changelog)
    assert value(metrics, "touchline_changelog_bytes_total") == written > 100
    assert value(metrics, "touchline_changelog_records_total") == len(drained.changelog)
    assert value(metrics, "touchline_commit_seconds_sum") == pytest.approx(0.03)


def test_lag_is_told_by_topic_over_all_partitions() -> None:
    metrics = Metrics()
    metrics.lag({("touchpoints.app", 0): 5, ("touchpoints.app", 3): 7, ("touchpoints.desk", 0): 0})

    assert value(metrics, "touchline_lag_records", topic="touchpoints.app") == 12
    assert value(metrics, "touchline_lag_records", topic="touchpoints.desk") == 0
    assert metrics.status() == {"open": [], "stopped": {}, "lag_records": 12}


def test_a_stopped_partition_is_told_until_it_opens_again() -> None:
    metrics, at = Metrics(), partition(4)
    metrics.stopped(4, "records are gone")
    assert value(metrics, "touchline_partitions_stopped") == 1
    assert metrics.status()["stopped"] == {"4": "records are gone"}

    metrics.opened(at, 0, 0.1)
    assert value(metrics, "touchline_partitions_stopped") == 0
    assert value(metrics, "touchline_partitions_open") == 1


def test_received_records_and_failed_commits_are_counted() -> None:
    metrics = Metrics()
    record = Record("touchpoints.app", 0, 0, 0, b"ann", b"{}")
    metrics.received(Chunk("touchpoints.app", 0, [record, record], 0, 2, 1))
    metrics.commit_failed(0, "no answer")

    assert value(metrics, "touchline_records_received_total", topic="touchpoints.app") == 2
    assert value(metrics, "touchline_commit_failures_total") == 1


def test_no_customer_is_ever_a_label() -> None:
    metrics, at = Metrics("event"), partition()
    metrics.opened(at, 0, 0.0)
    commit(
        metrics, at, [balance(1, "ann-the-customer", 400_000), ("touchpoints.app", b"ann-2", b"")]
    )
    text = generate_latest(metrics.registry).decode()
    assert "touchline_outputs_total" in text
    assert "ann" not in text.replace("channel", "")


def test_every_name_of_ours_has_the_prefix_and_a_help_text() -> None:
    metrics = Metrics()
    for family in metrics.registry.collect():
        assert family.name.startswith(("touchline_", "process_", "python_")), family.name
        assert family.documentation


def test_telling_of_a_commit_costs_little() -> None:
    """Under 200 us of CPU for a commit of 50 records and 5 alerts, as at 2,000 events/s."""
    metrics, at = Metrics("event"), partition()
    customers_seen = [balance(number, f"c-{number}", 400_000.0) for number in range(5)]
    drained = commit(metrics, at, customers_seen)
    drained.changelog.extend([(b"key", b"v" * 200)] * 100)
    spent = []
    for _ in range(200):
        began = time.process_time_ns()
        metrics.committed(at, drained, 0.01)
        spent.append(time.process_time_ns() - began)
    assert statistics.median(spent) < 200_000

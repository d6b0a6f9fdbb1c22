"""An erased customer is found in no topic but those bound by retention: on a real broker."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner, Result

from domain.alerts.ids import first_id
from schemas.errors import OperatingError
from schemas.topics import COMPACTED_TOPICS, PERSONAL_COMPACTED_TOPICS, RETAINED_TOPICS
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
    produce,
    until,
    worker_process,
)

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.timeout(300)]

APP_ID = "erasing"
AUDIT = f"{APP_ID}-audit"
CHANGELOG = f"{APP_ID}-customers-changelog"
GONE = "to-be-erased-0042"
# so that what takes days takes seconds
HASTE = {
    "segment.ms": "1000",
    "max.compaction.lag.ms": "500",
    "delete.retention.ms": "500",
    "min.cleanable.dirty.ratio": "0.01",
}


class House(NamedTuple):
    """A broker whose cleaner is quick, and somebody else in each partition."""

    bootstrap: str
    variables: dict[str, str]
    neighbours: list[str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with LocalBroker(config={"log.cleaner.backoff.ms": "200"}) as broker:
        ensure_topics(broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
        for topic in (*COMPACTED_TOPICS, CHANGELOG):
            alter(broker.bootstrap, topic, HASTE)
        variables = environment(APP_ID, broker.bootstrap)
        names = [f"neighbour-{n}" for n in range(100)]
        found = {partition_of(name.encode(), PARTITIONS): name for name in names}
        assert len(found) == PARTITIONS
        yield House(broker.bootstrap, variables, list(found.values()))


def life(customer: str, begun: float) -> list[Record]:
    """Every part of a state, a dead letter, and outputs to every topic that can be had quickly."""
    made: list[Record] = []

    def add(kind: str, /, **fields: object) -> None:
        at = ago(begun - len(made) - 1)
        made.append(event(f"{customer}-{len(made)}", customer, kind, **fields, **at))

    add("profile", region="Zhejiang", referred_by="a-friend", owner_id="m-1", consent={"sms": True})
    made.append(balance(f"{customer}-money", customer, 500_000.0, **ago(begun - 1.5)))
    for _ in range(40):
        add("app_click", action="tab_switch")
    complaint = {"complaint_id": f"k-{customer}", "factor": "service", "category": "fees"}
    add("complaint", status="opened", severity=5, **complaint)
    contact = {"contact_id": f"s-{customer}", "wait_seconds": 900, "handle_seconds": 9}
    add("service_contact", outcome="unresolved", **contact)
    add("survey", instrument="nps", score=2)
    add("feedback", kind="praise", text=f"I am {customer}")
    add("campaign", campaign_id="m-1", action="clicked")
    add("desk", alert_id="a-1", action="resolved", by="m-1")
    made.append(("touchpoints.app", customer.encode(), b'{"broken": true}'))
    return made


def clicks(customer: str, count: int) -> list[Record]:
    stamp = time.monotonic_ns()
    return [
        event(f"{customer}-{stamp}-{n}", customer, "app_click", action="tab_switch")
        for n in range(count)
    ]


def alerted(customer: str) -> Record:
    """A payment that is told of."""
    fields = {"amount": 200_000.0, "currency": "CNY", "direction": "debit", "account_id": "a"}
    return event(f"{customer}-large", customer, "transaction", **fields)


def noted(customer: str) -> Record:
    """A note about that, which makes another state of its alert."""
    stamp = f"{time.monotonic_ns()}"
    of = first_id("large_transaction", customer, "transaction", f"{customer}-large")
    fields = {"alert_id": of, "action": "noted", "by": "m-1", "note": stamp}
    return event(f"{customer}-{stamp}", customer, "desk", **fields)


def everything(bootstrap: str) -> Iterator[tuple[str, bytes]]:
    """Topic and all bytes of each record of ours: key, value, headers, and what a letter bears."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    with closing(consumer):
        topics = [topic for topic in consumer.topics() if not topic.startswith("__")]
        places = [TopicPartition(t, n) for t in topics for n in consumer.partitions_for_topic(t)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=200).items():
                for one in records:
                    parts = [one.key or b"", one.value or b""]
                    parts += [name.encode() + (held or b"") for name, held in one.headers]
                    if place.topic == "dead-letters":
                        letter = json.loads(one.value)
                        parts.append(base64.b64decode(letter.get("value") or ""))
                    yield place.topic, b"\0".join(parts)


def holding(bootstrap: str, mark: str) -> set[str]:
    return {topic for topic, data in everything(bootstrap) if mark.encode() in data}


def command(house: House, *line: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["erase", *line], env=house.variables, input=answer)


def test_without_a_worker_the_request_stays_and_the_command_says_so(house: House) -> None:
    refused = command(house, "nobody", "--wait", "--timeout", "1", answer="n\n")
    assert refused.exit_code == 1
    assert "It cannot be brought back" in refused.output
    waited = command(house, "nobody", "--wait", "--timeout", "1", "--yes")
    assert waited.exit_code == 1
    assert isinstance(waited.exception, OperatingError)
    assert "no worker has erased customer nobody within 1 s" in str(waited.exception)
    assert "touchline doctor" in str(waited.exception)
    wrong = command(house, "", "--yes")
    assert isinstance(wrong.exception, OperatingError)
    assert "cannot be a customer_id" in str(wrong.exception)


def test_ctrl_c_ends_it_cleanly_and_says_that_the_request_is_sent(house: House) -> None:
    line = [sys.executable, "-m", "streams.cli", "erase", "no-one", "--yes", "--wait"]
    waiting = subprocess.Popen(
        line, env=house.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: "touchpoints.profiles" in holding(house.bootstrap, "no-one"), "the request")
    time.sleep(0.5)
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 130, err
    assert out == ""
    assert "is in Kafka and will be done" in err
    assert "Traceback" not in err


def test_an_erased_customer_is_found_nowhere_but_where_retention_binds_it(
    house: House, tmp_path: Path
) -> None:
    begun = 600.0
    with worker_process(house.variables, tmp_path / "worker.log"):
        records = [*life(house.neighbours[0], begun), *life(GONE, begun)]
        produce(house.bootstrap, records, headers=[("trace", GONE.encode())])
        lived = {CHANGELOG, "alerts", "alert-states", "customer-transitions", "dead-letters"}
        until(lambda: holding(house.bootstrap, GONE) >= lived, "its life")
        assert holding(house.bootstrap, GONE) <= {
            *RETAINED_TOPICS,
            *PERSONAL_COMPACTED_TOPICS,
            CHANGELOG,
        }

        done = command(house, GONE, "--wait", "--yes", "--json")
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.stdout)
        record = told["erased"]
        assert (record["customer_id"], record["to_state"]) == (GONE, "erased")
        assert record["cause"] == [told["event_id"]]
        assert set(record["held_until"]) == set(RETAINED_TOPICS)

        def is_gone() -> bool:
            # a segment is closed when something is written after its time
            names = house.neighbours
            produce(house.bootstrap, [one for name in names for one in clicks(name, 3)])
            produce(house.bootstrap, [noted(name) for name in names])
            time.sleep(0.5)
            return not holding(house.bootstrap, GONE) & {CHANGELOG, *COMPACTED_TOPICS}

        produce(house.bootstrap, [alerted(name) for name in house.neighbours])
        until(is_gone, "changelog and states of alerts to be compacted", seconds=75.0)
    left = holding(house.bootstrap, GONE)
    assert left <= set(RETAINED_TOPICS)
    # what is listed is what holds it, with the time at which the broker lets go of it
    listed = {one["topic"]: one["until"] for one in told["remains"]}
    assert set(listed) == {*RETAINED_TOPICS, *PERSONAL_COMPACTED_TOPICS, AUDIT, CHANGELOG}
    days = {topic: round(_days(told["occurred_at"], end)) for topic, end in listed.items()}
    assert (days["touchpoints.app"], days["alerts"], days["dead-letters"]) == (15, 31, 91)
    for topic, end in record["held_until"].items():
        assert days[topic] == round(_days(told["occurred_at"], end))
    assert (days[CHANGELOG], days[AUDIT]) == (0, 366)
    # the neighbour is as it was
    other = house.neighbours[0]
    known = CliRunner().invoke(app, ["state", other, "--json"], env=house.variables)
    assert json.loads(known.stdout)["customer_id"] == other


def test_doctor_says_where_topics_hold_records_longer_than_erasures_are_known(
    house: House, tmp_path: Path
) -> None:
    def doctor(*line: str) -> str:
        result = CliRunner().invoke(app, ["doctor", *line], env=house.variables)
        assert isinstance(result.exception, SystemExit | None), result.exception
        return " ".join(result.output.split())

    assert "may hold records" not in doctor()
    day = 86_400_000
    alter(house.bootstrap, "touchpoints.app", {"retention.ms": str(100 * day)})
    alter(house.bootstrap, CHANGELOG, {"delete.retention.ms": str(9 * day)})
    until(lambda: "touchpoints.app may hold" in doctor(), "the settings", seconds=20)
    told = doctor()
    assert (
        "PROBLEM: touchpoints.app may hold records for 101 days, and that a customer was erased is"
        " known for 90 days: an older event could bring the customer to life again. Raise"
        " erasure.keep_days in the policy, or shorten retention.ms"
    ) in told
    assert "note: touchpoints.app may hold records for 101 days, longer than the policy's" in told
    assert f"PROBLEM: {CHANGELOG}: delete.retention.ms must be at most {day}, found" in told
    policy = tmp_path / "policy.yaml"
    policy.write_text("erasure: {keep_days: 101}\nretention: {input_days: 101}\n")
    assert "may hold records" not in doctor("--policy", str(policy))
    alter(house.bootstrap, "touchpoints.app", {"retention.ms": "-1"})
    until(lambda: "touchpoints.app may hold records for ever" in doctor(), "for ever", seconds=20)


def alter(bootstrap: str, topic: str, configs: dict[str, str]) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])


def _days(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 86_400

"""The judge of the kill test. It shares no code with the product.

It reads what went in and what came out with ``read_committed``, works out by itself what must
have come out, and names every difference. The product's final state is handed to it as plain
figures per customer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isclose
from typing import Any, NamedTuple

import kafka
import xxhash
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from tests.chaos.load import BAD, LARGE, MARK, TOO_LATE, UNKNOWN_CURRENCY, VIP_BALANCE

# An acknowledgement that reaches Kafka this close to the promise may come too late for it.
MARGIN = timedelta(seconds=4)
DAY = timedelta(days=1)
BEGINS_AS = {
    "tier": "standard",
    "relationship": "potential",
    "lifecycle_phase": "exploration",
    "relationship_stage": "basic",
}
"""What a customer is before the first transition, in every dimension that is told."""
REFERRAL_SHARE = 0.25
JUDGED_KINDS = ("large_transaction", "vip_complaint", "vip_new", "complaint_escalated")


class Read(NamedTuple):
    """One record as it lies in Kafka; ``timestamp`` is when it was appended (ms)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    mark: bytes


class Place(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


class Totals(NamedTuple):
    """What must be counted of one customer; ``xor`` is over XXH3-64 of the event ids."""

    events: int
    transactions: int
    amount: float
    xor: int


@dataclass
class Expected:
    """What must have come out of what went in."""

    totals: dict[str, Totals] = field(default_factory=dict)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    maybe: set[tuple[str, str]] = field(default_factory=set)
    letters: set[Place] = field(default_factory=set)
    signals: set[tuple[str, str]] = field(default_factory=set)
    referrer_of: dict[str, str] = field(default_factory=dict)
    events: int = 0
    repeats: int = 0


@dataclass
class Verdict:
    """Every difference between what should be and what is, by its kind."""

    customers: int = 0
    events: int = 0
    repeats: int = 0
    alerts: int = 0
    letters: int = 0
    wrong_customers: list[str] = field(default_factory=list)
    lost_alerts: list[str] = field(default_factory=list)
    doubled_alerts: list[str] = field(default_factory=list)
    unexpected_alerts: list[str] = field(default_factory=list)
    lost_letters: list[str] = field(default_factory=list)
    doubled_letters: list[str] = field(default_factory=list)
    unexpected_letters: list[str] = field(default_factory=list)
    updates: int = 0
    moves: int = 0
    doubled_updates: list[str] = field(default_factory=list)
    broken_chains: list[str] = field(default_factory=list)
    wrong_segments: list[str] = field(default_factory=list)
    doubled_models: list[str] = field(default_factory=list)
    transitions: int = 0
    doubled_transitions: list[str] = field(default_factory=list)
    broken_transitions: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    signals: int = 0
    lost_signals: list[str] = field(default_factory=list)
    doubled_signals: list[str] = field(default_factory=list)
    unexpected_signals: list[str] = field(default_factory=list)
    referrals: int = 0
    doubled_referrals: list[str] = field(default_factory=list)
    wrong_referral_values: list[str] = field(default_factory=list)
    offsets_behind: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """One line a kind of fault, with its number and its first examples."""
        lines = []
        for name, found in vars(self).items():
            if isinstance(found, list) and found:
                lines.append(f"{name.replace('_', ' ')}: {len(found)}: {'; '.join(found[:4])}")
        return lines

    def summary(self) -> str:
        """What was judged, in one line."""
        return (
            f"{self.customers} customers, {self.events} events, {self.repeats} repeats, "
            f"{self.alerts} alerts, {self.letters} dead letters, {self.updates} segment updates "
            f"({self.moves} of them from one segment to another), {self.transitions} transitions, "
            f"{self.signals} signals, {self.referrals} referrals: "
            f"{'no fault' if not self.faults else f'{len(self.faults)} kinds of fault'}"
        )


# -- what must be -------------------------------------------------------------------------


def expect(inputs: Iterable[Read], promise: timedelta) -> Expected:
    """What must come out of these inputs. A partition's records must be in their order."""
    expected, seen = Expected(), set[tuple[str, str]]()
    opened: dict[str, dict[str, Any]] = {}
    acknowledged: dict[str, int] = {}
    for read in inputs:
        if read.mark in (BAD, TOO_LATE):
            expected.letters.add(Place(read.topic, read.partition, read.offset))
            continue
        event = json.loads(read.value or b"")
        customer, event_id = event["customer_id"], event["event_id"]
        if (customer, event_id) in seen:
            expected.repeats += 1
            continue
        seen.add((customer, event_id))
        expected.events += 1
        before = expected.totals.get(customer, Totals(0, 0, 0.0, 0))
        expected.totals[customer] = _counted(before, event)
        _expect_alerts(expected, event, read.timestamp)
        if event.get("currency") == UNKNOWN_CURRENCY:
            expected.signals.add((customer, event["occurred_at"][:10]))
        if "referred_by" in event:
            expected.referrer_of[customer] = event["referred_by"]
        if event["type"] == "complaint":
            if event["status"] == "opened":
                opened[event["complaint_id"]] = event
            elif event["status"] == "acknowledged":
                acknowledged[event["complaint_id"]] = read.timestamp
    _expect_escalations(expected, opened, acknowledged, promise)
    return expected


def _counted(before: Totals, event: dict[str, Any]) -> Totals:
    paid = event["type"] == "transaction"
    worth = event["amount"] if paid and event.get("currency") != UNKNOWN_CURRENCY else 0
    return Totals(
        before.events + 1,
        before.transactions + paid,
        before.amount + worth,
        before.xor ^ xxhash.xxh3_64_intdigest(event["event_id"].encode()),
    )


def _expect_alerts(expected: Expected, event: dict[str, Any], appended: int) -> None:
    late = datetime.fromtimestamp(appended / 1000).astimezone() - _occurred(event)
    if late > DAY:
        return
    if event["type"] == "transaction":
        if event["amount"] >= LARGE:
            expected.alerts["large_transaction", event["event_id"]] += 1
        if event.get("balance_after", 0) >= VIP_BALANCE:
            expected.alerts["vip_new", event["event_id"]] += 1
    vip = event["customer_id"].startswith("v-")
    if event["type"] == "complaint" and event["status"] == "opened" and vip:
        expected.alerts["vip_complaint", event["event_id"]] += 1


def _expect_escalations(
    expected: Expected,
    opened: Mapping[str, dict[str, Any]],
    acknowledged: Mapping[str, int],
    promise: timedelta,
) -> None:
    for complaint, event in opened.items():
        due = _occurred(event) + promise
        reached = acknowledged.get(complaint)
        if reached is None:
            expected.alerts["complaint_escalated", complaint] += 1
        elif datetime.fromtimestamp(reached / 1000).astimezone() > due - MARGIN:
            expected.maybe.add(("complaint_escalated", complaint))


def _occurred(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["occurred_at"])


# -- what is ------------------------------------------------------------------------------


def compare(
    expected: Expected,
    totals: Mapping[str, Totals],
    alerts: Iterable[dict[str, Any]],
    letters: Iterable[dict[str, Any]],
) -> Verdict:
    """Every difference between what must be and what is."""
    verdict = Verdict(len(expected.totals), expected.events, expected.repeats)
    for customer in sorted(expected.totals.keys() | totals.keys()):
        must, have = expected.totals.get(customer), totals.get(customer)
        if must != have:
            verdict.wrong_customers.append(f"{customer}: must be {must}, is {have}")
    _compare_alerts(verdict, expected, list(alerts))
    found = Counter(Place(x["source_topic"], x["partition"], x["offset"]) for x in letters)
    verdict.letters = found.total()
    verdict.lost_letters += [_place(p) for p in sorted(expected.letters - found.keys())]
    verdict.unexpected_letters += [_place(p) for p in sorted(found.keys() - expected.letters)]
    verdict.doubled_letters += [_place(p) for p, times in sorted(found.items()) if times > 1]
    return verdict


def _compare_alerts(verdict: Verdict, expected: Expected, alerts: list[dict[str, Any]]) -> None:
    verdict.alerts = len(alerts)
    for alert_id, times in Counter(alert["alert_id"] for alert in alerts).items():
        if times > 1:
            verdict.doubled_alerts.append(f"id {alert_id} {times} times")
    first = [alert for alert in alerts if "raises_again" not in alert]
    found = Counter(_cause(alert) for alert in first if alert["kind"] in JUDGED_KINDS)
    must = expected.alerts
    for cause in sorted(must.keys() | found.keys()):
        if found[cause] > max(1, must[cause]):
            verdict.doubled_alerts.append(f"{cause} {found[cause]} times")
        elif found[cause] < must[cause]:
            verdict.lost_alerts.append(f"{cause}")
        elif found[cause] and not must[cause] and cause not in expected.maybe:
            verdict.unexpected_alerts.append(f"{cause}")


def judge_segments(
    verdict: Verdict,
    updates: Iterable[dict[str, Any]],
    models: Iterable[dict[str, Any]],
    segment_of: Mapping[str, str | None],
) -> None:
    """A customer's updates must be a chain that ends in the segment its state names."""
    at: dict[str, str | None] = {}
    seen: Counter[str] = Counter()
    for update in updates:
        customer, before, after = update["customer_id"], update.get("from_segment"), None
        after = update.get("to_segment")
        if before != at.get(customer):
            verdict.broken_chains.append(f"{customer}: from {before}, was in {at.get(customer)}")
        at[customer] = after
        seen[update["update_id"]] += 1
        verdict.moves += before is not None and after is not None
    verdict.updates = seen.total()
    verdict.doubled_updates += [f"{one} {times} times" for one, times in seen.items() if times > 1]
    for customer in sorted(at.keys() | segment_of.keys()):
        if at.get(customer) != segment_of.get(customer):
            verdict.wrong_segments.append(
                f"{customer}: updates end in {at.get(customer)}, "
                f"the state says {segment_of.get(customer)}"
            )
    versions = Counter(model["version"] for model in models)
    verdict.doubled_models += [f"model {v} {n} times" for v, n in versions.items() if n > 1]


def judge_transitions(
    verdict: Verdict, transitions: Iterable[dict[str, Any]], states: Iterable[dict[str, Any]]
) -> None:
    """In each dimension a customer's transitions must be a chain that ends in the state."""
    at: dict[tuple[str, str], str] = {}
    seen: Counter[str] = Counter()
    for told in transitions:
        seen[told["transition_id"]] += 1
        customer, dimension = told["customer_id"], told["dimension"]
        if dimension not in BEGINS_AS:
            verdict.broken_transitions.append(f"{customer}: dimension {dimension} is not known")
            continue
        was = at.get((customer, dimension), BEGINS_AS[dimension])
        if told.get("from_state") != was:
            verdict.broken_transitions.append(
                f"{customer}: from {told.get('from_state')}, was {was}"
            )
        at[customer, dimension] = told["to_state"]
    verdict.transitions = seen.total()
    verdict.doubled_transitions += [f"{one} {n} times" for one, n in seen.items() if n > 1]
    for state in states:
        customer, ends = state["customer_id"], _ends(state)
        for dimension, first in BEGINS_AS.items():
            last = at.get((customer, dimension), first)
            if last != ends[dimension]:
                verdict.wrong_states.append(
                    f"{customer}: transitions end in {last}, the state says {ends[dimension]}"
                )


def _ends(state: dict[str, Any]) -> dict[str, str]:
    """What the state says of each dimension."""
    relationship = state["relationship"]
    return {
        "tier": state["tier"],
        "relationship": relationship["state"],
        "lifecycle_phase": relationship["lifecycle_phase"] or "exploration",
        "relationship_stage": relationship["stage"] or "unknown",
    }


def judge_signals(verdict: Verdict, expected: Expected, signals: Iterable[dict[str, Any]]) -> None:
    """Of a currency without a rate one signal for each customer and day, whatever happened."""
    found = Counter(
        (told["customer_id"], told["occurred_at"][:10])
        for told in signals
        if told["kind"] == "unknown_currency"
    )
    verdict.signals = found.total()
    verdict.lost_signals += [f"{one}" for one in sorted(expected.signals - found.keys())]
    verdict.unexpected_signals += [f"{one}" for one in sorted(found.keys() - expected.signals)]
    verdict.doubled_signals += [f"{one} {n} times" for one, n in found.items() if n > 1]


def judge_referrals(
    verdict: Verdict,
    expected: Expected,
    referrals: Iterable[dict[str, Any]],
    states: Iterable[dict[str, Any]],
) -> None:
    """Whoever referred is credited a share of what those referred are worth, all of them once."""
    seen = Counter(told["referral_id"] for told in referrals)
    verdict.referrals = seen.total()
    verdict.doubled_referrals += [f"{one} {n} times" for one, n in seen.items() if n > 1]
    value_of = {state["customer_id"]: state["value"] for state in states}
    for referrer, value in value_of.items():
        referred = [one for one, by in expected.referrer_of.items() if by == referrer]
        worth = sum(value_of[one]["clv"] or 0.0 for one in referred if one in value_of)
        must, have = REFERRAL_SHARE * worth, value["referral_value"] or 0.0
        if value["referrals"] != len(referred) or not isclose(have, must, rel_tol=1e-3):
            verdict.wrong_referral_values.append(
                f"{referrer}: must be {must:.2f} of {len(referred)} customers, is {have:.2f} of"
                f" {value['referrals']}"
            )


def _cause(alert: dict[str, Any]) -> tuple[str, str]:
    if alert["kind"] == "complaint_escalated":
        level = alert["level"]
        return alert["kind"], alert["complaint_id"] + (f" level {level}" if level != 1 else "")
    return alert["kind"], ",".join(alert["cause"])


def _place(place: Place) -> str:
    return f"{place.topic}[{place.partition}]@{place.offset}"


# -- reading Kafka ------------------------------------------------------------------------


async def read_topics(bootstrap: str, topics: Iterable[str]) -> list[Read]:
    """Every committed record of the topics, each partition in its order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        found = []
        for topic in topics:
            found += await _read_topic(consumer, topic)
        return found
    finally:
        await consumer.stop()


async def _read_topic(consumer: AIOKafkaConsumer, topic: str) -> list[Read]:
    await consumer._client.force_metadata_update()
    partitions = await _partitions(consumer, topic)
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    found: list[Read] = []
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        fetched = await consumer.getmany(timeout_ms=200, max_records=20_000)
        for records in fetched.values():
            for record in records:
                mark = dict(record.headers).get(MARK, b"")
                found.append(
                    Read(
                        record.topic, record.partition, record.offset, record.timestamp,
                        record.key, record.value, mark,
                    )
                )  # fmt: skip
    return found


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.add_topic(topic)
    numbers = consumer.partitions_for_topic(topic) or set()
    assert numbers, f"topic {topic} is not there"
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def offsets_behind(bootstrap: str, group: str, topics: Iterable[str]) -> list[str]:
    """Input partitions whose committed offset is not the end; an empty one needs none.

    While a broker just started has no coordinator of the group yet, that is what is told.
    """
    with (
        closing(KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)) as consumer,
        closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin,
    ):
        partitions = [
            kafka.TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        ends = consumer.end_offsets(partitions)
        try:
            committed = admin.list_group_offsets(group)[group]
        except KafkaError as error:
            if not error.retriable:
                raise
            return [f"not known: {error}"]
    behind = []
    for tp, end in ends.items():
        have = committed[tp].offset if tp in committed else 0
        if have != end:
            behind.append(f"{tp.topic}[{tp.partition}] at {have} of {end}")
    return behind

"""The judge of the kill test. It shares no code with the product.

It reads what went in and what came out with ``read_committed``, works out by itself what must
have come out, and names every difference. The product's final state is handed to it as plain
figures per customer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

import kafka
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError

from tests.chaos.expected import Expected, Place, Read, Totals
from tests.chaos.people import People
from tests.chaos.record import MARK
from tests.chaos.verdict import Verdict

BEGINS_AS = {
    "tier": "standard",
    "relationship": "potential",
    "lifecycle_phase": "exploration",
    "relationship_stage": "basic",
}
"""What a customer is before the first transition, in every dimension that is told."""
MOVES = "customer-moves"
JUDGED_KINDS = (
    "large_transaction", "vip_complaint", "vip_new", "complaint_escalated", "offer_window",
)  # fmt: skip


# -- what is ------------------------------------------------------------------------------


def compare(
    expected: Expected,
    totals: Mapping[str, Totals],
    alerts: Iterable[dict[str, Any]],
    letters: Iterable[dict[str, Any]],
) -> Verdict:
    """Every difference between what must be and what is."""
    verdict = Verdict(len(expected.totals), expected.events, expected.repeats)
    verdict.undecided, verdict.refunds = len(expected.undecided), expected.refunds
    verdict.dropped = expected.dropped
    for customer in sorted((expected.totals.keys() | totals.keys()) - expected.undecided):
        must, have = expected.totals.get(customer), totals.get(customer)
        if must != have:
            verdict.wrong_customers.append(f"{customer}: must be {must}, is {have}")
    _compare_alerts(verdict, expected, list(alerts))
    letters = list(letters)
    found = Counter(_placed(letter) for letter in letters)
    verdict.letters = found.total()
    verdict.lost_letters += [_place(p) for p in sorted(expected.letters.keys() - found.keys())]
    moved = {_placed(letter) for letter in letters if _moved_event(letter) in expected.maybe_moved}
    maybe = expected.letters.keys() | expected.maybe_letters | moved
    verdict.unexpected_letters += [_place(p) for p in sorted(found.keys() - maybe)]
    verdict.doubled_letters += [_place(p) for p, times in sorted(found.items()) if times > 1]
    for letter in letters:
        reason, given = expected.letters.get(_placed(letter)), letter.get("reason")
        if reason and reason != given:
            verdict.wrong_letters.append(f"{_place(_placed(letter))} is {given}, must be {reason}")
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
    for person, causes in sorted(expected.new_vips.items()):
        if not any(found[cause] for cause in causes):
            verdict.lost_alerts.append(f"vip_new of {person}, whichever of {sorted(causes)}")
    verdict.offers = sum(found[cause] for cause in found if cause[0] == "offer_window")


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
    verdict: Verdict,
    transitions: Sequence[dict[str, Any]],
    states: Iterable[dict[str, Any]],
    people: People | None = None,
) -> None:
    """In each dimension a customer's transitions must be a chain that ends in the state.

    It begins again with an erasure or a merge. Who took over what is known of another id may stand
    where that one stood, in each dimension for itself.
    """
    people = people or People(())
    at: dict[tuple[str, str], str] = {}
    stood: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    seen: Counter[str] = Counter()
    for told in transitions:
        seen[told["transition_id"]] += 1
        stood[people.of(told["customer_id"]), told["dimension"]].add(told["to_state"])
    for told in transitions:
        customer, dimension, before = told["customer_id"], told["dimension"], told.get("from_state")
        if dimension == "customer":
            for each in BEGINS_AS:
                at.pop((customer, each), None)
            continue
        if dimension not in BEGINS_AS:
            verdict.broken_transitions.append(f"{customer}: dimension {dimension} is not known")
            continue
        was = at.get((customer, dimension), BEGINS_AS[dimension])
        elsewhere = stood[people.of(customer), dimension] if customer in people.joined else ()
        if before not in (was, *elsewhere):
            verdict.broken_transitions.append(f"{customer}: from {before}, was {was}")
        at[customer, dimension] = told["to_state"]
    verdict.transitions = seen.total()
    verdict.doubled_transitions += [f"{one} {n} times" for one, n in seen.items() if n > 1]
    for state in states:
        customer, ends = state["customer_id"], _ends(state)
        for dimension, first in BEGINS_AS.items():
            last = at.get((customer, dimension), first)
            elsewhere = stood[customer, dimension] if customer in people.joined else ()
            if ends[dimension] not in (last, *elsewhere):
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


def _cause(alert: dict[str, Any]) -> tuple[str, str]:
    if alert["kind"] == "complaint_escalated":
        level = alert["level"]
        return alert["kind"], alert["complaint_id"] + (f" level {level}" if level != 1 else "")
    return alert["kind"], ",".join(alert["cause"])


def _placed(letter: Mapping[str, Any]) -> Place:
    return Place(letter["source_topic"], letter["partition"], letter["offset"])


def _moved_event(letter: Mapping[str, Any]) -> str | None:
    """The id of the event of a merged customer that was too late for the other id, if it is one."""
    if letter["source_topic"] != MOVES or letter["reason"] != "too_late":
        return None
    move = json.loads(base64.b64decode(letter["value"]))
    return str(move["cause"][0])


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


async def until_all_is_marked(bootstrap: str, topics: Iterable[str], seconds: float) -> None:
    """Wait until no transaction is open: markers come after a commit was acknowledged."""
    deadline = time.monotonic() + seconds
    async with (
        AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed") as stable,
        AIOKafkaConsumer(bootstrap_servers=bootstrap) as newest,
    ):
        for topic in topics:
            partitions = await _partitions(stable, topic)
            while await stable.end_offsets(partitions) != await newest.end_offsets(partitions):
                assert time.monotonic() < deadline, f"a transaction is open in {topic}"
                await asyncio.sleep(0.05)


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

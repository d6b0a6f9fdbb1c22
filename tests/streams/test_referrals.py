"""Referrals cross partitions exactly once, and a replay of the same events ends in the same.

On the event clock, where topics wait for each other: a transaction that hangs in the topic of
referrals holds up nobody.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from math import fsum
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from agents.customers import customers
from domain.policy import Policy
from schemas.fields import milliseconds, moment, rfc3339
from schemas.topics import INPUT_TOPICS, REFERRALS, SOURCE_TOPICS, TOPIC_OF_TYPE
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.replay.events import Replay
from streams.topics.ensure import ensure_topics
from tests.chaos.fleet import TOUCHLINE, Fleet, Journal
from tests.chaos.oracle import offsets_behind, read_topics
from tests.domain import oracle_value as oracle
from tests.domain.bank import DAY, START
from tests.domain.figured import line_of
from tests.streams.running import environment, produce, until

APP_ID = "referring"
PARTITIONS = 3
PEOPLE = 40
END = 100 * DAY
POLICY = Policy()


def town(seed: int = 1) -> list[dict[str, Any]]:
    """Events of people who refer each other, who change their mind, and one of whom is erased."""
    random, made = Random(seed), list[dict[str, Any]]()

    def event(at: int, name: str, kind: str, **fields: Any) -> None:
        common = {"event_id": f"e-{len(made):05d}", "customer_id": name, "channel": "app"}
        made.append({"type": kind, **common, "occurred_at": rfc3339(moment(START + at)), **fields})

    for number in range(PEOPLE):
        name = f"c-{number:03d}"
        referrer = "ghost" if number % 8 == 5 else f"c-{random.randrange(15):03d}"
        event(random.randrange(DAY), name, "profile", referred_by=referrer)
        if random.random() < 0.3:
            at, other = random.randrange(40 * DAY), f"c-{random.randrange(15):03d}"
            event(at, name, "profile", referred_by=random.choice((other, other, None)))
        for _ in range(random.randrange(9)):
            spent = {"amount": random.randrange(1, 400), "currency": "CNY", "account_id": "a"}
            at = random.randrange(60 * DAY)
            event(at, name, "transaction", direction="debit", **spent)
    event(70 * DAY, "c-007", "profile", erase=True)
    return sorted(made, key=lambda one: (one["occurred_at"], one["event_id"]))


def lines(events: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(event).encode() for event in events]


def expected(events: list[dict[str, Any]], now: int) -> dict[str, tuple[int, float]]:
    """By referrer: how many customers name it last, and a quarter of what they are worth."""
    kept: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("erase"):
            del kept[event["customer_id"]]
        else:
            kept[event["customer_id"]].append(event)
    worth: defaultdict[str, list[float]] = defaultdict(list)
    for name, theirs in kept.items():
        named = [event["referred_by"] for event in theirs if "referred_by" in event]
        if named[-1] in (None, name):
            continue
        bought = [
            (milliseconds(datetime.fromisoformat(event["occurred_at"])), float(event["amount"]))
            for event in theirs
            if event["type"] == "transaction"
        ]
        worth[named[-1]].append(oracle.outlook(bought, now)["clv"] if bought else 0.0)
    return {name: (len(each), 0.25 * fsum(each)) for name, each in worth.items()}


def replayed(partitions: int, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The customers of a replay, everyone as of the same end."""
    replay = Replay(customers(POLICY), partitions)
    list(replay.feed(lines(events)))
    list(replay.until(START + END))
    accepted = sum(n for (_, outcome), n in replay.counts.items() if outcome == "accepted")
    assert accepted == replay.events == len(events)
    return [line_of(one) for one in replay.customers()]


def test_a_replay_ends_in_what_brute_force_says_however_many_partitions() -> None:
    events = town()
    one = replayed(1, events)
    right = expected(events, START + END)
    # who was only named by others, and who was erased, is no customer
    assert {each["customer_id"] for each in one} == {f"c-{n:03d}" for n in range(PEOPLE)} - {
        "c-007"
    }
    assert right["ghost"][0] > 0
    for each in one:
        count, value = right.get(each["customer_id"], (0, 0.0))
        assert each["value"]["referrals"] == count
        assert each["value"]["referral_value"] == pytest.approx(value, rel=1e-6)
    assert sum(each["value"]["referrals"] > 1 for each in one) > 5
    for partitions in (3, 12):
        assert replayed(partitions, events) == one


class Live:
    """A broker with topics, and workers on the event clock."""

    def __init__(self, broker: LocalBroker, directory: Path) -> None:
        self.bootstrap = broker.bootstrap
        ensure_topics(self.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
        self.env = environment(APP_ID, self.bootstrap) | {
            "TOUCHLINE_CLOCK": "event",
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": "6",
            "TOUCHLINE_LOG_FORMAT": "text",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        command = [str(TOUCHLINE), "worker", "--http-port", "0"]
        self.fleet = Fleet(command, self.env, directory, Journal(directory / "journal.txt"))

    def produce(self, events: list[dict[str, Any]]) -> None:
        places = [(TOPIC_OF_TYPE[each["type"]], each["customer_id"].encode()) for each in events]
        produce(
            self.bootstrap,
            [(topic, key, line) for (topic, key), line in zip(places, lines(events), strict=True)],
        )

    def drained(self, topics: tuple[str, ...], what: str) -> None:
        until(lambda: not offsets_behind(self.bootstrap, APP_ID, topics) or None, what, 60)

    def states(self) -> dict[str, dict[str, Any]]:
        command = [str(TOUCHLINE), "state", "--all", "--json", "--at", _text(START + END)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return {each["customer_id"]: each for each in found}


def _text(at: int) -> str:
    return rfc3339(moment(at))[:19]


@pytest.fixture
def live(module_broker: LocalBroker, tmp_path: Path) -> Iterator[Live]:
    running = Live(module_broker, tmp_path)
    yield running
    running.fleet.close()


@contextmanager
def hanging(bootstrap: str) -> Iterator[None]:
    """A transaction in every partition of the topic of referrals, which in the end is aborted."""

    async def begin() -> AIOKafkaProducer:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="hangs")
        await producer.start()
        await producer.begin_transaction()
        for number in range(PARTITIONS):
            await producer.send_and_wait(REFERRALS, b"never seen", partition=number)
        return producer

    with asyncio.Runner() as runner:
        producer = runner.run(begin())
        yield
        runner.run(producer.abort_transaction())
        runner.run(producer.stop())


@pytest.mark.timeout(180)
def test_a_referral_crosses_partitions_exactly_once_although_a_worker_is_killed(
    live: Live,
) -> None:
    events = town()
    half = len(events) // 2
    with hanging(live.bootstrap):
        live.produce(events[:half])
        live.fleet.start("w1")
        live.drained(INPUT_TOPICS, "the input, whatever hangs in the topic of referrals")
    live.produce(events[half:])
    live.fleet.kill("w1")
    live.fleet.start("w2")
    live.drained(SOURCE_TOPICS, "everything, the referrals included")
    with hanging(live.bootstrap):
        pass
    live.drained(SOURCE_TOPICS, "a topic that ends in what was aborted")

    sent = asyncio.run(read_topics(live.bootstrap, [REFERRALS]))
    told = [json.loads(one.value or b"") for one in sent]
    assert len({each["referral_id"] for each in told}) == len(told) > 100
    crossed = 0
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for one, each in zip(sent, told, strict=True):
        assert one.key == each["referrer"].encode()
        assert one.partition == partition_of(one.key, PARTITIONS)
        crossed += one.partition != partition_of(each["referred"].encode(), PARTITIONS)
        versions[each["referred"]].append(each["version"])
    assert crossed > len(told) / 3
    assert all(sorted(seen) == list(range(1, len(seen) + 1)) for seen in versions.values())

    states = live.states()
    right = {each["customer_id"]: each for each in replayed(PARTITIONS, events)}
    assert states.keys() == right.keys()
    for name, state in states.items():
        for figure in ("events", "event_xor", "newest_event_at", "tier"):
            assert state[figure] == right[name][figure], name
        for figure in ("referrals", "referral_value", "referral_value_reason"):
            assert state["value"][figure] == right[name]["value"][figure], name

"""A record of workers that share, die and come back plays again to the byte."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from agents.customers import Touched, customers
from agents.modellings import modellings
from domain.assembly.context import Context
from domain.customer.state import Customer
from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    REFERRALS,
    SEGMENT_MODEL,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.engine.restore import read_compacted
from streams.recording.playing import Playback, recorded_policy
from streams.settings import load_settings
from tests.chaos.harness import PARTITIONS, Run
from tests.chaos.oracle import read_topics, until_all_is_marked

pytestmark = pytest.mark.live

OUTPUTS = (
    ALERTS, CARE_TASKS, CUSTOMER_TRANSITIONS, DEAD_LETTERS, REFERRALS, SEGMENT_UPDATES, SIGNALS,
    ALERT_STATES,
)  # fmt: skip
LOAD_SECONDS = 6.0
PATIENCE_SECONDS = 90.0


class RecordedRun(Run):
    """Workers that keep a record together."""

    @property
    def record(self) -> Path:
        """Where."""
        return self.directory / "record"

    @property
    def env(self) -> Mapping[str, str]:
        """The workers' settings."""
        return {**super().env, "TOUCHLINE_RECORD": str(self.record)}

    async def states(self) -> list[dict[bytes, bytes]]:
        """Every partition's records as they lie in Kafka."""
        settings = load_settings(kafka={"bootstrap": self.broker.bootstrap})
        read = [await read_compacted(settings, self.changelog, n) for n in range(PARTITIONS)]
        return [dict(store.items()) for store, _ in read]


@pytest.mark.timeout(240)
def test_what_workers_sent_is_played_to_the_byte_through_kills_and_moves(tmp_path: Path) -> None:
    with RecordedRun(tmp_path, seed=7) as run:
        run.begin(workers=2)
        time.sleep(LOAD_SECONDS)
        run.fleet.kill("w1")
        run.fleet.start("w1")
        time.sleep(LOAD_SECONDS)
        run.fleet.terminate("w2")
        time.sleep(LOAD_SECONDS)
        wait_until_worth_playing(run)
        run.load.stop()
        run.drain()
        assert run.fleet.terminate("w1") == 0
        assert not run.fleet.crashes
        asyncio.run(until_all_is_marked(run.broker.bootstrap, OUTPUTS, 30.0))
        sent = asyncio.run(read_topics(run.broker.bootstrap, OUTPUTS))
        states = asyncio.run(run.states())
        playback = played(run.record)
        outputs = [(topic, value) for topic, value in playback.play() if topic in OUTPUTS]

    live = [(one.topic, one.value or deletion(one.key)) for one in sent]
    kinds = Counter(topic for topic, _ in live)
    assert Counter(topic for topic, _ in outputs) == kinds
    assert by_customer(outputs) == by_customer(live)
    stores = [playback.partitions[number].store for number in range(PARTITIONS)]
    assert [dict(store.items()) for store in stores] == states
    assert playback.left_out == 0
    # The run must have been worth playing.
    assert kinds[ALERTS] > 50
    assert kinds[ALERT_STATES] > 50
    assert kinds[SEGMENT_UPDATES] > 240
    assert kinds[CUSTOMER_TRANSITIONS] > 200
    assert kinds[DEAD_LETTERS] > 20
    assert playback.models["segments"].version > 3


def deletion(key: bytes | None) -> bytes:
    """How a record without a value stands in the files of a replay."""
    told = {"alert_id": (key or b"").decode(), "deleted": True}
    return json.dumps(told, separators=(",", ":")).encode()


def wait_until_worth_playing(run: RecordedRun) -> None:
    """Let the load go on until every customer is in a segment, some moved, and models followed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = asyncio.run(read_topics(run.broker.bootstrap, (SEGMENT_UPDATES, SEGMENT_MODEL)))
        updates = sum(one.topic == SEGMENT_UPDATES for one in found)
        models = [json.loads(one.value or b"") for one in found if one.topic == SEGMENT_MODEL]
        if updates > 240 and max((model["version"] for model in models), default=0) > 3:
            return
        time.sleep(1)


def played(record: Path) -> Playback[Touched, Customer, Context]:
    """The record, to be played."""
    policy = recorded_policy(record)
    return Playback(customers(policy), modellings(policy), record)


def by_customer(outputs: Iterable[tuple[str, bytes]]) -> dict[tuple[str, str], list[bytes]]:
    """Values by topic and customer, in order: those of one customer come out of one partition.

    What names none comes out of several, whose order among each other is no matter; so do the
    letters of records that lay in another partition than their key's.
    """
    found = defaultdict(list)
    for topic, value in outputs:
        found[topic, json.loads(value).get("customer_id", "")].append(value)
    return {
        (topic, name): values if name and topic != DEAD_LETTERS else sorted(values)
        for (topic, name), values in found.items()
    }

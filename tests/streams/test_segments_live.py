"""Segments through Kafka: the published case comes out, and survives what happens to workers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import SEGMENT_MODEL, SEGMENT_UPDATES
from streams.cluster.broker import LocalBroker
from streams.sources.bank_case import BankCase
from streams.topics.ensure import ensure_topics
from tests.chaos.fleet import TOUCHLINE, Fleet, Journal
from tests.chaos.oracle import read_topics
from tests.streams.running import environment, event, produce, until

APP_ID = "live"
PARTITIONS = 12
SIZES = [5, 13, 82]
"""Of the segments of the published case."""


class Live:
    """A broker, workers, and what they have sent."""

    def __init__(self, broker: LocalBroker, directory: Path) -> None:
        self.bootstrap = broker.bootstrap
        ensure_topics(self.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
        self.env = environment(APP_ID, self.bootstrap) | {
            "TOUCHLINE_PARTITIONS": str(PARTITIONS),
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": "6",
            "TOUCHLINE_LOG_FORMAT": "text",
            "TOUCHLINE_POLICY": str(_policy(directory)),
        }
        command = [str(TOUCHLINE), "worker", "--http-port", "0"]
        self.fleet = Fleet(command, self.env, directory, Journal(directory / "journal.txt"))

    def start(self, name: str) -> None:
        self.fleet.start(name)
        assert self.fleet.wait_ready(name), self.fleet.log_tail(name)

    def touchline(self, *arguments: str, given: bytes | None = None) -> str:
        line = [sys.executable, "-m", "streams.cli", *arguments]
        done = subprocess.run(line, env=self.env, input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout.decode()

    def records(self, topic: str) -> list[dict[str, Any]]:
        """What a reader with ``read_committed`` sees, each partition in its order."""
        found = asyncio.run(read_topics(self.bootstrap, [topic]))
        return [json.loads(one.value or b"") for one in found]

    def states(self) -> list[dict[str, Any]]:
        lines = self.touchline("state", "--all", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def sizes(self) -> Counter[str | None]:
        return Counter(state["segment"] for state in self.states())


@pytest.fixture(scope="module")
def live(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    running = Live(module_broker, tmp_path_factory.mktemp("live"))
    yield running
    running.fleet.close()


@pytest.mark.timeout(240)
def test_the_published_case_comes_out_of_its_clicks(live: Live) -> None:
    case = BankCase(seed=3, end=datetime.now(UTC))
    live.start("w1")
    live.touchline("produce", "-", given=b"".join(line + b"\n" for line in case.lines()))
    # A model made while events still came may hold all customers, but not all they did.
    model = until(lambda: _settled(live), "a model of three segments of all customers", 180)

    assert max(model["silhouettes"], key=model["silhouettes"].get) == "3"
    # A name that a model on the way gave stays while it is true: "lurkers, high push share".
    cards = {card["name"].partition(", ")[0]: card for card in model["segments"]}
    assert len(cards) == len(model["segments"])
    assert {name: card["size"] for name, card in cards.items()} == {
        "notification-only": 5, "lurkers": 82, "quality": 13,
    }  # fmt: skip
    assert "account messages" in cards["notification-only"]["strategy"]
    assert "push" in cards["lurkers"]["strategy"]
    assert "spend less" in cards["quality"]["strategy"]
    lurking = [
        state["features"]
        for state in live.states()
        if state["segment"] == cards["lurkers"]["segment_id"]
    ]
    launches = sum(one["app_launches"] for one in lurking)
    pushed = sum(one["app_launches"] * one["push_share"] for one in lurking)
    assert pushed / launches == pytest.approx(0.638, abs=0.002)


@pytest.mark.timeout(240)
def test_ids_outlive_the_worker_that_made_the_model(live: Live) -> None:
    before = live.records(SEGMENT_MODEL)[-1]
    was = {state["customer_id"]: state["segment"] for state in live.states()}
    live.start("w2")
    live.start("w3")
    # three workers: the one that makes the models is killed, whichever it is
    for name in live.fleet.names:
        live.fleet.kill(name)
        live.start(name)
        _visit(live, name)
    model = until(lambda: _newer(live, before["version"] + 1), "a newer model", 90)
    assert {card["segment_id"] for card in model["segments"]} == {
        card["segment_id"] for card in before["segments"]
    }
    now = {state["customer_id"]: state["segment"] for state in live.states()}
    assert {one: now[one] for one in was if not one.startswith("new")} == was


@pytest.mark.timeout(120)
def test_every_customers_updates_are_a_chain_that_ends_in_the_state(live: Live) -> None:
    at: dict[str, str | None] = {}
    ids: Counter[str] = Counter()
    versions: defaultdict[str, list[int]] = defaultdict(list)
    updates, states = until(lambda: _at_rest(live), "updates and state of one moment", 60)
    for update in updates:
        customer = update["customer_id"]
        assert update.get("from_segment") == at.get(customer), update
        at[customer] = update.get("to_segment")
        ids[update["update_id"]] += 1
        versions[customer].append(update["model_version"])
    assert set(ids.values()) == {1}
    assert at == {state["customer_id"]: state["segment"] for state in states}
    assert all(seen == sorted(seen) for seen in versions.values())


def _at_rest(live: Live) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """Updates and states, where nobody moved while they were read."""
    updates, states = live.records(SEGMENT_UPDATES), live.states()
    return (updates, states) if len(live.records(SEGMENT_UPDATES)) == len(updates) else None


def _policy(directory: Path) -> Path:
    """The policy that comes with Touchline, but looking for another K far more often."""
    path = directory / "policy.json"
    path.write_text(json.dumps({"segments": {"scan_seconds": 1.0}}))
    return path


def _settled(live: Live) -> dict[str, Any] | None:
    """The newest model once it and the customers' states are those of the whole case."""
    models = live.records(SEGMENT_MODEL)
    if not models or sorted(card["size"] for card in models[-1]["segments"]) != SIZES:
        return None
    return models[-1] if sorted(live.sizes().values()) == SIZES else None


def _newer(live: Live, version: int) -> dict[str, Any] | None:
    newest = live.records(SEGMENT_MODEL)[-1]
    return newest if newest["version"] >= version else None


def _visit(live: Live, name: str) -> None:
    """A few new customers of the quality kind, so that a new model is worth making."""
    stamp = time.time_ns()
    actions = [("function_visit", 20), ("tab_switch", 16), ("news_view", 10), ("news_message", 9)]
    records = []
    for customer in range(8):
        number = 0
        for action, times in [*actions, ("launch", 18), ("account_message", 8)]:
            more = {"function": "loans"} if action == "function_visit" else {}
            more |= {"source": "icon"} if action == "launch" else {}
            for _ in range(times):
                number += 1
                event_id = f"n{stamp}-{customer}-{number}"
                who = f"new-{name}-{customer}"
                records.append(event(event_id, who, "app_click", action=action, **more))
    produce(live.bootstrap, records)

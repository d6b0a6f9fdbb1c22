"""What commit 960bda6 wrote into Kafka is restored by a worker of this version, which goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.fields import moment, rfc3339
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO, SEGMENT_MODEL
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.topics.ensure import ensure_topics
from tests.data.written_by_960bda6.make import START
from tests.data.written_by_960bda6.town import DAYS, town
from tests.streams.kept import Kept, of_then
from tests.streams.running import Record, environment, event, produce, until, worker_process

FILLER = b"read long ago"


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept("event")


@pytest.fixture(scope="module")
def variables(kept: Kept, module_broker: LocalBroker) -> Mapping[str, str]:
    """A Kafka in which that commit's topics lie, and the settings of a worker on it."""
    bootstrap, app_id = module_broker.bootstrap, kept.about["app_id"]
    ensure_topics(bootstrap, app_id, kept.partitions).raise_if_wrong()
    asyncio.run(fill(bootstrap, kept))
    return environment(app_id, bootstrap) | {
        "TOUCHLINE_CLOCK": kept.clock,
        "TOUCHLINE_PARTITIONS": str(kept.partitions),
    }


async def fill(bootstrap: str, kept: Kept) -> None:
    """Write its topics as they lay there, and inputs as long as those it had read."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20) as producer:
        sent = []
        for topic in (kept.changelog, PARTITION_SUMMARIES, PORTFOLIO, SEGMENT_MODEL):
            for one in kept.records(topic):
                sent.append(
                    await producer.send(
                        topic, one.value, one.key, one.partition, one.timestamp, one.headers
                    )
                )
        for number in range(kept.partitions):
            for topic, end in kept.restored(number).next_offsets.items():
                for _ in range(end):
                    sent.append(await producer.send(topic, FILLER, partition=number))
        await asyncio.gather(*sent)


def said(variables: Mapping[str, str]) -> list[bytes]:
    """Every customer's figures, as the command tells them."""
    line = [sys.executable, "-m", "streams.cli", "state", "--all", "--json"]
    done = subprocess.run(line, env=variables, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.splitlines()


def told(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The same by customer."""
    return figures(said(variables))


def figures(lines: Iterable[bytes]) -> dict[str, dict[str, Any]]:
    """Figures of then by customer."""
    return {state["customer_id"]: state for state in map(of_then, lines)}


def test_the_command_tells_the_figures_it_told_then(
    kept: Kept, variables: Mapping[str, str]
) -> None:
    assert [*map(of_then, said(variables))] == [*map(of_then, kept.customers())]


def test_a_worker_restores_it_and_goes_on(
    kept: Kept, variables: Mapping[str, str], tmp_path: Path
) -> None:
    before = figures(kept.customers())
    names = sorted(before)
    newest = newest_clicks()
    clicked, left_alone = set(names[::3]), set(names[2::3])
    repeated = set(names[1::3]) & set(newest)
    assert min(len(clicked), len(repeated), len(left_alone)) > 15
    sent = [click(kept, name, f"later-{name}") for name in (*clicked, "newcomer")]
    # What was counted then is known by its id and by what is told of its type.
    sent += [click(kept, name, newest[name]) for name in repeated]
    with worker_process(variables, tmp_path / "worker.log"):
        produce(variables["TOUCHLINE_KAFKA__BOOTSTRAP"], sent)
        until(lambda: all_counted(told(variables), before, clicked, repeated), "what was sent")
    after = told(variables)
    assert after.keys() == {*before, "newcomer"}
    assert after["newcomer"]["events"] == 1
    for name in clicked:
        assert after[name]["newest_event_at"] == last_moment(kept, name)
        assert alike(after[name], before[name], *BY_A_CLICK)
        features = after[name]["features"]
        then = before[name]["features"] or dict.fromkeys(features, 0)
        assert features["tab_switches"] == then["tab_switches"] + 1
        assert without(features, *CLICKED) == without(then, *CLICKED)
    for name in repeated:
        assert alike(after[name], before[name], "repeats", "segment")
    for name in left_alone:
        assert alike(after[name], before[name], "segment")


# A new model may move a customer to another segment meanwhile.
BY_A_CLICK = ("events", "event_xor", "features", "missing", "newest_event_at", "segment")
CLICKED = ("behaviours", "tab_switches")
# Alerts whose matter is settled counted as open then.
OF_ALERTS = ("alerts_open", "alerts_acknowledged", "alerts_forgotten")


def alike(now: Mapping[str, Any], then: Mapping[str, Any], *but: str) -> bool:
    """Whether figures are the same but for these, and alerts that are settled count no more."""
    fewer = all(now[name] <= then[name] for name in OF_ALERTS)
    return fewer and without(now, *but, *OF_ALERTS) == without(then, *but, *OF_ALERTS)


def all_counted(
    found: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
    clicked: Iterable[str],
    repeated: Iterable[str],
) -> bool | None:
    """Whether each has an event, or a repeat, more than before; ``None``: not yet."""
    done = "newcomer" in found
    done &= all(found[name]["events"] == before[name]["events"] + 1 for name in clicked)
    done &= all(found[name]["repeats"] == before[name]["repeats"] + 1 for name in repeated)
    return done or None


def without(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """All but these figures."""
    return {name: value for name, value in told.items() if name not in names}


def last_moment(kept: Kept, customer: str) -> str:
    """How far the clock of the customer's partition had come, as an event says it."""
    number = partition_of(customer.encode(), kept.partitions)
    return rfc3339(moment(kept.restored(number).now))


def newest_clicks() -> dict[str, str]:
    """The id of each customer's newest click, where it was not more than 7 days before the last."""
    newest: dict[str, tuple[str, str]] = {}
    for at, _, one in town(START).events:
        if one["type"] == "app_click" and at > START + timedelta(days=DAYS - 6):
            found = one["occurred_at"], one["event_id"]
            newest[one["customer_id"]] = max(found, newest.get(one["customer_id"], found))
    return {name: event_id for name, (_, event_id) in newest.items()}


def click(kept: Kept, customer: str, event_id: str) -> Record:
    """A click at the last moment that the customer's partition has met."""
    at = last_moment(kept, customer)
    return event(event_id, customer, "app_click", action="tab_switch", occurred_at=at)

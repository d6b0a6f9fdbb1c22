"""The read model gives what the changelog and the outputs hold: every customer, the same bytes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.policy import Policy
from schemas.topics import ALERT_STATES, ALERTS, CUSTOMER_TRANSITIONS
from streams.cluster.broker import LocalBroker
from streams.engine.client.reading import Reader, read_records
from streams.readmodel.fresh import fresh
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter, Change, CustomerFilter
from streams.settings import KafkaSettings, ServeSettings, Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.readmodel.following import (
    FollowerProcess,
    bank,
    counts,
    current,
    ends,
    everyone,
    follower,
    modelled,
    run,
    settings_of,
    variables,
)
from tests.streams.running import PARTITIONS, produce, until, worker_process


@pytest.fixture(scope="module")
def worked(
    module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A bank that was worked off, with a follower beside all the while."""
    place = tmp_path_factory.mktemp("readmodel")
    settings = settings_of("readmodel", module_broker.bootstrap, place / "serve")
    ensure_topics_of(settings)
    model = ReadModel(settings)
    assert model.currency() == []
    with follower(settings, place / "follower.log") as one:
        with worker_process(variables(settings), place / "worker.log"):
            produce(module_broker.bootstrap, bank(120, 4_000))
            counts(model, ends(settings))
        current(model)
        yield settings
        assert one.process is not None and one.process.poll() is None, one.told()


def test_every_customer_is_as_state_tells_it(worked: Settings) -> None:
    expected = everyone(worked)
    assert len(expected) > 100
    assert modelled(ReadModel(worked)) == expected


def test_lists_agree_with_figures(worked: Settings) -> None:
    model = ReadModel(worked)
    for row in model.customers(CustomerFilter(), None, 1_000).rows:
        whole = model.customer(row.customer_id)
        assert whole is not None
        figures = whole.figures
        assert row.tier == figures.tier
        assert row.segment == figures.segment
        assert row.owner_id == figures.owner_id
        assert row.balance == figures.balance
        assert row.satisfaction == figures.satisfaction
        assert row.complaints_open == figures.complaints_open
        assert row.state == figures.relationship.state


def test_outputs_are_all_there_in_their_order(worked: Settings) -> None:
    model = ReadModel(worked)
    for topic in (ALERTS, CUSTOMER_TRANSITIONS):
        told = model.changed({}, [topic], 100_000)
        assert told
        for number in range(PARTITIONS):
            mine = [one.value for one in told if one.partition == number]
            assert mine == run(_values(worked, topic, number))


async def _values(settings: Settings, topic: str, number: int) -> list[bytes]:
    return [value async for _, value in read_records(settings, topic, number)]


def test_changed_goes_on_from_any_positions(worked: Settings) -> None:
    model = ReadModel(worked)
    everything = model.changed({}, [CUSTOMER_TRANSITIONS], 100_000)
    positions: dict[tuple[str, int], int] = {}
    found = []
    while some := model.changed(positions, [CUSTOMER_TRANSITIONS], 37):
        found += some
        positions |= {(one.topic, one.partition): one.offset + 1 for one in some}
    assert sorted(found) == everything
    assert msgspec.json.decode(found[0].value)["customer_id"] == found[0].customer_id


def test_timelines_have_every_event_once(worked: Settings) -> None:
    model = ReadModel(worked)
    rows = model.customers(CustomerFilter(), None, 1_000).rows[::10]
    until(lambda: not any(model.lacks_events(row.customer_id) for row in rows), "all events")
    for row in rows:
        whole = model.customer(row.customer_id)
        assert whole is not None
        opened = model.timeline(row.customer_id, None, 10_000, opened=True).rows
        drawn = model.timeline(row.customer_id, None, 10_000, opened=False).rows
        came = [one for one in opened if one.source.startswith("touchpoints.")]
        assert all(one.counted for one in opened)
        kept = [one for one in came if one.refused is None]
        assert len({one.value for one in kept}) >= whole.figures.events
        assert sum(one.count for one in drawn) == len(opened)


def test_alerts_are_those_of_the_topic(worked: Settings) -> None:
    model = ReadModel(worked)
    newest: dict[str, bytes | None] = {}
    for number in range(PARTITIONS):
        for key, value in run(_states(worked, number)):
            newest[key] = value
    expected = {key: value for key, value in newest.items() if value is not None}
    rows = model.alerts(AlertFilter(), None, 100_000).rows
    assert {one.alert_id: one.value for one in rows} == expected
    counted = model.alert_counts(AlertFilter())
    assert sum(counted.values()) - counted["last_raised"] == len(expected)


async def _states(settings: Settings, number: int) -> list[tuple[str, bytes | None]]:
    async with Reader(settings) as reader:
        return [
            ((record.key or b"").decode(), record.value)
            async for batch in reader.batches(ALERT_STATES, number)
            for record in batch
        ]


def test_commands_tell_the_same_by_the_read_model(worked: Settings, tmp_path: Path) -> None:
    """``touchline state`` and reports say the same as without a follower, but sooner."""
    beside = variables(worked)
    without = {**beside, "TOUCHLINE_SERVE__DIRECTORY": str(tmp_path / "none")}
    some = next(iter(everyone(worked)))
    for command in (
        ["state", some, "--json"],
        ["state", "--all", "--json"],
        ["report", "experience", "--format", "json"],
        ["report", "value", "--format", "json"],
    ):
        told = [_told(command, each) for each in (beside, without)]
        assert told[0] == told[1] and len(told[0]) > 200
    assert fresh(worked, Policy(), None) is not None
    elsewhere = worked.model_copy(update={"kafka": KafkaSettings(bootstrap="localhost:1")})
    assert fresh(elsewhere, Policy(), None) is None


def _told(command: list[str], environment: dict[str, str]) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "streams.cli", *command],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout


def test_a_follower_that_is_killed_goes_on(worked: Settings, tmp_path: Path) -> None:
    """Killed while it builds, while it catches up and while it follows: the end is the same."""
    settings = worked.model_copy(update={"serve": ServeSettings(directory=tmp_path / "killed")})
    expected, model = everyone(worked), ReadModel(settings)
    one, chosen = FollowerProcess(settings, tmp_path / "killed.log"), random.Random(11)
    try:
        for _ in range(10):
            one.start()
            began, seen = time.monotonic(), list((tmp_path / "killed").glob("model-*"))
            while not seen and time.monotonic() - began < 30:
                time.sleep(0.02)
                seen = list((tmp_path / "killed").glob("model-*"))
            time.sleep(chosen.uniform(0.0, 1.5))
            one.kill()
        one.start()
        current(model)
        assert modelled(model) == expected
        told = model.changed({}, [ALERTS, CUSTOMER_TRANSITIONS], 1_000_000)
        assert len({each.value for each in told}) == len(told)
        assert [each[1:] for each in sorted(told, key=_place)] == [
            each[1:]
            for each in sorted(
                ReadModel(worked).changed({}, [ALERTS, CUSTOMER_TRANSITIONS], 1_000_000),
                key=_place,
            )
        ]
    finally:
        one.kill()


def _place(change: Change) -> tuple[str, int, int]:
    return change.topic, change.partition, change.offset

"""Topics of models and snapshots that were deleted and made anew: nothing is lost or it is told."""

from __future__ import annotations

import asyncio

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from streams.cluster.broker import LocalBroker
from streams.engine import fitting
from tests.streams.engine.test_fitting import PARTITIONS, Bench, until


def anew(bench: Bench, topic: str) -> None:
    """Delete a topic and make it again; that it is gone takes a moment to be known."""
    admin = KafkaAdminClient(bootstrap_servers=bench.settings.kafka.bootstrap)
    before = admin.describe_topics([topic])[0]["topic_id"]
    admin.delete_topics([topic])
    for _ in range(100):
        if admin.describe_topics([topic])[0]["error_code"]:
            break
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    assert admin.describe_topics([topic])[0]["topic_id"] != before
    admin.close()


async def test_versions_go_on_behind_those_in_use_where_the_models_are_lost(
    broker: LocalBroker,
) -> None:
    bench = Bench(broker)
    await bench.snapshot(0)
    async with bench.fitting(used=7) as ear:
        await until(lambda: ear.models)
        assert ear.refused == ["lost"]
        await bench.snapshot(0, shift=9)
        await until(lambda: len(ear.models) == 2)
    async with bench.fitting(used=9) as ear:
        await bench.snapshot(0, shift=2)
        await until(lambda: ear.models)
        assert ear.refused == []
    assert [model.version for model in await bench.models(3)] == [8, 9, 10]


async def test_models_do_not_wait_for_other_partitions_while_none_is_lost(
    broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "USED_SECONDS", 3_600.0)
    bench = Bench(broker)
    await bench.snapshot(0)
    async with bench.fitting(opening=frozenset((1, 2))) as ear:
        await until(lambda: ear.models)
    async with bench.fitting(used=1, opening=frozenset((1, 2))) as ear:
        await bench.snapshot(0, shift=9)
        await until(lambda: ear.models)
    assert [model.version for model in await bench.models(2)] == [1, 2]


async def test_snapshots_of_a_topic_made_anew_are_read_from_its_beginning(
    broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "LOOK_SECONDS", 0.5)
    bench = Bench(broker)
    for partition in range(PARTITIONS):
        await bench.snapshot(partition)
    async with bench.fitting() as ear:
        await until(lambda: ear.models and ear.models[-1].customers == 60 * PARTITIONS)
        before = len(ear.models)
        await asyncio.to_thread(anew, bench, bench.modelling.source)
        await bench.snapshot(0, shift=9)
        await until(lambda: len(ear.models) > before)
        assert ear.models[-1].customers == 60 * PARTITIONS

"""Models on a real broker: made by one task only, read by every worker, never by halves."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from xxhash import xxh3_64_intdigest

from agents.modelling import snapshot_key
from agents.segments import segments
from domain.policy import Policy
from domain.policy.segments import SegmentRules
from domain.segmentation.features import FeatureSet
from domain.segmentation.micro import MicroClusters
from domain.segmentation.summary import dump_summary
from schemas.codec import encode
from schemas.common import CommonRecord
from schemas.segments import SegmentModel
from streams.cluster.broker import LocalBroker
from streams.engine.client.reading import read_records
from streams.engine.fitting import Fitting, InUse
from streams.engine.models import Models
from streams.engine.observer import Observer
from streams.settings import KafkaSettings, SegmentSettings, Settings

PARTITIONS = 3
SECONDS = 20.0
_numbers = itertools.count()
RULES = SegmentRules(k=2, scan_seconds=0.0, publish_shift=0.01)


class Ear(Observer):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.models: list[SegmentModel] = []
        self.refused: list[str] = []

    def modelled(self, model: Any, snapshots: int, seconds: float) -> None:
        """A model was published."""
        self.models.append(model)

    def model_refused(self, reason: str, why: str) -> None:
        """A model or snapshot was not taken."""
        self.refused.append(reason)


class Bench:
    """Topics of one test, and what fits on them."""

    def __init__(
        self, broker: LocalBroker, rules: SegmentRules = RULES, refit_seconds: float = 30.0
    ) -> None:
        number = next(_numbers)
        self.settings = Settings(
            app_id=f"fitting-{number}",
            partitions=PARTITIONS,
            kafka=KafkaSettings(bootstrap=broker.bootstrap),
            segments=SegmentSettings(fit_seconds=0.1, refit_seconds=refit_seconds),
        )
        self.modelling = replace(
            segments(Policy(segments=rules)),
            source=f"summaries-{number}",
            target=f"models-{number}",
        )
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        topics = (self.modelling.source, self.modelling.target)
        admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics])
        admin.close()

    @asynccontextmanager
    async def fitting(
        self, used: int = 0, opening: frozenset[int] = frozenset()
    ) -> AsyncIterator[Ear]:
        """Models are made meanwhile; partitions have ``used`` the model of that version.

        Those of the others are not known: they are ``opening``.
        """
        ear, versions = Ear(), {self.modelling.kind: used}
        fitting = Fitting(
            (self.modelling,), self.settings, ear, used=lambda: InUse(versions, opening)
        )
        task = asyncio.create_task(fitting.run())
        try:
            yield ear
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def send(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka.bootstrap)
        await producer.start()
        await producer.send_and_wait(topic, value, key, partition)
        await producer.stop()

    async def snapshot(self, partition: int, *, shift: float = 0.0, clock: int = 1) -> None:
        """Sixty customers of a partition: a third of them visit functions, by 20 + ``shift``."""
        await self.send(
            self.modelling.source,
            partition,
            snapshot_key("segments", partition),
            snapshot(partition, shift, clock),
        )

    async def models(self, count: int) -> list[SegmentModel]:
        """Every model in Kafka, oldest first, once there are so many.

        A commit is acknowledged before its markers are written: a reader may come too soon.
        """
        found: list[SegmentModel] = []
        for _ in range(round(SECONDS / 0.05)):
            found.clear()
            async for _, value in read_records(self.settings, self.modelling.target, 0):
                with suppress(ValueError):
                    found.append(SegmentModel.model_validate_json(value))
            if len(found) >= count:
                break
            await asyncio.sleep(0.05)
        return found


def snapshot(partition: int, shift: float, clock: int) -> bytes:
    """What a partition of sixty customers would send."""
    random = np.random.default_rng(partition)
    raw = np.zeros((60, len(RULES.features)))
    raw[:, 1] = random.integers(1, 4, 60)
    raw[:20, 5] = random.integers(18, 23, 20) + round(shift)
    raw[:, 0] = raw[:, 1] + raw[:, 5]
    micro = MicroClusters(FeatureSet.of(RULES))
    hashes = [xxh3_64_intdigest(f"{partition}-{row}".encode()) for row in range(60)]
    micro.put(np.arange(60), raw, np.array(hashes, dtype=np.uint64))
    return dump_summary(micro.summary(partition, clock, 1000))


@pytest.fixture
def bench(broker: LocalBroker) -> Bench:
    return Bench(broker)


async def until(look: Callable[[], Any]) -> Any:
    """What ``look`` gives once it is true."""
    for _ in range(round(SECONDS / 0.05)):
        if found := look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("waited in vain")


async def test_snapshots_become_a_model_that_the_next_task_goes_on_from(bench: Bench) -> None:
    for partition in range(PARTITIONS):
        await bench.snapshot(partition)
    async with bench.fitting() as ear:
        await until(lambda: ear.models and ear.models[-1].customers == 60 * PARTITIONS)
    made = len(ear.models)
    before = (await bench.models(made))[-1]
    sizes = {card.segment_id: card.size for card in before.segments}
    assert sorted(sizes.values()) == [20 * PARTITIONS, 40 * PARTITIONS]
    await bench.snapshot(0, shift=9)
    async with bench.fitting() as ear:
        await until(lambda: ear.models)
    after = (await bench.models(made + len(ear.models)))[-1]
    assert after.version == before.version + 1
    assert {card.segment_id: card.size for card in after.segments} == sizes
    assert after.next_id == before.next_id


async def test_cards_that_were_too_fresh_to_replace_are_replaced_without_more_news(
    broker: LocalBroker,
) -> None:
    slow = RULES.model_copy(update={"publish_shift": 10.0, "publish_seconds": 3.0})
    bench = Bench(broker, slow, refit_seconds=0.5)
    await bench.snapshot(0)
    async with bench.fitting() as ear:
        await until(lambda: ear.models)
        await bench.snapshot(1)
        await until(lambda: len(ear.models) == 2)
    assert [model.customers for model in ear.models] == [60, 120]
    age = re.search(r"cards are (\d+) s old", ear.models[-1].reason)
    assert age, ear.models[-1].reason
    assert int(age[1]) >= 3


async def test_a_second_task_ends_the_first_before_it_can_publish(bench: Bench) -> None:
    await bench.snapshot(0)
    first = Ear()
    zombie = asyncio.create_task(Fitting((bench.modelling,), bench.settings, first).run())
    await until(lambda: first.models)
    async with bench.fitting() as second:
        await asyncio.sleep(1.0)
        await bench.snapshot(1)
        await until(lambda: second.models)
        await asyncio.wait_for(zombie, SECONDS)
    versions = [
        model.version for model in await bench.models(len(first.models) + len(second.models))
    ]
    assert versions == list(range(1, len(versions) + 1))
    assert len(first.models) + len(second.models) == len(versions)


async def test_a_torn_model_is_passed_over_and_one_alone_stops_the_making(bench: Bench) -> None:
    target = bench.modelling.target
    await bench.snapshot(0)
    await bench.send(target, 0, bench.modelling.key, b'{"version": 7, "cent')
    async with bench.fitting() as ear:
        await until(lambda: "unreadable" in ear.refused)
    assert await bench.models(0) == []

    good = await _good_model(bench)
    await bench.send(target, 0, bench.modelling.key, encode(good))
    await bench.send(target, 0, bench.modelling.key, b"")
    await bench.snapshot(0, shift=9)
    async with bench.fitting() as ear:
        await until(lambda: ear.models)
    assert ear.models[0].version == good.version + 1
    assert ear.models[0].next_id >= good.next_id


async def test_a_torn_snapshot_is_left_aside_and_the_others_count(bench: Bench) -> None:
    await bench.send(
        bench.modelling.source, 2, snapshot_key("segments", 2), snapshot(2, 0.0, 1)[:-3]
    )
    await bench.snapshot(0)
    async with bench.fitting() as ear:
        await until(lambda: ear.models and "snapshot" in ear.refused)
    assert ear.models[-1].customers == 60


async def test_a_reader_takes_the_newest_model_and_refuses_torn_and_older_ones(
    bench: Bench,
) -> None:
    good = await _good_model(bench)

    async def send(value: bytes) -> None:
        await bench.send(bench.modelling.target, 0, bench.modelling.key, value)

    def version(number: int) -> bytes:
        return encode(good.model_copy(update={"version": number}))

    await send(version(3))
    await send(version(4))
    ear, taken = Ear(), list[int]()

    def take(model: CommonRecord) -> None:
        taken.append(model.version)

    models = Models((bench.modelling,), bench.settings, ear, take)  # a late worker
    reading = asyncio.create_task(models.run())
    try:
        await until(lambda: taken == [3, 4])
        await send(b"not a model")
        await send(version(2))
        await send(version(5))
        await until(lambda: taken == [3, 4, 5])
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    assert ear.refused == ["unreadable", "older"]
    assert models.newest["segments"].version == 5


async def _good_model(bench: Bench) -> SegmentModel:
    fitter = bench.modelling.fitter(None)
    made = fitter.fit([bench.modelling.load_summary(snapshot(0, 0.0, 1))], 1)
    assert made is not None
    assert isinstance(made.record, SegmentModel)
    return made.record

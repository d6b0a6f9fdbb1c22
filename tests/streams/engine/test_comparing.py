"""Comparing a clock with a real broker's."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient

from streams.cluster.broker import LocalBroker
from streams.engine.clock import WallClock
from streams.engine.comparing import Comparing, NoStamp, measured
from streams.engine.observer import Observer
from streams.settings import Settings
from streams.topics.ensure import ensure_topics


class Ear(Observer):
    """Keeps what was told of the clock."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def clock_compared(self, offset: float) -> None:
        self.told.append(offset)


def settings(broker: LocalBroker, app_id: str) -> Settings:
    found = Settings(app_id=app_id, partitions=2)
    found.kafka.bootstrap = broker.bootstrap
    return found


def wrong(seconds: float) -> WallClock:
    """The clock of a machine that is so far ahead."""
    return WallClock(lambda: time.time_ns() + round(seconds * 1e9))


@pytest.mark.parametrize("seconds", [0.0, -600.0, 7_200.0])
async def test_the_offset_is_known_by_the_brokers_stamp(
    broker: LocalBroker, seconds: float
) -> None:
    ensure_topics(broker.bootstrap, "compare", 2)
    ear, clock = Ear(), wrong(seconds)
    await Comparing(settings(broker, "compare"), clock, ear).first()
    [offset] = ear.told
    assert abs(offset - seconds) < 1.0
    assert clock.sure()
    assert abs(clock.ms() - time.time_ns() // 1_000_000) < 1_000
    assert (clock.unfit() is None) is (seconds == 0.0)


async def test_a_topic_that_the_broker_does_not_stamp_says_nothing(broker: LocalBroker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    topic = {"num_partitions": 2, "replication_factor": 1, "configs": {}}
    admin.create_topics({"unstamped-clock-probes": topic})
    admin.wait_for_topics(["unstamped-clock-probes"])
    admin.close()
    clock, told = wrong(-600.0), settings(broker, "unstamped")
    with pytest.raises(NoStamp, match="unstamped-clock-probes must have"):
        await measured(told, clock)
    assert not await Comparing(told, clock, Observer()).once()
    why = clock.unfit()
    assert why is not None
    assert why.startswith("it is not known what time it is: the brokers do not tell (NoStamp: ")

"""Fetch sessions against a real broker: nothing is named twice, nothing is lost with a session."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from streams.cluster.broker import LocalBroker
from streams.engine.client.fetch_sessions import (
    FULL,
    HURRIED_MS,
    LAST_EPOCH,
    FetchSessions,
    Part,
    Session,
    SessionFetch,
)
from streams.engine.transport import EVENT_CLOCK_WAIT_MS, _wait_ms
from streams.settings import Settings

PARTITIONS = 20
_numbers = itertools.count()
ONE, TWO, THREE = (TopicPartition("t", number) for number in range(1, 4))


class Bench:
    """A consumer that fetches in sessions, a producer, and how many partitions each fetch named."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self.tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self.sessions = FetchSessions()
        self.named: list[int] = []
        self.waits: list[int] = []
        self.closed: list[int] = []
        options: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "retry_backoff_ms": 50,
            "metadata_max_age_ms": 1_000,
        }
        self.consumer = AIOKafkaConsumer(
            **options, enable_auto_commit=False, fetch_max_wait_ms=20, auto_offset_reset="earliest"
        )
        self.producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)

    @property
    def session(self) -> Session:
        """That with the one broker."""
        [session] = self.sessions._sessions.values()
        return session

    async def send(self, partition: int, value: str) -> None:
        await self.producer.send_and_wait(self.topic, value.encode(), partition=partition)

    async def got(self, count: int, seconds: float = 20.0) -> list[tuple[int, str]]:
        """The next so many records: partition and value, sorted."""
        found: list[tuple[int, str]] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            for tp, records in (await self.consumer.getmany(timeout_ms=100)).items():
                found += [(tp.partition, record.value.decode()) for record in records]
        return sorted(found)

    async def idle(self, seconds: float = 0.5) -> list[int]:
        """How many partitions each fetch names while nothing happens."""
        assert await self.got(1, 0.3) == []
        self.named.clear()
        assert await self.got(1, seconds) == []
        return self.named[:]


@asynccontextmanager
async def bench(
    broker: LocalBroker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        await asyncio.to_thread(admin.create_topics, [NewTopic(topic, PARTITIONS, 1)])
    finally:
        admin.close()
    one = Bench(broker.bootstrap, topic)
    build = SessionFetch.build

    def noted(self: SessionFetch, version: Any) -> Any:
        request = build(self, version)
        one.named.append(sum(len(parts) for _, parts in request.topics))
        one.waits.append(request.max_wait_time)
        if request.session_epoch == FULL:
            one.closed.append(request.session_id)
        return request

    monkeypatch.setattr(SessionFetch, "build", noted)
    await one.producer.start()
    await one.consumer.start()
    one.sessions.take_over(one.consumer, 0.0)
    one.consumer.assign(one.tps)
    await one.consumer.seek_to_beginning()
    try:
        yield one
    finally:
        await one.consumer.stop()
        await one.producer.stop()


@pytest.fixture
async def one(broker: LocalBroker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with bench(broker, f"sessions-{next(_numbers)}", monkeypatch) as made:
        yield made


async def test_a_fetch_names_only_what_changed(one: Bench) -> None:
    idle = await one.idle()
    assert len(idle) > 5
    assert set(idle) == {0}
    await one.send(3, "a")
    await one.send(7, "b")
    assert await one.got(2) == [(3, "a"), (7, "b")]
    assert max(one.named) <= 2
    assert set(await one.idle()) == {0}


async def test_after_a_seek_records_come_again(one: Bench) -> None:
    for number in range(PARTITIONS):
        await one.send(number, f"v{number}")
    everything = [(number, f"v{number}") for number in range(PARTITIONS)]
    assert await one.got(PARTITIONS) == everything
    one.consumer.seek(TopicPartition(one.topic, 5), 0)
    one.sessions.forget()
    assert await one.got(1) == [(5, "v5")]
    assert await one.idle()


async def test_a_session_the_broker_forgot_is_begun_anew(one: Bench) -> None:
    await one.idle()
    before, one.session.number = one.session.number, 987_654
    await one.send(2, "after")
    assert await one.got(1) == [(2, "after")]
    assert set(await one.idle()) == {0}
    assert one.session.number not in {before, 987_654, 0}


async def test_an_epoch_out_of_step_is_begun_anew(one: Bench) -> None:
    await one.idle()
    one.session.epoch += 100
    await one.send(2, "after")
    assert await one.got(1) == [(2, "after")]


@pytest.mark.timeout(120)
async def test_records_go_on_after_the_broker_was_restarted(
    fresh_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(fresh_broker, "sessions-restart", monkeypatch) as one:
        await one.send(1, "before")
        assert await one.got(1) == [(1, "before")]
        await asyncio.to_thread(fresh_broker.stop)
        await asyncio.to_thread(fresh_broker.restart)
        await one.send(1, "after")
        assert await one.got(1, 40) == [(1, "after")]


async def test_the_end_of_an_idle_partition_is_known_of_each_answered_fetch(one: Bench) -> None:
    await one.idle()
    before = time.time_ns() // 1_000_000
    assert await one.got(1, 0.5) == []
    assert min(one.sessions.asked_at(tp) for tp in one.tps) >= before
    state = one.consumer._subscription.subscription.assignment.state_value(one.tps[9])
    assert (state.lso, state.highwater) == (0, 0)


async def test_nothing_waits_long_while_a_partition_is_left_out(one: Bench) -> None:
    await one.idle()
    assert set(one.waits[-5:]) == {20}
    await one.send(3, "a")
    await asyncio.sleep(0.5)  # the record is fetched, and nobody takes it
    assert set(one.waits[-5:]) == {HURRIED_MS}
    assert await one.got(1) == [(3, "a")]
    await one.idle()
    assert set(one.waits[-5:]) == {20}


async def test_a_throttled_answer_says_nothing_of_any_end(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.idle()
    client, quota = one.consumer._fetcher._client, 500
    answer = client._client.send

    async def throttled(node_id: int, request: Any, **options: Any) -> Any:
        response = await answer(node_id, request, **options)
        if isinstance(request, SessionFetch):
            response.throttle_time_ms, response.topics = quota, []
        return response

    monkeypatch.setattr(client._client, "send", throttled)
    await asyncio.sleep(0.2)
    before = [one.sessions.asked_at(tp) for tp in one.tps]
    one.named.clear()
    await asyncio.sleep(0.3)
    assert [one.sessions.asked_at(tp) for tp in one.tps] == before
    assert set(one.named) == {PARTITIONS}
    monkeypatch.setattr(client._client, "send", answer)
    await one.send(4, "after")
    assert await one.got(1) == [(4, "after")]
    assert min(one.sessions.asked_at(tp) for tp in one.tps) > max(before)


async def test_a_session_that_is_begun_anew_closes_the_one_before(one: Bench) -> None:
    await one.idle()
    numbers: list[int] = []
    one.closed.clear()
    for _ in range(5):
        numbers.append(one.session.number)
        one.sessions.forget()
        until = time.monotonic() + 20
        while one.session.number in {0, *numbers} and time.monotonic() < until:  # noqa: ASYNC110 - the client has no event
            await asyncio.sleep(0.02)
        assert one.session.number not in {0, *numbers}
    # a fetch of epoch 0 with a session's number ends that session
    assert set(numbers) <= set(one.closed)


# -- what a session names, without a broker -----------------------------------------------


def numbered() -> Session:
    session = Session()
    session.number = 77
    return session


def test_without_a_session_everything_is_named_each_time() -> None:
    session, wanted = Session(), {ONE: Part(1, 9), TWO: Part(2, 9)}
    for _ in range(2):
        assert session.changes(wanted) == (wanted, ())
        session.answered(wanted)
        assert (session.number, session.epoch) == (0, FULL)


def test_in_a_session_moved_new_and_left_partitions_are_named() -> None:
    session = numbered()
    session.answered({ONE: Part(1, 9), TWO: Part(2, 9)})
    assert (session.number, session.epoch) == (77, 1)
    named, left = session.changes({ONE: Part(5, 9), THREE: Part(0, 9)})
    assert named == {ONE: Part(5, 9), THREE: Part(0, 9)}
    assert set(left) == {TWO}
    session.answered({ONE: Part(5, 9), THREE: Part(0, 9)})
    assert session.changes({ONE: Part(5, 9), THREE: Part(0, 9)}) == ({}, set())
    assert session.epoch == 2


def test_epochs_begin_again_behind_the_last() -> None:
    session = numbered()
    session.answered({})
    session.epoch = LAST_EPOCH
    session.answered({})
    assert session.epoch == 1


def test_a_new_assignment_begins_anew() -> None:
    session, first = numbered(), object()
    session.begin(first)
    session.answered({ONE: Part(1, 9)})
    session.begin(first)
    assert session.epoch == 1
    session.begin(object())
    assert session.changes({ONE: Part(1, 9)}) == ({ONE: Part(1, 9)}, ())


def test_on_the_event_clock_no_topic_is_waited_for_long() -> None:
    assert _wait_ms(Settings(clock="wall")) == Settings().kafka.fetch_wait_ms
    assert _wait_ms(Settings(clock="event")) == EVENT_CLOCK_WAIT_MS

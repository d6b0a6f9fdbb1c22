"""Events posted while the broker is away, comes back, or refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import pytest
import uvloop

from schemas.topics import TOPIC_OF_TYPE
from streams.cluster.broker import LocalBroker
from streams.serve import sending
from streams.topics.ensure import ensure_topics
from tests.streams.serve.ingest.house import House, click, house, lying_in_kafka, settings

CLICKS = TOPIC_OF_TYPE["app_click"]


def on_uvloop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on the loop of serve itself: it fails otherwise on connections that are closed."""

    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        uvloop.run(test(*given, **named))

    return run


@asynccontextmanager
async def posting(broker: LocalBroker) -> AsyncIterator[House]:
    await asyncio.to_thread(ensure_topics, broker.bootstrap, "posting", 4)
    async with house(settings(broker.bootstrap)) as here:
        first = await here.post([click(number, f"c-{number}") for number in range(20)])
        assert first.status_code == 202
        yield here


async def post_until_kept(here: House, event: dict[str, Any], seconds: float) -> list[int]:
    """Statuses of posting an event again and again until it is accepted."""
    until, statuses = time.monotonic() + seconds, list[int]()
    while time.monotonic() < until:
        answer = await here.post(event)
        statuses.append(answer.status_code)
        if answer.status_code == 202:
            return statuses
        assert answer.json()["kind"] == "kafka_away"
        await asyncio.sleep(float(answer.headers["retry-after"]) / 4)
    raise AssertionError(f"never kept: {statuses}")


@on_uvloop
async def test_a_restart_of_the_broker_costs_no_event(fresh_broker: LocalBroker) -> None:
    async with posting(fresh_broker) as here:
        restarting = asyncio.create_task(asyncio.to_thread(_restart, fresh_broker))
        await asyncio.sleep(0.2)
        kept = [
            post_until_kept(here, click(number, f"c-{number}"), 90) for number in range(100, 120)
        ]
        statuses = await asyncio.gather(*kept)
        await restarting
        again = await here.post(click(200))
        assert again.status_code == 202
        assert here.sending.in_flight == 0
    records = await lying_in_kafka(fresh_broker.bootstrap, [CLICKS])
    ids = [f"e-{number}".encode() for number in (*range(20), *range(100, 120), 200)]
    assert all([any(each in record.value for record in records) for each in ids]), statuses


def _restart(broker: LocalBroker) -> None:
    broker.kill()
    time.sleep(1)
    broker.restart()


@on_uvloop
async def test_a_long_outage_is_told_and_gives_back_all_bytes(
    fresh_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with posting(fresh_broker) as here:
        monkeypatch.setattr(sending, "SEND_SECONDS", 3.0)
        await asyncio.to_thread(fresh_broker.stop)
        began = time.monotonic()
        answer = await here.post([click(30), click(31)])
        first = time.monotonic() - began
        assert (answer.status_code, answer.json()["kind"]) == (503, "kafka_away")
        assert answer.headers["retry-after"] == "2"
        began = time.monotonic()
        answers = await asyncio.gather(*(here.post(click(40 + n)) for n in range(5)))
        assert {answer.status_code for answer in answers} == {503}
        assert time.monotonic() - began < first
        await asyncio.sleep(sending.GRACE_SECONDS + 1)
        assert here.sending.in_flight == 0
        await asyncio.to_thread(fresh_broker.restart)
        monkeypatch.undo()
        await post_until_kept(here, click(50), 60)


@on_uvloop
async def test_a_start_without_a_broker(fresh_broker: LocalBroker) -> None:
    await asyncio.to_thread(ensure_topics, fresh_broker.bootstrap, "posting", 4)
    await asyncio.to_thread(fresh_broker.stop)
    async with house(settings(fresh_broker.bootstrap)) as here:
        answer = await here.post(click(1))
        assert answer.status_code == 503
        await asyncio.to_thread(fresh_broker.restart)
        await post_until_kept(here, click(1), 60)


@on_uvloop
async def test_a_missing_topic_is_told_and_not_made(
    fresh_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "REFUSED_SECONDS", 1.0)
    async with house(settings(fresh_broker.bootstrap)) as here:
        answer = await here.post(click(1))
        assert (answer.status_code, answer.json()["kind"]) == (503, "kafka_refuses")
        assert CLICKS in answer.json()["detail"]
        made = await asyncio.to_thread(ensure_topics, fresh_broker.bootstrap, "posting", 4)
        assert not made.mismatches
        await asyncio.sleep(1.5)
        answer = await here.post(click(1))
        assert answer.status_code == 202
        assert here.sending.in_flight == 0

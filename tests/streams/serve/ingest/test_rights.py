"""Serve with exactly the rights that are printed for it, and with one of them taken away."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from schemas.topics import TOPIC_OF_TYPE
from streams.engine.rights import Right
from streams.readmodel.places import wanted
from streams.readmodel.reading import ReadModel
from streams.serve import sending
from streams.settings import Settings, load_settings
from streams.topics.acls import needs
from streams.topics.ensure import ensure_topics
from tests.streams.readmodel.following import FollowerProcess
from tests.streams.secure.authorised import Authorised
from tests.streams.serve.ingest.house import click, house

pytestmark = pytest.mark.live
PARTITIONS = 2
CLICKS = TOPIC_OF_TYPE["app_click"]
WRITE_CLICKS = Right("topic", CLICKS, "Write")


class Secured(NamedTuple):
    kafka: Authorised
    settings: Settings
    variables: dict[str, str]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    kafka = Authorised(["serve"])
    with kafka.broker as broker:
        variables = kafka.environment("serve", "posting", PARTITIONS)
        variables["TOUCHLINE_SERVE__DIRECTORY"] = str(tmp_path_factory.mktemp("serve"))
        with mock.patch.dict(os.environ, variables, clear=True):
            settings = load_settings()
        ensure_topics(broker.bootstrap, "posting", PARTITIONS).raise_if_wrong()
        kafka.allow("serve", needs(settings, "serve"))
        time.sleep(1.0)
        yield Secured(kafka, settings, variables)


def test_what_is_followed_may_be_read(secured: Secured) -> None:
    rights = needs(secured.settings, "serve")
    read = {right.name for right in rights if right.operation == "Read"}
    assert read == {*wanted(secured.settings.changelog), secured.settings.access_topic}


async def test_they_are_enough(
    secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.streams.readmodel.following.variables", lambda _: secured.variables)
    one = FollowerProcess(secured.settings, tmp_path / "follower.log")
    model = ReadModel(secured.settings)
    one.start()
    try:
        async with house(secured.settings, model) as here:
            answer = await here.post([click(number, f"c-{number}") for number in range(9)])
            assert answer.status_code == 202, answer.text
            erased = await here.client.delete("/v1/customers/c-1")
            assert erased.status_code == 202
            assert erased.json()["remains"]
            until = time.monotonic() + 60
            while len(model.currency()) < PARTITIONS:
                assert time.monotonic() < until, one.told()
                await asyncio.sleep(0.2)
    finally:
        one.stop()
    assert "lacks" not in one.told()


async def test_a_right_that_is_missing_is_told_and_heals(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "REFUSED_SECONDS", 3.0)
    payment: dict[str, Any] = {
        **click(1), "type": "transaction", "amount": 1, "currency": "CNY", "direction": "debit",
        "account_id": "a-1",
    }  # fmt: skip
    del payment["action"]
    async with house(secured.settings) as here:
        assert (await here.post(click(1))).status_code == 202
        secured.kafka.deny("serve", [WRITE_CLICKS])
        await asyncio.sleep(1.5)
        refused = await here.post(click(2))
        assert (refused.status_code, refused.json()["kind"]) in {
            (503, "kafka_refuses"), (503, "kafka_away"),
        }  # fmt: skip
        again = await here.post(click(2))
        assert (again.status_code, again.json()["kind"]) == (503, "kafka_refuses")
        assert CLICKS in again.json()["detail"]
        other = await here.post(payment)
        assert other.status_code == 202, other.text
        secured.kafka.allow("serve", [WRITE_CLICKS])
        await asyncio.sleep(4.5)
        healed = await here.post(click(2))
        assert healed.status_code == 202
        assert here.sending.in_flight == 0

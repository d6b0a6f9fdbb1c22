"""An erasure that Kafka keeps waiting keeps nobody waiting who reads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.api import erasing
from streams.serve.api.asking import THREADS
from streams.serve.in_flight import Place, ToSend
from streams.serve.serving import Serving
from tests.streams.serve.pages.house import House


async def test_readers_do_not_wait_for_kafka(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, Who("ann", SCOPES_OF["admin"], is_person=False))
    serving: Serving = house.app.state.serving
    answers = threading.Event()

    def remains(*_: object) -> None:
        answers.wait(30)

    async def send(records: Sequence[ToSend]) -> list[Place]:
        return [Place(one.topic, 0, 1) for one in records]

    monkeypatch.setattr(erasing, "_remains", remains)
    monkeypatch.setattr(serving.sending, "send", send)
    asked = [
        asyncio.create_task(house.client.delete(f"/v1/customers/c-{number}"))
        for number in range(THREADS + 1)
    ]
    try:
        await asyncio.sleep(0.1)
        async with asyncio.timeout(10):
            assert (await house.client.get("/v1/customers")).status_code == 200
    finally:
        answers.set()
        done = await asyncio.gather(*asked)
    assert {each.status_code for each in done} == {202}

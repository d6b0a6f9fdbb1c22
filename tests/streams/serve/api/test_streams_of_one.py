"""One client leaves room for the streams of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.api import stream
from tests.streams.serve.pages.house import House


async def _until(look: Callable[[], bool]) -> None:
    while not look():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


async def test_a_client_opens_so_many_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_OF_CLIENT", 2)
    house = House(tmp_path)
    streams_of = house.app.state.streams_of
    async with asyncio.timeout(60):
        opened = [asyncio.create_task(house.client.get("/v1/stream")) for _ in range(2)]
        await _until(lambda: streams_of == {"chen": 2})
        refused = await house.client.get("/v1/stream")
        assert (refused.status_code, refused.json()["kind"]) == (429, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
        house.gate.who = Who("till", SCOPES_OF["desk"], is_person=False)
        opened.append(asyncio.create_task(house.client.get("/v1/stream")))
        await _until(lambda: streams_of == {"chen": 2, "till": 1})
        house.app.state.hub.end()
        assert [answer.status_code for answer in await asyncio.gather(*opened)] == [200] * 3
        assert streams_of == {}
        await house.app.state.hub.close()

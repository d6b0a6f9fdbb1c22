"""An export holds its moment no longer than it is written, however slowly it is taken."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from fastapi import FastAPI

from schemas.examples import OUTPUT_EXAMPLES
from schemas.figures import published
from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import Positions, Whole
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.api import exports
from streams.serve.api.exports import Export, Exporting, Sent
from streams.serve.problems import Problem
from tests.streams.serve.pages.house import House

COUNT = 1_200


class Model:
    """Tells of so many customers, and when they are let go of."""

    over = False

    def members(self, segment: str) -> tuple[Positions, Iterator[Whole]]:
        return {}, self._all()

    def _all(self) -> Iterator[Whole]:
        try:
            for number in range(COUNT):
                yield Whole(f"c-{number}", published.example(), 0)
        finally:
            self.over = True


def _app() -> FastAPI:
    app = FastAPI()
    app.state.exporting = Exporting()
    return app


def _export(model: Model, directory: Path) -> Export:
    return Export(cast(ReadModel, model), "s1", "jsonl", None, directory)


async def test_whoever_pauses_holds_nothing_of_the_read_model(tmp_path: Path) -> None:
    app, model = _app(), Model()
    pieces = _export(model, tmp_path).pieces(app)
    first = await anext(pieces)
    async with asyncio.timeout(20):
        while not model.over:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    rest = [piece async for piece in pieces]
    assert (first + b"".join(rest)).count(b"\n") == COUNT
    assert len(rest) > 1
    assert os.listdir(tmp_path) == []


async def test_whoever_goes_away_ends_it(tmp_path: Path) -> None:
    model = Model()
    pieces = _export(model, tmp_path).pieces(_app())
    await anext(pieces)
    await pieces.aclose()
    assert model.over


async def test_who_takes_nothing_gets_no_more_and_there_are_so_many_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "TAKEN_SECONDS", 0.3)
    monkeypatch.setattr(exports, "MOST_EXPORTS", 1)
    app = _app()
    exporting: Exporting = app.state.exporting
    sent = asyncio.Event()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.set()
            await asyncio.Event().wait()

    with ExitStack() as taken:
        taken.enter_context(exporting.sending())
        answer = Sent(_export(Model(), tmp_path), app, "text/plain", {}, taken.pop_all())
    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    sending = asyncio.create_task(answer(scope, receive, send))
    async with asyncio.timeout(20):
        await sent.wait()
        with pytest.raises(Problem), exporting.sending():
            pass
        with pytest.raises(TimeoutError):
            await sending
    with exporting.sending():
        pass


@pytest.mark.parametrize("fails", [False, True])
async def test_no_more_are_made_at_once_than_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    made, wait = [], threading.Event()

    class Slow(Model):
        def members(self, segment: str) -> tuple[Positions, Iterator[Whole]]:
            made.append(segment)
            wait.wait(20)
            if fails:
                raise NotReadable
            return super().members(segment)

    card = {**OUTPUT_EXAMPLES["SegmentModel"][0]}
    slow = Slow()
    monkeypatch.setattr(ReadModel, "newest", lambda *_: [msgspec.json.encode(card)])
    monkeypatch.setattr(ReadModel, "members", lambda _, segment: slow.members(segment))
    house = House(tmp_path, Who("bi", SCOPES_OF["admin"], is_person=False))
    path = f"/v1/segments/{card['segments'][0]['segment_id']}/customers"
    asked = [asyncio.create_task(house.client.get(path)) for _ in range(11)]
    async with asyncio.timeout(20):
        while sum(one.done() for one in asked) < 11 - exports.MOST_EXPORTS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        wait.set()
        answers = await asyncio.gather(*asked)
    told = sorted((one.status_code, one.json()["kind"] if one.status_code == 503 else "")
                  for one in answers)  # fmt: skip
    good = (503, "not_readable") if fails else (200, "")
    assert told == sorted([good] * 8 + [(503, "too_many_exports")] * 3)
    assert len(made) == 8
    assert (await house.client.get(path)).status_code == good[0]
    assert len(made) == 9, "each gave its place back"

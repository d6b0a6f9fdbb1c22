"""Looks at the file: none is the loop's work, none is without a bound, and traces are told of."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from domain.assembly.erasures import Erasures
from domain.policy import Policy
from schemas.topics import ALERTS
from streams.engine.checkpoint import SHARED_PREFIX
from streams.readmodel import changing, cursors, tables
from streams.readmodel.connections import Connections
from streams.readmodel.file import ModelFile
from streams.readmodel.opening import make_file
from streams.readmodel.reading import ReadModel
from streams.settings import ServeSettings, Settings
from tests.streams.readmodel.test_timeline import Record

HERE = (ALERTS, 0)


@pytest.fixture
def file(tmp_path: Path) -> ModelFile:
    made = make_file(tmp_path, {"partitions": "1"}, [0], Policy())
    with made.transaction():
        made.show(0)
    return made


@pytest.fixture
def model(tmp_path: Path, file: ModelFile) -> ReadModel:
    return ReadModel(Settings(serve=ServeSettings(directory=tmp_path)), Policy())


def _put(file: ModelFile, *offsets: int) -> None:
    told = [
        Record(n, b"ann", msgspec.json.encode({
            "customer_id": "ann", "type": "alert", "alert_id": f"a{n}", "kind": "vip_new",
            "occurred_at": "2026-03-01T00:00:00Z",
        }))
        for n in offsets
    ]  # fmt: skip
    with file.transaction():
        file.take_outputs(*HERE, told)
        file.move(*HERE, offsets[-1] + 1)


async def test_looks_are_aside_and_take_some_rows_each(
    file: ModelFile, model: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "MOST_ROWS", 3)
    threads: list[int] = []
    get = Connections.get

    def noted(self: Connections) -> tuple[sqlite3.Connection, object]:
        threads.append(threading.get_ident())
        return get(self)

    _put(file, 0, 1)
    changes = model.changes([ALERTS])
    step = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0.1)
    monkeypatch.setattr(Connections, "get", noted)
    _put(file, *range(2, 12))
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < 10:
            some = await step
            assert len(some) <= 3
            found += [one.offset for one in some]
            step = asyncio.ensure_future(anext(changes))
        assert await model.counted({HERE: 12}, 5.0)
    step.cancel()
    assert found == list(range(2, 12))
    assert threading.get_ident() not in threads


async def test_what_comes_as_soon_as_somebody_listens_is_told(
    file: ModelFile, model: ReadModel
) -> None:
    step = asyncio.ensure_future(anext(model.changes([ALERTS])))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    _put(file, 0)
    async with asyncio.timeout(10):
        assert [one.offset for one in await step] == [0]


async def test_a_look_that_fails_lets_whoever_listens_begin_anew(
    file: ModelFile, model: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = asyncio.ensure_future(anext(model.changes([ALERTS])))
    await asyncio.sleep(0.1)

    def fails(_: object) -> None:
        raise ValueError

    monkeypatch.setattr(changing._Look, "__call__", fails)
    async with asyncio.timeout(10):
        with pytest.raises(changing.Resync):
            await step
    monkeypatch.undo()
    again = asyncio.ensure_future(anext(model.changes([ALERTS])))
    await asyncio.sleep(0.1)
    _put(file, 0)
    async with asyncio.timeout(10):
        assert [one.offset for one in await again] == [0]


async def test_what_came_before_the_first_look_that_could_be_is_told_to_be_missing(
    file: ModelFile, model: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("locked")

    read = tables.read
    monkeypatch.setattr(tables, "read", busy)
    step = asyncio.ensure_future(anext(model.changes([ALERTS])))
    await asyncio.sleep(0.1)
    _put(file, 0)
    monkeypatch.setattr(tables, "read", read)
    async with asyncio.timeout(10):
        with pytest.raises(changing.Resync):
            await step


def test_a_reader_keeps_traces_and_that_is_told(
    file: ModelFile, model: ReadModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.readmodel.file.CLEAR_SECONDS", 0.0)
    erasures = Erasures()
    erasures.note("ann", 2_000_000_000_000, 2_000_000_000_000)
    marks = {SHARED_PREFIX + key: value for key, value in erasures.changed_records(0)}
    _put(file, 0)
    reader = tables.read(file.path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM outputs").fetchone() == (1,)
    assert model.cleared()
    with file.transaction():
        file.take_records(0, marks)
    assert not model.cleared(), "the log still has it"
    reader.execute("COMMIT")
    with file.transaction():
        pass
    assert model.cleared()
    assert not any(b'"alert_id":"a0"' in path.read_bytes() for path in tmp_path.glob("model*"))


@pytest.mark.parametrize("wrong", [2**63, -(2**63), 10**30])
def test_a_cursor_has_numbers_that_a_list_gave(wrong: int) -> None:
    assert cursors.load(cursors.dump(2**63 - 1), int) == [2**63 - 1]
    with pytest.raises(cursors.BadCursor):
        cursors.load(cursors.dump(wrong), int)

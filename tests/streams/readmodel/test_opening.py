"""Opening: what was closed in good order is not read through, and what is busy is not torn."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.customer.state import CORE, Customer
from domain.policy import Policy
from schemas.codec import encode
from schemas.deadletter import Original
from schemas.examples import OUTPUT_EXAMPLES
from schemas.published import AlertState
from schemas.topics import ALERT_STATES
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.readmodel import catching_up, tables
from streams.readmodel.directory import current
from streams.readmodel.file import ModelFile, Standing
from streams.readmodel.newest import Newest
from streams.readmodel.opening import Unfit, look_through, make_file, open_file
from streams.readmodel.places import Places
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter
from streams.settings import ServeSettings, Settings

META = {"partitions": "1"}
CAME = 1_772_395_200_000


def _made(directory: Path) -> ModelFile:
    file = make_file(directory, META, [0], Policy())
    file.begin({}, META)
    with file.transaction():
        file.show(0)
        file.stamp({0: Standing(time.time_ns() // 1_000_000, 0)})
    return file


@pytest.mark.parametrize("whole", [True, False])
def test_only_what_was_left_in_disorder_is_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    _made(tmp_path).close(whole=whole)
    asked: list[str] = []
    read = tables.read

    def traced(path: Path) -> sqlite3.Connection:
        connection = read(path)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(tables, "read", traced)
    asyncio.run(look_through(tmp_path))
    assert any("quick_check" in each for each in asked) is not whole
    file = open_file(tmp_path, META, Policy())
    file.begin({}, META)  # whoever is killed from here on leaves it in disorder
    asked.clear()
    asyncio.run(look_through(tmp_path))
    assert any("quick_check" in each for each in asked)
    file.close()


def test_what_is_torn_is_found_and_what_is_busy_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made(tmp_path).close()
    path = current(tmp_path)
    assert path is not None
    monkeypatch.setattr(tables, "BUSY_SECONDS", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_file(tmp_path, META, Policy())
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        asyncio.run(look_through(tmp_path))
    other.close()
    path.write_bytes(path.read_bytes()[: 3 * tables.PAGE_BYTES] + b"\xff" * tables.PAGE_BYTES * 9)
    with pytest.raises(Unfit, match="torn"):
        asyncio.run(look_through(tmp_path))


def test_when_the_last_alert_was_raised_is_told_of_an_owners_own(tmp_path: Path) -> None:
    state = AlertState.model_validate(OUTPUT_EXAMPLES["AlertState"][0])
    file = _made(tmp_path)
    with file.transaction():
        record = Original(ALERT_STATES, 0, 0, CAME, state.key, encode(state))
        file.take_outputs(ALERT_STATES, 0, [record])
    model = ReadModel(Settings(serve=ServeSettings(directory=tmp_path)))
    assert model.alert_counts(AlertFilter())["last_raised"] > 0
    assert model.alert_counts(AlertFilter(owner_id="nobody"))["last_raised"] == 0


class _Reader:
    """A changelog of so many transactions, each of one customer."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def batches(self, *_: object) -> AsyncIterator[list[Original]]:
        for number in range(self._count):
            customer = Customer.new(f"c-{number}")
            customer.core.events = 1
            customer.touched |= CORE
            came = [*customer.dump(), (CHECKPOINT_KEY, dump_checkpoint(Checkpoint(clock=number)))]
            yield [
                Original("log", 0, 10 * number + at, CAME, key, value)
                for at, (key, value) in enumerate(came)
            ]


def test_a_long_changelog_is_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, most = _made(tmp_path), 0
    take = file.take_records

    def taken(number: int, came: Any) -> None:
        nonlocal most
        most = max(most, len(came))
        take(number, came)

    monkeypatch.setattr(file, "take_records", taken)
    monkeypatch.setattr(catching_up, "SPILL_BYTES", 1_000)
    catching = catching_up.CatchingUp(
        Settings(), file, None, Places("log", (), (), (), (0,), {}), Newest(Policy())  # type: ignore[arg-type]
    )  # fmt: skip
    with file.transaction():
        ready, count = asyncio.run(catching._state(_Reader(200), 0, 0, 2_000))  # type: ignore[arg-type]
        assert ready is not None and ready.checkpoint.clock == 199 and count >= 400
        assert file._execute("SELECT count(*) FROM customers").fetchone() == (200,)
    assert 0 < most < 100

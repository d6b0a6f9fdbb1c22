"""Timelines: what came in and out of a customer, the newest first, with what does not count."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from domain.policy import Policy
from schemas.fields import milliseconds
from schemas.topics import ALERTS, CARE_TASKS, DEAD_LETTERS
from schemas.units import MS_PER_DAY
from streams.engine.checkpoint import Checkpoint
from streams.readmodel.file import ModelFile
from streams.readmodel.opening import make_file
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import Moment
from streams.settings import ServeSettings, Settings

CLICKS, MONEY, CASES = (
    "touchpoints.app-clicks",
    "touchpoints.transactions",
    "touchpoints.complaints",
)
CARE = "touchpoints.care"
DAY = "2026-03-0{}T{:02}:00:00Z"


class Record(NamedTuple):
    """As it is fetched."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(app_id="lines", clock="event", serve=ServeSettings(directory=tmp_path))


@pytest.fixture
def file(settings: Settings, tmp_path: Path) -> ModelFile:
    made = make_file(tmp_path, {"partitions": "1"}, [0], Policy())
    with made.transaction():
        made.show(0)
    return made


def happened(offset: int, kind: str, day: int, hour: int, **fields: object) -> Record:
    told = {"type": kind, "customer_id": "ann", "occurred_at": DAY.format(day, hour), **fields}
    return Record(offset, b"ann", json.dumps(told).encode())


def said(offset: int, day: int, hour: int, **fields: object) -> Record:
    told = {"customer_id": "ann", "occurred_at": DAY.format(day, hour), **fields}
    return Record(offset, b"ann", json.dumps(told).encode())


def story(settings: Settings, *, opened: bool, limit: int = 2) -> list[Moment]:
    model, cursor = ReadModel(settings), None
    found: list[Moment] = []
    while True:
        page = model.timeline("ann", cursor, limit, opened=opened)
        assert len(page.rows) <= limit
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            return found


def fill(file: ModelFile) -> None:
    with file.transaction():
        clicks = [happened(n, "app_click", 1 + n // 3, n % 3) for n in range(6)]
        file.take_inputs(CLICKS, 0, clicks)
        file.take_inputs(MONEY, 0, [
            happened(0, "transaction", 1, 5, amount=12.0),
            happened(1, "transaction", 1, 6, amount=13.0),
            happened(2, "transaction", 1, 7, amount=50_000.0),
        ])  # fmt: skip
        file.take_inputs(CASES, 0, [Record(0, b"ann", b"{", 1_772_395_200_000)])
        letter = {
            "reason": "not_json", "source_topic": CASES, "partition": 0, "offset": 0,
            "timestamp": 1_772_395_200_000, "customer_id": "ann",
        }  # fmt: skip
        file.take_outputs(DEAD_LETTERS, 0, [Record(0, b"ann", json.dumps(letter).encode())])
        file.take_outputs(ALERTS, 0, [said(0, 2, 9, kind="vip_new", alert_id="a1")])
        file.take_checkpoint(
            0, Checkpoint(next_offsets={CLICKS: 5, MONEY: 3, CASES: 1}, clock=1_772_500_000_000)
        )


def shown(moments: list[Moment]) -> list[tuple[str, str, int, bool, str | None]]:
    return [(one.source, one.type, one.count, one.counted, one.refused) for one in moments]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_days_are_drawn_together(settings: Settings, file: ModelFile, limit: int) -> None:
    fill(file)
    found = story(settings, opened=False, limit=limit)
    assert shown(found) == [
        (ALERTS, "vip_new", 1, True, None),
        (CLICKS, "app_click", 1, False, None),
        (CLICKS, "app_click", 2, True, None),
        (CASES, "", 1, True, "not_json"),
        (MONEY, "transaction", 1, True, None),
        (MONEY, "transaction", 2, True, None),
        (CLICKS, "app_click", 3, True, None),
    ]
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)


def test_opened_every_line_is_told(settings: Settings, file: ModelFile) -> None:
    fill(file)
    found = story(settings, opened=True)
    assert len(found) == 11 and {one.count for one in found} == {1}
    assert [one.refused for one in found].count("not_json") == 1


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", [("31T17", 2), ("30T23", 2)]),
        # eight hours on: its 30 January ends, and its 31st begins, at 16:00 of UTC
        ("Asia/Shanghai", [("31T17", 1), ("31T01", 2), ("30T15", 1)]),
    ],
)
def test_days_are_those_of_the_reader(
    settings: Settings, file: ModelFile, zone: str, days: list[tuple[str, int]]
) -> None:
    clicked(file, [f"2026-01-{hour}:00:00Z" for hour in ("30T15", "30T23", "31T01", "31T17")])
    told = ReadModel(settings).timeline("ann", None, 9, opened=False, zone=ZoneInfo(zone)).rows
    assert [(one.at, one.count) for one in told] == [
        (ms(f"2026-01-{hour}:00:00Z"), count) for hour, count in days
    ]


@pytest.mark.parametrize(
    "times",
    [
        # Berlin's 29 March 2026 has 23 hours, from 23:00 of UTC to 22:00
        ["03-28T22:59", "03-28T23:00", "03-29T21:59", "03-29T22:00"],
        # its 25 October has 25, from 22:00 of UTC to 23:00
        ["10-24T21:59", "10-24T22:00", "10-25T22:59", "10-25T23:00"],
    ],
)
def test_a_day_is_as_long_as_its_clock_says(
    settings: Settings, file: ModelFile, times: list[str]
) -> None:
    clicked(file, [f"2026-{time}:00Z" for time in times])
    berlin = ZoneInfo("Europe/Berlin")
    told = ReadModel(settings).timeline("ann", None, 9, opened=False, zone=berlin).rows
    assert [one.count for one in told] == [1, 2, 1]


def test_one_day_is_opened_alone(settings: Settings, file: ModelFile) -> None:
    clicked(
        file, [f"2026-01-{time}:00:00Z" for time in ("30T15", "30T16", "30T17", "31T17", "31T18")]
    )
    shanghai, model = ZoneInfo("Asia/Shanghai"), ReadModel(settings)
    opened = date(2026, 1, 31)  # of Shanghai: from 30 January 16:00 of UTC
    told = model.timeline("ann", None, 9, opened=opened, zone=shanghai).rows
    assert [one.count for one in told] == [2, 1, 1, 1]
    first = model.timeline("ann", None, 2, opened=opened, zone=shanghai)
    rest = model.timeline("ann", first.cursor, 9, opened=opened, zone=shanghai)
    assert [*first.rows, *rest.rows] == told


def test_an_error_in_the_app_is_a_line_of_its_own(settings: Settings, file: ModelFile) -> None:
    with file.transaction():
        file.take_inputs(CLICKS, 0, [
            happened(n, "app_click", 1, n, action=action)
            for n, action in enumerate(("launch", "news_view", "error", "launch", "launch"))
        ])  # fmt: skip
        file.take_checkpoint(0, Checkpoint(next_offsets={CLICKS: 5}, clock=ms(DAY.format(2, 0))))
    told = ReadModel(settings).timeline("ann", None, 9, opened=False).rows
    assert [(one.count, b'"error"' in one.value) for one in told] == [(4, False), (1, True)]


def test_tasks_are_found_behind_everything_else(settings: Settings, file: ModelFile) -> None:
    with file.transaction():
        file.take_outputs(CARE_TASKS, 0, [said(0, 1, 1, occasion="handover", task_id="t")])
        file.take_inputs(CARE, 0, [
            happened(0, "care", 1, 2, task_id="t", action="approved"),
            happened(1, "care", 1, 3, task_id="t", action="done"),
        ])  # fmt: skip
        letter = {
            "reason": "invalid", "source_topic": CARE, "partition": 0, "offset": 1,
            "timestamp": 1_772_395_200_000, "customer_id": "ann",
        }  # fmt: skip
        file.take_outputs(DEAD_LETTERS, 0, [Record(0, b"ann", json.dumps(letter).encode())])
        file.take_inputs(MONEY, 0, [
            happened(n, "transaction", 2, n % 24, amount=90_000.0) for n in range(500)
        ])  # fmt: skip
        file.take_checkpoint(0, Checkpoint(clock=ms(DAY.format(3, 0)) + 40 * MS_PER_DAY))
    told = ReadModel(settings).tasks("ann")
    assert [(one.source, json.loads(one.value).get("action")) for one in told] == [
        (CARE_TASKS, None), (CARE, "approved"),
    ]  # fmt: skip
    assert ReadModel(settings).tasks("ben") == []


def clicked(file: ModelFile, times: list[str]) -> None:
    """Clicks of ann, all of them counted, and a clock of two days later."""
    with file.transaction():
        file.take_inputs(CLICKS, 0, [
            Record(n, b"ann", json.dumps({"type": "app_click", "occurred_at": at}).encode())
            for n, at in enumerate(times)
        ])  # fmt: skip
        clock = ms(times[-1]) + 2 * MS_PER_DAY
        file.take_checkpoint(0, Checkpoint(next_offsets={CLICKS: len(times)}, clock=clock))


def ms(time: str) -> int:
    return milliseconds(datetime.fromisoformat(time))


def test_of_somebody_else_nothing_is_told(settings: Settings, file: ModelFile) -> None:
    fill(file)
    assert ReadModel(settings).timeline("ben", None, 10, opened=True).rows == []


def test_what_is_too_old_is_not_told_and_goes(settings: Settings, file: ModelFile) -> None:
    fill(file)
    later = 1_772_496_000_000 + 29 * MS_PER_DAY
    with file.transaction():
        file.take_checkpoint(0, Checkpoint(clock=later))
    assert [one.source for one in story(settings, opened=False)] == [ALERTS, CLICKS, CLICKS]
    with file.transaction():
        file.sweep(30, wall=False)
    count: Callable[[str], int] = lambda table: file._execute(  # noqa: E731
        f"SELECT count(*) FROM {table}"
    ).fetchone()[0]
    assert (count("inputs"), count("outputs"), count("refused")) == (3, 1, 0)

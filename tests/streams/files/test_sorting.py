"""Lines in order of time: how many are out of it, and the sort within bounded memory."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fields import moment
from streams.errors import InputUnusable, NotWritten
from streams.files.in_time import as_it_goes, in_time
from streams.files.order import FUTURE_US, Order, place, time_of
from streams.files.reading import Line, opened
from streams.files.sorting import Sorter

START = 1_772_352_000_000  # 2026-03-01T08:00Z
NOW_US = (START + 86_400_000) * 1_000


def event(at: str, event_id: str = "e", **fields: object) -> bytes:
    return json.dumps({"occurred_at": at, "event_id": event_id} | fields).encode()


def lines_of(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


# -- places --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "microseconds"),
    [
        ("1971-01-01T00:00:00Z", 31_536_000_000_000),
        ("1971-01-01T00:00:00.000001Z", 31_536_000_000_001),
        ("1971-01-01T08:00:00+08:00", 31_536_000_000_000),
        ("1971-01-01t00:00:00.123456789z", 31_536_000_123_456),
        ("1971-01-01T00:00:00", None),
        ("1971-13-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("31536000", None),
        ("", None),
    ],
)
def test_the_time_of_a_line_is_what_the_rules_take(at: str, microseconds: int | None) -> None:
    assert time_of(event(at)) == microseconds


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"\xff", b"\0", b"7", b'{"event_id":"e"}', b'{"occurred_at":1}',
        b'{"occurred_at":"2026-01-01T00:00:00Z","event_id":7}', b"[" * 10_000,
        b'{"x":' * 10_000, event("2026-01-01T00:00:00Z", "9" * 5_000),
        event("2026-01-01T00:00:00Z", "a\x1fb"), event("2026-01-01T00:00:00Z", ""),
    ],
)  # fmt: skip
def test_a_line_without_a_time_comes_behind_all_others(line: bytes) -> None:
    assert time_of(line) is None
    assert place(line, 1) > place(event("2199-12-31T23:59:59Z"), 2)
    assert place(line, 1) < place(line, 2)


def test_ties_go_by_sequence_then_by_event_id_with_its_numbers_then_by_place() -> None:
    first, second = "2026-03-01T08:00:00Z", "2026-03-01T08:00:00.000001Z"
    ordered = [
        event(first, "tx-9"),
        event(first, "tx-10"),
        event(first, "tx-10"),
        event(first, "tx-10b"),
        event(first, "a", sequence=0),
        event(first, "a", sequence=1),
        event(first, "b", sequence=1),
        event(first, "a", sequence=2),
        event(second, "a"),
    ]
    places = [place(line, number) for number, line in enumerate(ordered)]
    assert sorted(reversed(places)) == places


# -- counting ------------------------------------------------------------------------------


def counted(*lines: bytes) -> Order:
    order = Order(NOW_US)
    for line in enumerate(lines, 1):
        order.take(line)
    return order


def test_what_is_earlier_than_a_line_before_it_is_counted() -> None:
    order = counted(
        event("2026-03-01T09:00:00Z"),
        b"",
        event("2026-03-01T09:00:00Z"),
        event("2026-03-01T08:59:59.999999Z"),
        event("2026-03-01T08:00:00Z"),
        b"{nope",
        event("2026-03-01T10:00:00Z"),
    )
    assert (order.lines, order.untimed, order.earlier, order.first) == (6, 1, 2, 4)
    assert order.furthest == 3_600_000_000
    assert order.told("f") == (
        "f is not in order of time: 2 of 6 lines are earlier than one before them, by up to 1 h,"
        " the first is line 4"
    )


def test_a_file_in_order_is_not_told_of() -> None:
    assert counted(event("2026-03-01T09:00:00Z"), event("2026-03-01T09:00:00Z")).told("f") is None


def test_an_event_that_is_refused_as_in_the_future_puts_nothing_out_of_order() -> None:
    future = moment((NOW_US + FUTURE_US) // 1_000 + 1).isoformat()
    assert counted(event(future), event("2026-03-01T09:00:00Z")).earlier == 0


# -- sorting -------------------------------------------------------------------------------


def in_order(lines: list[Line], run_bytes: int, fan_in: int) -> tuple[list[Line], int]:
    with Sorter(run_bytes, fan_in) as sorter:
        for line in lines:
            sorter.add(line)
        return list(sorter.lines()), sorter.runs


some_lines = st.lists(
    st.one_of(
        st.builds(
            lambda at, number, more: event(moment(START + at).isoformat(), f"e-{number}", **more),
            st.integers(0, 3),
            st.integers(0, 12),
            st.sampled_from([{}, {"sequence": 1}, {"sequence": 0}, {"sequence": "x"}]),
        ),
        st.sampled_from([b"", b" ", b"{", b"\x00", b"\xff 7 ", b"3 4"]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(some_lines, st.integers(1, 4_000), st.integers(2, 5))
def test_sorted_lines_are_those_that_came_each_in_its_place(
    lines: list[bytes], run_bytes: int, fan_in: int
) -> None:
    given_ = list(enumerate(lines, 1))
    found, _ = in_order(given_, run_bytes, fan_in)
    assert sorted(found) == [(number, line.strip()) for number, line in given_ if line.strip()]
    places = [place(line, number) for number, line in found]
    assert places == sorted(places)


@pytest.mark.long
def test_memory_and_open_files_stay_bounded_however_long_the_input_is() -> None:
    random, run, count = Random(7), 1 << 16, 8_000

    def lines() -> Iterator[Line]:
        for number in range(1, count + 1):
            at = f"2026-03-{random.randrange(1, 29):02}T{random.randrange(24):02}:00:00Z"
            yield number, event(at, f"e-{number}", text="x" * 100)

    before = len(os.listdir("/proc/self/fd"))
    tracemalloc.start()
    try:
        with Sorter(run, fan_in=8) as sorter:
            for line in lines():
                sorter.add(line)
            last, total = 0, 0
            for _, text in sorter.lines():
                now = time_of(text)
                assert now is not None
                assert now >= last
                last, total = now, total + 1
            assert total == count
            assert sorter.runs > 100
            assert len(os.listdir("/proc/self/fd")) - before <= 8 * 3
            assert tracemalloc.get_traced_memory()[1] < 4 << 20  # all of it would take 9 MB
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputUnusable])
def test_nothing_is_left_of_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(error), Sorter(run_bytes=1_000) as sorter:
        for number in range(100):
            sorter.add((number, event("2026-03-01T08:00:00Z")))
        assert sorter.runs > 10
        assert list(tmp_path.iterdir()) == []  # they never had a name
        raise error
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_them_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(NotWritten, match=r"cannot hold .*No space left.*set TMPDIR"):
        in_order([(1, event("2026-03-01T08:00:00Z"))], 1, 2)


# -- a file made ready ---------------------------------------------------------------------

NINE, EIGHT, TEN = (event(f"2026-03-01T{hour}:00:00Z") for hour in ("09", "08", "10"))


def made_ready(path: Path, *, sort: bool) -> tuple[list[Line], list[str]]:
    told: list[str] = []
    with opened(path) as source, in_time(source, told.append, sort=sort) as ready:
        before = len(told)
        lines = [(number, line.strip()) for number, line in ready.lines]
        assert len(told) == before, "what there is to tell is told first"
        if source.lasting and not sort:
            assert ready.order.bytes == sum(len(line) + 1 for _, line in lines)
    return lines, [re.sub(r"\S*/", "", one) for one in told]


def test_what_is_out_of_order_is_told_before_the_first_line_is_given(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "f", NINE, EIGHT, b"{", TEN)
    told = (
        "f is not in order of time: 1 of 4 lines are earlier than one before them, by up to 1 h,"
        " the first is line 2; "
    )
    as_it_is = [(1, NINE), (2, EIGHT), (3, b"{"), (4, TEN)]
    assert made_ready(path, sort=False) == (
        as_it_is,
        [f"{told}rules take them as late, so alerts may be false: --sort puts it in order"],
    )
    assert made_ready(path, sort=True) == (
        [(2, EIGHT), (1, NINE), (4, TEN), (3, b"{")],
        [f"{told}it is sorted", "1 lines of f have no time that can be read: they come last"],
    )


@pytest.mark.parametrize("sort", [False, True])
def test_a_file_in_order_is_read_without_a_word(tmp_path: Path, sort: bool) -> None:
    path = lines_of(tmp_path / "f", EIGHT, NINE, TEN)
    assert made_ready(path, sort=sort) == ([(1, EIGHT), (2, NINE), (3, TEN)], [])


@pytest.mark.parametrize("text", [b"", b"\n\n"])
def test_a_file_without_a_line_is_told_to_be_one(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "f").write_bytes(text)
    _, told = made_ready(tmp_path / "f", sort=False)
    assert told == ["f holds no line of events"]


def test_what_comes_from_a_pipe_is_counted_first_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.write(writer, NINE + b"\n" + EIGHT)
    os.close(writer)
    lines, told = made_ready(Path(f"/dev/fd/{reader}"), sort=False)
    os.close(reader)
    assert lines == [(1, NINE), (2, EIGHT)]
    assert "1 of 2 lines" in told[0]


def test_what_must_not_wait_is_told_of_at_once_and_counted_at_the_end() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"\n".join([NINE, EIGHT, TEN, EIGHT, b""]))
    os.close(writer)
    told: list[str] = []
    with opened(f"/dev/fd/{reader}") as source:
        lines = as_it_goes(source, told.append)
        assert next(lines) == (1, NINE + b"\n")
        assert told == []
        assert next(lines) == (2, EIGHT + b"\n")
        assert "1 of 2 lines" in told[0]
        assert len(list(lines)) == 2
    os.close(reader)
    assert len(told) == 2
    assert "2 of 4 lines are earlier than one before them, by up to 2 h" in told[1]

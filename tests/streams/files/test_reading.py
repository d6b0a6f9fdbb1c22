"""A file is read by what its bytes are; what cannot be lines of events says what it is."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import re
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import InputUnusable
from streams.files import reading
from streams.files.reading import Input, opened
from streams.files.shapes import Looks, refuse

ONE, TWO = (
    json.dumps({"type": "app_click", "event_id": f"é{n}", "customer_id": "客"}, ensure_ascii=False)
    for n in (1, 2)
)
TEXT = f"{ONE}\n{TWO}\n"
PACKED = gzip.compress(TEXT.encode(), mtime=0)
LINES = [(1, f"{ONE}\n".encode()), (2, f"{TWO}\n".encode())]
WANTED = "events come one JSON object a line"


def read(path: Path, data: bytes) -> list[tuple[int, bytes]]:
    """The lines of a file of these bytes, the same both times it is read."""
    path.write_bytes(data)
    with opened(path) as source:
        lines = list(source.of_events().lines())
        assert source.read == source.size == len(data)
        assert list(source.lines()) == lines
    return lines


def refused(path: Path, data: bytes) -> str:
    """The one line that says why a file is not taken, without its folder."""
    path.write_bytes(data)
    with pytest.raises(InputUnusable) as told, opened(path) as source:
        list(source.of_events().lines())
    [line] = str(told.value).splitlines()
    return line.replace(f"{path.parent}/", "")


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(ONE.encode() + b"\n", mtime=0) + gzip.compress(TWO.encode() + b"\n", mtime=0),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode("utf-8-sig")),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-be"),
        (ONE.encode() + b"\n").join([b"", b"\xef\xbb\xbf" + TWO.encode() + b"\n"]),
    ],
)
def test_the_same_lines_come_of_every_form(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path / "events", data) == LINES


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n \n\r\n", [(1, b"\n"), (2, b" \n"), (3, b"\r\n")]),
        (ONE.encode() + b"\r\n" + TWO.encode(), [(1, ONE.encode() + b"\r\n"), (2, TWO.encode())]),
        (b'{"a": "caf\xe9"}\n', [(1, b'{"a": "caf\xe9"}\n')]),
        (b"\0\0\0\0\0\0\n{}\n", [(1, b"\0\0\0\0\0\0\n"), (2, b"{}\n")]),
        (b"{nope\n{}\n", [(1, b"{nope\n"), (2, b"{}\n")]),
        (b"[1]\n{}\n", [(1, b"[1]\n"), (2, b"{}\n")]),
        (b'{"a":[{"b":\n{}\n', [(1, b'{"a":[{"b":\n'), (2, b"{}\n")]),
        (b"{" + b"a" * 300_000 + b"\n{}\n", [(1, b"{" + b"a" * 300_000 + b"\n"), (2, b"{}\n")]),
        (b"[" * 100_000 + b"\n{}", None),
        (b"what, a line\n{}\n", [(1, b"what, a line\n"), (2, b"{}\n")]),
    ],
)
def test_broken_lines_stay_lines(
    tmp_path: Path, data: bytes, lines: list[tuple[int, bytes]] | None
) -> None:
    if lines is None:
        assert "JSON array" in refused(tmp_path / "f", data)
    else:
        assert read(tmp_path / "f", data) == lines


ARRAY = json.dumps([{"type": "app_click"}]).encode()
PRETTY = json.dumps({"type": "app_click", "n": 1}, indent=2).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (ARRAY, f"f is a JSON array; {WANTED}: jq -c '.[]' f > events.jsonl"),
        (b"[\n" + ONE.encode() + b",\n" + TWO.encode() + b"\n]\n",
         f"f is a JSON array; {WANTED}: jq -c '.[]' f > events.jsonl"),
        (b"\xef\xbb\xbf \n" + ARRAY, f"f is a JSON array; {WANTED}: jq -c '.[]' f > events.jsonl"),
        (gzip.compress(ARRAY, mtime=0),
         f"f is a JSON array; {WANTED}: gzip -dc f | jq -c '.[]' > events.jsonl"),
        (ARRAY.decode().encode("utf-16"),
         f"f is a JSON array; {WANTED}: iconv -f UTF-16 -t UTF-8 f | jq -c '.[]' > events.jsonl"),
        (PRETTY + b"\n" + PRETTY,
         f"f is JSON spread over several lines; {WANTED}: jq -c . f > events.jsonl"),
        (b'{"type": "app_click",\n "n": 1}\n',
         f"f is JSON spread over several lines; {WANTED}: jq -c . f > events.jsonl"),
        (b'{"events": [{"type": "app_click"}, {"type": "app_click"}]}',
         f"f is one JSON object with a list in it; {WANTED}: jq -c '.events[]' f > events.jsonl"),
        (json.dumps({"data": [{"type": "x"}]}, indent=1).encode(),
         f"f is one JSON object with a list in it; {WANTED}: jq -c '.data[]' f > events.jsonl"),
        (b"customer,date,amount\n1,19970101,3.5\n2,19970102,4\n",
         f"f is CSV (customer, date, amount); {WANTED}. As CSV, `touchline clv fit` takes purchases"
         " (customer,date,amount) and `touchline segments fit` numbers of each customer"),
        (b'"event_id";"a";"b";"c";"d"\n1;2;3;4;5\n',
         f"f is CSV (event_id, a, b, c, ...); {WANTED}. As CSV, `touchline clv fit` takes purchases"
         " (customer,date,amount) and `touchline segments fit` numbers of each customer"),
        (b"<?xml version='1.0'?><a/>", f"f is XML or HTML; {WANTED}"),
        (b"PK\x03\x04\x14\0\0\0", f"f is a zip archive; {WANTED}"),
        (b"PAR1\x15\x04\x15\x10", f"f is Parquet; {WANTED}"),
        (b"\x28\xb5\x2f\xfd\x24\0\0\0",
         "f is compressed by zstd, which is not read here; zstd -dc f > events.jsonl"),
        (b"\x04\x22\x4d\x18\x64\0\0\0",
         "f is compressed by lz4, which is not read here; lz4 -dc f > events.jsonl"),
        (b'{"a":1}\r{"a":2}\r',
         f"f has lines that end in CR alone; {WANTED}, and LF ends a line:"
         " tr '\\r' '\\n' < f > events.jsonl"),
        (PACKED[:-1], "f: is cut off within its gzip; get it whole"),
        (PACKED[:-8] + b"\0" * 8, "f: its gzip is damaged (CRC check failed"),
        (TEXT.encode("utf-16")[:-1], "f, behind line 1: is not text in UTF-16 (truncated data)"),
    ],
)  # fmt: skip
def test_what_is_no_lines_of_events_says_what_it_is(tmp_path: Path, data: bytes, told: str) -> None:
    assert refused(tmp_path / "f", data).startswith(told)


def test_what_is_cut_off_says_behind_which_line(tmp_path: Path) -> None:
    told = refused(tmp_path / "f", gzip.compress(TEXT.encode() * 9_000)[:-900])
    assert re.fullmatch(r"f, behind line \d{4,5}: is cut off within its gzip; get it whole", told)


def test_a_path_is_quoted_in_the_command_for_it() -> None:
    with pytest.raises(InputUnusable, match=r"jq -c '\.\[\]' 'my file' > events"):
        refuse(Looks("my file", b"[{", "[{"), WANTED, csv=False)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable, match=r"none cannot be read: No such file or directory"):
        opened(tmp_path / "none").__enter__()
    with pytest.raises(InputUnusable, match=r" is a folder; give a file"):
        opened(tmp_path).__enter__()
    (tmp_path / "trans.asc").touch()
    with pytest.raises(InputUnusable, match=r"folder of a bank; see `touchline import berka`"):
        opened(tmp_path).__enter__()


def test_a_line_without_end_is_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 1 << 20)
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(b"{" + b" " * (50 << 20)))
    tracemalloc.start()
    try:
        with opened(path) as source, pytest.raises(InputUnusable, match=r"longer than 1 MiB"):
            list(source.lines())
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [TEXT.encode(), gzip.compress(TEXT.encode(), mtime=0)])
def test_a_pipe_is_read_once_however_it_comes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for byte in data:
                pipe.write(bytes([byte]))

    writer = threading.Thread(target=write)
    writer.start()
    with opened(path) as source:
        assert (source.lasting, source.size) == (False, None)
        assert list(source.of_events().lines()) == LINES
    writer.join()


def test_a_line_of_a_pipe_is_given_before_the_next_one_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    given = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(LINES[0][1])
            given.wait(60)
            pipe.write(LINES[1][1])

    writer = threading.Thread(target=write)
    writer.start()
    with opened(path) as source:
        lines = source.of_events().lines()
        assert next(lines) == LINES[0]
        given.set()
        assert list(lines) == LINES[1:]
    writer.join()


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=20)),
    st.sampled_from(["utf-16", "utf-32"]),
)
def test_text_of_every_encoding_gives_the_lines_of_utf_8(texts: list[str], encoding: str) -> None:
    text = "\n".join(texts)
    found = Input("f", io.BytesIO(text.encode(encoding)), None, None)
    expected = [line for line in io.BytesIO(text.removeprefix("\ufeff").encode())]
    assert [line for _, line in found.lines()] == [
        line.removeprefix(b"\xef\xbb\xbf") for line in expected
    ] or text.startswith("\ufeff")


def taken(data: bytes) -> None:
    """Bytes are read, or refused in one line."""
    try:
        list(Input("f", io.BytesIO(data), None, None).of_events().lines())
        list(Input("f", io.BytesIO(data), None, None).texts())
    except InputUnusable as error:
        assert len(str(error).splitlines()) == 1


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_end_in_a_traceback(data: bytes) -> None:
    taken(data)


@settings(deadline=None)
@given(st.sampled_from([gzip.compress, bz2.compress, lzma.compress]), st.data())
def test_no_damage_ends_in_a_traceback(pack: Callable[[bytes], bytes], data: st.DataObject) -> None:
    packed = bytearray(pack(TEXT.encode() * 3))
    for at in data.draw(st.lists(st.integers(0, len(packed) - 1), max_size=3)):
        packed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    taken(bytes(packed[:cut]))

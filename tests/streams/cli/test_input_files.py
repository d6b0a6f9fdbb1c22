"""Files as they come, through the commands: out of order, packed, of other forms."""

from __future__ import annotations

import csv
import gzip
import json
import os
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from streams.cli import app
from streams.errors import InputUnusable
from streams.files.csv_rows import csv_row
from streams.files.order import place
from streams.files.reading import Line, numbered
from streams.files.sorting import Sorter
from streams.replay.events import Replay
from streams.sources import berka
from streams.sources.bank import Bank

UNSORTED = Path(__file__).parents[2] / "data" / "unsorted.jsonl"
NOT_IN_ORDER = (
    "unsorted.jsonl is not in order of time: 3 of 4 lines are earlier than one before them, by up"
    " to 28 days, the first is line 2; "
)


def run(*arguments: object, data: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], input=data)


def replayed(source: object, out: Path, *more: object, data: bytes | None = None) -> Result:
    done = run("replay", source, "--out", out, *more, data=data)
    assert done.exit_code == 0, done.output
    return done


def results(folder: Path) -> dict[str, bytes]:
    """What came out, without how long it took."""
    return {
        file.name: file.read_bytes()
        for file in sorted(folder.iterdir())
        if file.name != "summary.json"
    }


def told_in(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def kinds(folder: Path) -> list[object]:
    return [alert["kind"] for alert in told_in(folder / "alerts.jsonl")]


def letters(folder: Path) -> list[dict[str, object]]:
    return told_in(folder / "dead-letters.jsonl")


# -- order of time -------------------------------------------------------------------------


def test_a_file_out_of_order_is_told_before_the_first_alert_and_sorted_gives_none(
    tmp_path: Path,
) -> None:
    plain = replayed(UNSORTED, tmp_path / "plain")
    assert NOT_IN_ORDER in plain.stderr
    assert plain.stderr.index("--sort puts it in order") < plain.stderr.index("4 events")
    assert kinds(tmp_path / "plain") == ["complaint_escalated"] * len(kinds(tmp_path / "plain"))
    assert kinds(tmp_path / "plain")
    ordered = replayed(UNSORTED, tmp_path / "sorted", "--sort")
    assert NOT_IN_ORDER + "it is sorted" in ordered.stderr
    assert kinds(tmp_path / "sorted") == []


def test_lines_without_a_time_come_last_and_dead_letters_name_the_line_of_the_file(
    tmp_path: Path,
) -> None:
    first, *others = UNSORTED.read_bytes().splitlines()
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join([b"{nope", first, b"", *others]))
    told = replayed(file, tmp_path / "out", "--sort").stderr
    assert "1 lines of" in told
    assert "have no time that can be read: they come last" in told
    [letter] = letters(tmp_path / "out")
    assert (letter["offset"], letter["reason"]) == (0, "not_json")
    assert kinds(tmp_path / "out") == []


def lines() -> list[bytes]:
    """A small bank's events, each once: those that are late lie out of order."""
    bank = Bank(seed=11, customers=30, bad=0.0, repeats=0.0, late=0.2)
    events = bank.events()
    return [next(events).value for _ in range(400)]


def outcome(given_: list[Line]) -> tuple[list[tuple[str, bytes]], list[object]]:
    policy = Policy.model_validate({"segments": {"enabled": False}})
    replay = Replay(customers(policy), 3, modellings(policy))
    sent = list(replay.play(given_))
    return sent, [*replay.customers()]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(1_000, 100_000))
def test_a_sorted_shuffle_gives_what_the_file_in_order_gives(seed: int, run_bytes: int) -> None:
    ordered = [line for _, line in sorted((place(line, 0), line) for line in lines())]
    shuffled = ordered.copy()
    Random(seed).shuffle(shuffled)
    with Sorter(run_bytes) as sorter:
        for line in numbered(shuffled):
            sorter.add(line)
        found = list(sorter.lines())
    assert [line for _, line in found] == ordered
    assert outcome(found) == outcome(list(numbered(ordered)))


def test_a_comparison_of_policies_tells_and_sorts_too(tmp_path: Path) -> None:
    same = run("policy", "diff", "default", "default", UNSORTED, "--json")
    assert NOT_IN_ORDER in same.stderr
    found = run("policy", "diff", "default", "default", UNSORTED, "--json", "--sort")
    assert NOT_IN_ORDER + "it is sorted" in found.stderr
    assert "complaint_escalated" in json.loads(same.stdout)["outputs"]["alerts"]
    assert json.loads(found.stdout)["outputs"].get("alerts", {}) == {}


def bank_of(folder: Path, *payments: str) -> Path:
    (folder / "district.asc").write_text('A1;A2;A3\n1;"Praha";"Prague"\n')
    (folder / "client.asc").write_text('"client_id";"birth_number";"district_id"\n7;"450204";1\n')
    (folder / "disp.asc").write_text('"disp_id";"client_id";"account_id";"type"\n1;7;70;"OWNER"\n')
    head = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol"\n'
    rows = (f'{n};70;{day};"PRIJEM";"VKLAD";5.00;5.00;""\n' for n, day in enumerate(payments, 1))
    # with a mark, as some programs write it
    (folder / "trans.asc").write_text(head + "".join(rows), encoding="utf-8-sig")
    return folder


def test_an_import_tells_of_rows_out_of_order_and_sorts_them(tmp_path: Path) -> None:
    folder = bank_of(tmp_path, "930105", "930103", "930105", "930104")
    told = (
        "trans.asc is not in order of time: 2 of 4 lines are earlier than one before them, by up"
        " to 2 days, the first is line 3; "
    )
    plain = run("import", "berka", folder)
    assert f"{told}--sort puts the events in order" in plain.stderr
    events = [json.loads(line) for line in plain.stdout.splitlines()]
    assert [event["event_id"] for event in events[1:]] == [f"berka-{n}" for n in (1, 2, 3, 4)]
    ordered = run("import", "berka", folder, "--sort")
    assert f"{told}they are sorted" in ordered.stderr
    events = [json.loads(line) for line in ordered.stdout.splitlines()]
    assert events[0]["type"] == "profile"
    assert [event["event_id"] for event in events[1:]] == [f"berka-{n}" for n in (2, 4, 1, 3)]


def test_an_import_in_order_says_nothing_of_it(tmp_path: Path) -> None:
    told: list[str] = []
    list(berka.events(bank_of(tmp_path, "930103", "930103", "930104"), say=told.append))
    assert told == []


# -- forms ---------------------------------------------------------------------------------

PACKED: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text.decode().encode("utf-16"),
    lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text.rstrip(b"\n"),
]


@pytest.mark.parametrize("form", PACKED)
def test_every_form_of_a_file_gives_the_same(
    tmp_path: Path, form: Callable[[bytes], bytes]
) -> None:
    data = form(UNSORTED.read_bytes())
    (tmp_path / "file").write_bytes(data)
    replayed(UNSORTED, tmp_path / "plain")
    replayed(tmp_path / "file", tmp_path / "out")
    assert results(tmp_path / "out") == results(tmp_path / "plain")
    told = replayed("-", tmp_path / "stdin", data=data).stderr
    assert results(tmp_path / "stdin") == results(tmp_path / "plain")
    assert "stdin is not in order of time: 3 of 4" in told


def test_a_named_pipe_is_replayed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(UNSORTED.read_bytes()))
    writer.start()
    told = replayed(pipe, tmp_path / "out").stderr
    writer.join()
    assert "pipe is not in order of time: 3 of 4" in told
    replayed(UNSORTED, tmp_path / "plain")
    assert results(tmp_path / "out") == results(tmp_path / "plain")


@pytest.mark.parametrize("text", [b"", b"\n \r\n\n"])
def test_a_file_without_events_says_so(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "empty.jsonl").write_bytes(text)
    done = replayed(tmp_path / "empty.jsonl", tmp_path / "out")
    assert "empty.jsonl holds no line of events" in done.stderr
    assert "0 events" in done.stderr


EVENT = UNSORTED.read_bytes().splitlines()[0]
LINES_OF_ALL_SORTS = [
    (b"\0" * 200, "not_json"),
    (EVENT.replace(b"c-1", b"caf\xe9"), "not_json"),
    (EVENT.replace(b"c-1", b"a\\u0000"), "invalid"),
    (EVENT[:-1] + b',"amount":1e400}', "invalid"),
    (EVENT[:-1] + b',"amount":NaN}', "invalid"),
    (EVENT[:-1] + b',"attributes":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "not_json"),
    (b"[" * 10_000, "not_json"),
    (EVENT[:-1] + b',"attributes":{"a":"' + b"x" * 300_000 + b'"}}', "too_large"),
    (EVENT + EVENT, "not_json"),
]


@pytest.mark.parametrize("more", [(), ("--sort",)])
def test_broken_lines_are_dead_letters_and_end_nothing(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join([EVENT, *(line for line, _ in LINES_OF_ALL_SORTS)]))
    done = replayed(file, tmp_path / "out", *more)
    assert "(1 accepted, 0 repeated, 9 dead letters)" in " ".join(done.stderr.split())
    found = {letter["offset"]: letter["reason"] for letter in letters(tmp_path / "out")}
    assert found == {number: reason for number, (_, reason) in enumerate(LINES_OF_ALL_SORTS, 1)}


ARRAY = b"[" + EVENT + b"]"
PRETTY = json.dumps(json.loads(EVENT), indent=2).encode()
TABLE = b"customer,date,amount\n1,19970101,3\n"


@pytest.mark.parametrize(
    "command", [("replay", "--out", "o"), ("policy", "diff", "default", "default"), ("produce",)]
)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (ARRAY, "is a JSON array; events come one JSON object a line: jq -c '.[]'"),
        (PRETTY, "is JSON spread over several lines; events come one JSON object a line: jq -c ."),
        (TABLE, "is CSV (customer, date, amount); events come one JSON object a line. As CSV,"
         " `touchline clv fit` takes purchases"),
        (b"\x28\xb5\x2f\xfd\0\0\0\0", "is compressed by zstd, which is not read here; zstd -dc"),
    ],
)  # fmt: skip
def test_what_is_no_lines_of_events_is_named_by_every_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    data: bytes,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHLINE_KAFKA__BOOTSTRAP", "127.0.0.1:1")
    Path("file").write_bytes(data)
    for source, input_ in (("file", None), ("-", data)):
        done = run(*command, source, data=input_)
        assert isinstance(done.exception, InputUnusable), done.output
        assert told in str(done.exception)
        assert not Path("o").exists()


def test_a_folder_that_is_no_record_says_so(tmp_path: Path) -> None:
    for line in (("produce", tmp_path), ("policy", "diff", "default", "default", tmp_path)):
        done = run(*line)
        assert "is a folder; give a file" in str(done.exception)


# -- CSV out -------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.floats(allow_nan=False), st.integers(), st.none())))
def test_no_text_of_a_row_begins_a_formula_and_numbers_stay(
    cells: list[str | float | int | None],
) -> None:
    text = csv_row(cells)
    [row] = csv.reader(StringIO(text, newline="")) if cells else [[]]
    for cell, written in zip(cells, row, strict=True):
        if isinstance(cell, str):
            assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert written in {cell, f"'{cell}"}
        else:
            assert written == ("" if cell is None else str(cell))


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\uff1d"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(begins: str) -> None:
    [row] = csv.reader([csv_row([f"{begins}1+1", -1, -1.5])])
    assert row == [f"'{begins}1+1", "-1", "-1.5"]


@pytest.mark.parametrize("begins", ["\r", "\n"])
def test_so_does_a_line_end(begins: str) -> None:
    assert csv_row([f"{begins}=1"]) == f'"\'{begins}=1"\n'


def test_nobody_else_writes_csv() -> None:
    root = Path(__file__).parents[3]
    rooms = ("streams", "agents", "domain", "schemas", "examples")
    writers = [
        str(file.relative_to(root))
        for room in rooms
        for file in (root / room).rglob("*.py")
        if "csv.writer(" in (text := file.read_text()) or "DictWriter(" in text or "to_csv" in text
    ]
    assert writers == ["streams/files/csv_rows.py"]

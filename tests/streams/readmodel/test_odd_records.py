"""Whatever lies in Kafka is read past, and nothing of an erased person outlives the erasure."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from struct import pack

import msgspec
import pytest
from aiokafka import TopicPartition

from domain.assembly.erasures import digest_of
from domain.customer.state import StateFormatError
from domain.policy import Policy
from schemas.codec import encode
from schemas.deadletter import Original
from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import moment, rfc3339
from schemas.published import AlertState
from schemas.topics import ALERT_STATES, DEAD_LETTERS, SIGNALS
from schemas.units import MS_PER_DAY
from streams.engine.checkpoint import NewerFormat
from streams.engine.placing import partition_of
from streams.readmodel import follower, reading
from streams.readmodel.catching_up import CatchingUp
from streams.readmodel.file import ModelFile
from streams.readmodel.marks import MARK
from streams.readmodel.newest import Newest
from streams.readmodel.opening import Unfit, make_file
from streams.readmodel.places import Places
from streams.serve.streaming.client import Client
from streams.serve.streaming.frames import frames
from streams.settings import ServeSettings, Settings

CASES = "touchpoints.complaints"
CAME = 1_772_395_200_000
PARTITIONS = 4
STATE = AlertState.model_validate(OUTPUT_EXAMPLES["AlertState"][0])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(app_id="odd", clock="event", serve=ServeSettings(directory=tmp_path))


Make = Callable[..., ModelFile]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(*held: int) -> ModelFile:
        file = make_file(tmp_path, {"partitions": str(PARTITIONS)}, held, Policy())
        with file.transaction():
            for number in held:
                file.show(number)
        return file

    return made


def _input(value: bytes, number: int = 0, customer: str = "ann") -> Original:
    return Original(CASES, number, 0, CAME, customer.encode(), value)


def _rows(file: ModelFile, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    return list(file._execute(f"SELECT {columns} FROM {table}"))


def _erase(file: ModelFile, customer: str, at: int) -> None:
    number, end = partition_of(customer.encode(), PARTITIONS), at + Policy().erasure.keep_ms
    with file.transaction():
        file.take_records(number, {MARK + digest_of(customer): pack("<qq", at, end)})


@pytest.mark.parametrize(
    "value",
    [
        b'{"type": "complaint", "occurred_at": "2026-03-01T00:00:00"}',
        b'{"type": "complaint", "more": ' + b"[" * 50_000,
        b'{"type": "complaint", "occurred_at": "9999-12-31T23:59:59-23:00"}',
        b'{"type": "complaint", "occurred_at": "2999-12-31T23:59:59Z"}',
        b"\xff",
        b"",
    ],
    ids=["no zone", "deep", "last year", "future", "no text", "empty"],
)
def test_an_odd_event_is_a_line_of_when_it_came(
    settings: Settings, make: Make, value: bytes
) -> None:
    file = make(*range(PARTITIONS))
    with file.transaction():
        file.take_inputs(CASES, 0, [_input(value)])
    lines = reading.ReadModel(settings, at=CAME).timeline("ann", None, 10, opened=True).rows
    assert [(one.at, one.value) for one in lines] == [(CAME, value)]
    _erase(file, "ann", CAME + 1)
    assert _rows(file, "inputs") == []


def test_an_output_of_a_time_to_come_goes_with_its_customer(make: Make) -> None:
    file = make(*range(PARTITIONS))
    told = {"customer_id": "ann", "kind": "x", "occurred_at": "2999-12-31T23:59:59Z"}
    naive = {"customer_id": "ann", "kind": "x", "occurred_at": "2026-03-01T00:00:00"}
    values = [json.dumps(one).encode() for one in (told, naive)] + [b"[" * 50_000]
    with file.transaction():
        records = [Original(SIGNALS, 0, n, CAME, None, value) for n, value in enumerate(values)]
        file.take_outputs(SIGNALS, 0, records)
    assert _rows(file, "outputs", "at") == [(CAME,)]
    _erase(file, "ann", CAME + 1)
    assert _rows(file, "outputs") == []


def _letter(customer: str | None) -> bytes:
    letter = {
        "reason": "wrong_partition", "source_topic": CASES, "partition": 0, "offset": 7,
        "timestamp": CAME, "customer_id": customer, "value": "c2VjcmV0", "detail": "secret",
    }  # fmt: skip
    return json.dumps(letter).encode()


def _elsewhere(number: int) -> str:
    names = (f"c-{n}" for n in range(100))
    return next(name for name in names if partition_of(name.encode(), PARTITIONS) != number)


def test_what_lies_in_the_wrong_partition_is_not_taken_in_after_the_erasure(make: Make) -> None:
    file, customer = make(*range(PARTITIONS)), _elsewhere(0)
    _erase(file, customer, CAME + 1)
    with file.transaction():
        file.take_inputs(CASES, 0, [_input(b"{", customer=customer)])
        file.take_outputs(
            DEAD_LETTERS, 0, [Original(DEAD_LETTERS, 0, 0, CAME, None, _letter(customer))]
        )
    assert _rows(file, "inputs") == _rows(file, "outputs") == _rows(file, "refused") == []


@pytest.mark.parametrize("known", [True, False])
def test_of_whom_no_erasure_is_heard_no_word_is_kept(make: Make, *, known: bool) -> None:
    file, customer = make(0), _elsewhere(0)
    letter = _letter(customer if known else None)
    with file.transaction():
        file.take_inputs(CASES, 0, [_input(b"secret", customer=customer)])
        file.take_outputs(DEAD_LETTERS, 0, [Original(DEAD_LETTERS, 0, 0, CAME, None, letter)])
    assert _rows(file, "inputs") == []
    ((about, value),) = _rows(file, "outputs", "customer, value")
    assert about is None and isinstance(value, bytes)
    kept = json.loads(value)
    assert kept.pop("customer_id") is None and "value" not in kept
    assert b"secret" not in value and b"c2VjcmV0" not in value
    assert kept["source_topic"] == CASES and kept["offset"] == 7
    assert _rows(file, "refused", "customer") == [(None,)]


def test_that_a_state_is_gone_is_told_to_all_who_look_on(settings: Settings, make: Make) -> None:
    file = make(*range(PARTITIONS))
    with file.transaction():
        for offset, value in enumerate((encode(STATE), None)):
            record = Original(ALERT_STATES, 0, offset, CAME, STATE.key, value)
            file.take_outputs(ALERT_STATES, 0, [record])
    _, change = reading.ReadModel(settings).changed({}, [ALERT_STATES], 10)
    assert json.loads(change.value) == {"alert_id": STATE.alert_id, "deleted": True}
    assert change.customer_id is None
    for owner in (None, "somebody-else"):
        client = Client(frozenset((ALERT_STATES,)), owner)
        (told,) = client.new(frames([change], {}))
        assert told.told.startswith(b"event: alert-state\ndata: {")


def _mark(at: int, done: int) -> bytes:
    return pack("<qqq", at, at + Policy().erasure.keep_ms, done)


@pytest.mark.parametrize("before", [True, False])
def test_an_event_after_the_request_is_of_a_new_life(make: Make, *, before: bool) -> None:
    """Asked at 10:00, done at 11:00: the events of 9:55 go, those of 10:05 stay, whether they are
    read before the erasure or after it; what came out up to 11:00 goes."""
    file, minute = make(*range(PARTITIONS)), 60_000
    number = partition_of(b"ann", PARTITIONS)
    marks = {MARK + digest_of("ann"): _mark(CAME, CAME + 60 * minute)}
    events = [
        Original(CASES, number, n, CAME + minutes * minute, b"ann", b"{")
        for n, minutes in enumerate((-5, 5))
    ]
    outputs = [
        Original(
            SIGNALS, number, n, CAME + minutes * minute, None,
            json.dumps({
                "customer_id": "ann", "kind": "x",
                "occurred_at": rfc3339(moment(CAME + minutes * minute)),
            }).encode(),
        )
        for n, minutes in enumerate((30, 61))
    ]  # fmt: skip
    with file.transaction():
        if not before:
            file.take_records(number, marks)
        file.take_inputs(CASES, number, events)
        file.take_outputs(SIGNALS, number, outputs)
        if before:
            file.take_records(number, marks)
    assert _rows(file, "inputs", "position") == [(1,)]
    assert _rows(file, "outputs", "position") == [(1,)]
    assert _rows(file, "names", "customer") == [("ann",)]


def test_who_has_nothing_left_is_known_by_no_name(make: Make) -> None:
    file = make(*range(PARTITIONS))
    with file.transaction():
        file.take_inputs(CASES, 0, [_input(b"{"), _input(b"{", customer="ben")])
    assert sorted(_rows(file, "names", "customer")) == [("ann",), ("ben",)]
    _erase(file, "ann", CAME + 1)
    assert _rows(file, "names", "customer") == _rows(file, "inputs", "customer") == [("ben",)]


def test_neither_an_erasure_nor_a_sweep_reads_whole_tables(make: Make) -> None:
    file, asked = make(*range(PARTITIONS)), list[str]()
    with file.transaction():
        file.take_inputs(CASES, 0, [_input(b"{")])
    file._connection.set_trace_callback(asked.append)
    _erase(file, "nobody", CAME)
    _erase(file, "ann", CAME)
    with file.transaction():
        file.sweep(1, wall=True)
    file._connection.set_trace_callback(None)
    known = [each for each in asked if each.startswith(("SELECT", "DELETE"))]
    assert len(known) > 8
    for statement in known:
        plan = [row[3] for row in file._execute(f"EXPLAIN QUERY PLAN {statement}")]
        scans = [step for step in plan if step.startswith("SCAN")]
        assert all("partitions" in step or "CONSTANT" in step for step in scans), (statement, plan)


class _Asked:
    """Where partitions begin, and where what is recent does."""

    async def begins(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 3)

    async def since(self, places: list[TopicPartition], _at: int) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 900)


def test_open_alerts_are_read_from_the_start(settings: Settings, make: Make) -> None:
    file = make(0)
    places = Places("log", (SIGNALS, ALERT_STATES), (), (CASES,), (0,), {})
    catching = CatchingUp(settings, file, _Asked(), places, Newest(Policy()))  # type: ignore[arg-type]
    asyncio.run(catching._begin())
    assert file.next == {(SIGNALS, 0): 900, (CASES, 0): 900, (ALERT_STATES, 0): 3}
    record = Original(ALERT_STATES, 0, 3, CAME, STATE.key, encode(STATE))
    with file.transaction():
        file.take_outputs(ALERT_STATES, 0, [record], CAME + MS_PER_DAY)
    assert _rows(file, "alerts", "id") == [(STATE.alert_id,)]
    assert _rows(file, "outputs") == []


class _Lives:
    """A follower that dies of one thing after the other."""

    def __init__(self, *deaths: BaseException) -> None:
        self._deaths = list(deaths)
        self.rebuild: str | None = None
        self.rebuilt: list[str | None] = []
        self.caught_up = False

    async def run(self) -> None:
        self.rebuilt.append(self.rebuild)
        self.rebuild = None
        raise self._deaths.pop(0)


def _keep(
    monkeypatch: pytest.MonkeyPatch, *deaths: BaseException, pauses: list[float] | None = None
) -> list[str | None]:
    lives = _Lives(*deaths, asyncio.CancelledError())
    monkeypatch.setattr(follower, "Follower", lambda _: lives)

    def slept(seconds: float) -> Coroutine[None, None, None]:
        if pauses is not None:
            pauses.append(seconds)
        return real(0)

    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", slept)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(follower.keep(Settings()))
    return lives.rebuilt


def test_what_nobody_thought_of_does_not_end_the_follower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _keep(monkeypatch, TypeError("secret"), OverflowError()) == [None] * 3


def _of_sqlite(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("of sqlite")
    error.sqlite_errorcode = code
    return error


def test_only_a_torn_file_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = (
        _of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT),
        _of_sqlite(sqlite3.ProgrammingError, sqlite3.SQLITE_MISUSE),
        _of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_FULL),
    )
    assert _keep(monkeypatch, *sound) == [None] * 4
    torn = (
        _of_sqlite(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT),
        _of_sqlite(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB),
        Unfit("spoilt"),
    )
    first, *others = _keep(monkeypatch, *torn)
    assert first is None and len(others) == 3 and all(others)


@pytest.mark.parametrize(
    "death",
    [
        _of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT),
        _of_sqlite(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT),
        Unfit("spoilt"),
    ],
    ids=repr,
)
def test_no_life_follows_another_without_a_pause(
    monkeypatch: pytest.MonkeyPatch, death: BaseException
) -> None:
    pauses: list[float] = []
    _keep(monkeypatch, death, pauses=pauses)
    assert len(pauses) == 1 and pauses[0] >= 1.0


def test_a_state_that_cannot_be_read_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    torn = StateFormatError("torn"), msgspec.DecodeError("torn")
    first, *others = _keep(monkeypatch, *torn)
    assert first is None and len(others) == 2 and all(others)


def test_what_a_newer_version_wrote_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = NewerFormat.__new__(NewerFormat)
    assert _keep(monkeypatch, newer) == [None, None]

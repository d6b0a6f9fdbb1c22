"""Before the read model is whole, or where its file cannot be read, no question has an answer."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.policy import Policy
from streams.readmodel import tables
from streams.readmodel.connections import Connections, NotReadable
from streams.readmodel.directory import BROKEN
from streams.readmodel.file import ModelFile
from streams.readmodel.opening import make_file
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter, CustomerFilter, Page
from streams.settings import ServeSettings, Settings

QUESTIONS: dict[str, Callable[[ReadModel], object]] = {
    "customer": lambda model: model.customer("ann"),
    "state": lambda model: model.state("ann"),
    "erased": lambda model: model.erased("ann"),
    "timeline": lambda model: model.timeline("ann", None, 10, opened=False),
    "lacks_events": lambda model: model.lacks_events("ann"),
    "customers": lambda model: model.customers(CustomerFilter(), None, 10),
    "members": lambda model: model.members("s1"),
    "parts": lambda model: list(model.parts()),
    "alerts": lambda model: model.alerts(AlertFilter(), None, 10),
    "alert": lambda model: model.alert("a1"),
    "alerts_by_id": lambda model: model.alerts_by_id(["a1"]),
    "alert_counts": lambda model: model.alert_counts(AlertFilter()),
    "complaints": lambda model: model.complaints(None, 10, open_only=False),
    "newest": lambda model: model.newest("segment-model"),
}
OF_ALL = {
    "customers", "members", "parts", "alerts", "alert", "alerts_by_id", "alert_counts",
    "complaints", "newest",
}  # fmt: skip
HOLDS_ANN = 0
"""The partition of ``ann``, of two."""


def _model(directory: Path) -> ReadModel:
    return ReadModel(Settings(serve=ServeSettings(directory=directory)), Policy())


def _file(directory: Path, *shown: int) -> ModelFile:
    file = make_file(directory, {"partitions": "2"}, [0, 1], Policy())
    with file.transaction():
        for number in shown:
            file.show(number)
    return file


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("there", ["nothing", "no partition", "another partition"])
def test_what_is_not_built_is_not_told(tmp_path: Path, question: str, there: str) -> None:
    if there != "nothing":
        _file(tmp_path, *([1 - HOLDS_ANN] if there == "another partition" else []))
    model = _model(tmp_path)
    with pytest.raises(NotReadable):
        QUESTIONS[question](model)
    assert len(model.currency()) == (0 if there == "nothing" else 2)
    assert model.positions() == {}


@pytest.mark.parametrize("question", QUESTIONS)
def test_one_customer_waits_for_their_own_partition_alone(tmp_path: Path, question: str) -> None:
    _file(tmp_path, HOLDS_ANN)
    model = _model(tmp_path)
    if question in OF_ALL:
        with pytest.raises(NotReadable):
            QUESTIONS[question](model)
    else:
        assert QUESTIONS[question](model) in (None, False, True, Page([], None))


def test_a_file_that_cannot_be_opened_just_now_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path, 0, 1)

    def busy(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(tables, "read", busy)
    with pytest.raises(NotReadable):
        _model(tmp_path).currency()
    assert not (tmp_path / BROKEN).exists()


def test_without_a_free_handle_nothing_is_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path, 0, 1)

    def exhausted(*_: object, **__: object) -> str:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Path, "read_text", exhausted)
    with pytest.raises(NotReadable, match="Too many open files"):
        _model(tmp_path).currency()


def test_a_file_that_is_gone_is_an_empty_one(tmp_path: Path) -> None:
    file = _file(tmp_path, 0, 1)
    file.close()
    file.path.unlink()
    assert _model(tmp_path).currency() == []


@pytest.mark.parametrize("question", ["currency", "customer", "members"])
def test_whoever_finds_the_first_page_torn_says_so(tmp_path: Path, question: str) -> None:
    file = _file(tmp_path, 0, 1)
    file.close()
    with file.path.open("r+b") as held:
        held.write(b"\xff" * tables.PAGE_BYTES)
    questions = QUESTIONS | {"currency": ReadModel.currency}
    with pytest.raises(NotReadable):
        questions[question](_model(tmp_path))
    assert (tmp_path / BROKEN).exists()


def test_a_segment_that_is_found_torn_half_way_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path, 0, 1)

    def torn(*_: object) -> Any:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr("streams.readmodel.customers.members", torn)
    positions, members = _model(tmp_path).members("s1")
    assert positions == {}
    with pytest.raises(NotReadable):
        list(members)
    assert (tmp_path / BROKEN).exists()


def held_open(directory: Path) -> list[str]:
    """Names of the directory's files that this process holds open, those removed too."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            at = each.readlink()
        except OSError:
            continue
        if at.parent == directory and at.name.startswith("model-"):
            found.append(at.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="handles are listed by Linux alone")
def test_one_question_lets_go_of_a_removed_file_in_every_thread(tmp_path: Path) -> None:
    _file(tmp_path, 0, 1).close()
    model, together, asked = _model(tmp_path), threading.Barrier(4), threading.Barrier(5)
    over = threading.Event()

    def ask() -> None:
        with model._connections.moment():
            together.wait()
        asked.wait()
        over.wait(30)  # idle, as threads of an executor are

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    asked.wait()
    try:
        assert len(set(held_open(tmp_path))) >= 1
        _file(tmp_path, 0, 1).close()
        assert any(name.endswith("(deleted)") for name in held_open(tmp_path))
        assert len(model.currency()) == 2
        assert not [name for name in held_open(tmp_path) if name.endswith("(deleted)")]
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_connection_serves_one_question_after_the_other(tmp_path: Path) -> None:
    _file(tmp_path, 0, 1)
    opened = Connections(tmp_path)
    with opened.moment() as first, opened.moment() as second:
        assert first is not second
    with opened.moment() as third:
        assert third in (first, second)

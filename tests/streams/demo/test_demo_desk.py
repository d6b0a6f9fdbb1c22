"""The desk of the demonstration: who is let in, the first time and the next, and who stays."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest

from streams.demo import roles
from streams.serve import run
from streams.serve.access import keeping as keeping_module
from streams.serve.access.book import Book
from streams.serve.access.keeping import Keeping
from streams.serve.access.links import Links
from streams.serve.access.records import AccessRecord, PersonRecord, dump
from streams.settings import Settings

SECRET = "signs-the-sessions-of-these-tests-only"


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    """What lies in the topic of who may come in, without a Kafka."""
    lying, offsets = Book(), itertools.count()

    class Writer:
        def __init__(self, _: Settings) -> None:
            pass

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def write(self, record: AccessRecord) -> None:
            lying.take(record.key, dump(record), next(offsets))

        async def delete(self, keys: tuple[bytes, ...]) -> None:
            for key in keys:
                lying.take(key, None, next(offsets))

    async def found(_: Keeping) -> Book:
        return lying

    async def audited(*_: object) -> None:
        pass

    monkeypatch.setattr(keeping_module, "AccessWriter", Writer)
    monkeypatch.setattr(keeping_module, "audited", audited)
    monkeypatch.setattr(Keeping, "book", found)
    return lying


@pytest.fixture
def serves(
    book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[list[str | None]]:
    """Whom the told link lets in, of each desk that was served."""
    monkeypatch.setenv("TOUCHLINE_KAFKA__BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setenv("TOUCHLINE_SERVE__SECRET", SECRET)
    let_in: list[str | None] = []

    def serve(settings: Settings, _: Any, listens: Callable[[str], None]) -> None:
        told = tmp_path / "desk"
        told.unlink(missing_ok=True)
        listens("http://127.0.0.1:1")
        deadline = time.monotonic() + 10.0
        while not told.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        [text] = parse_qs(urlsplit(told.read_text()).query)["link"]
        link = Links(settings, SECRET).read(text, book)
        let_in.append(None if link is None else link.person.role)

    monkeypatch.setattr(run, "serve", serve)
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield let_in
    for number, action in former.items():
        signal.signal(number, action)


def test_a_second_demonstration_lets_in_and_neither_leaves_an_account(
    book: Book, serves: list[str | None], tmp_path: Path
) -> None:
    for _ in range(2):
        roles.desk(tmp_path / "desk")
        assert book.people == {}
    assert serves == ["admin", "admin"]


def test_the_account_of_one_that_was_killed_is_taken_over_and_goes(
    book: Book, serves: list[str | None], tmp_path: Path
) -> None:
    left = PersonRecord(name="demo", role="admin", stamp="s", changed_at=1)
    book.take(left.key, dump(left), 0)
    roles.desk(tmp_path / "desk")
    assert serves == ["admin"]
    assert book.people == {}


def test_somebodys_own_account_of_that_name_stays(
    book: Book, serves: list[str | None], tmp_path: Path
) -> None:
    own = PersonRecord(name="demo", role="viewer", stamp="s", changed_at=1, password="$argon2id$")
    book.take(own.key, dump(own), 0)
    roles.desk(tmp_path / "desk")
    assert serves == ["viewer"]
    assert book.people == {"demo": own}

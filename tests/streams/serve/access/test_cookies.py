"""Cookies without a broker: read anew with what is known of accounts, whatever was read before."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from fastapi.responses import Response
from itsdangerous import URLSafeSerializer

from domain.policy import Policy
from schemas.units import MS_PER_HOUR
from streams.readmodel.reading import ReadModel
from streams.serve.access.book import Book
from streams.serve.access.gate import Gate
from streams.serve.access.records import EndedRecord, PersonRecord
from streams.serve.access.sessions import Session, Sessions
from streams.serve.api.openapi import made
from streams.serve.app import application
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.settings import ServeSettings, Settings
from tests.streams.serve.access.house import SECRET

NOW = 1_800_000_000_000


def sessions(app_id: str = "one", secret: str = SECRET) -> Sessions:
    return Sessions(Settings(app_id=app_id), secret)


def book_of(*names: str, stamp: str = "s") -> Book:
    book = Book()
    for name in names:
        person = PersonRecord(name=name, role="desk", stamp=stamp, changed_at=NOW)
        book.take(person.key, msgspec.json.encode(person), 0)
    return book


def cookie_of(made: Sessions, session: Session) -> str:
    given = Response()
    made.give(given, session)
    return given.headers["set-cookie"].partition("=")[2].partition(";")[0]


def test_a_session_that_ended_stays_so_wherever_they_are_let_live_for_longer() -> None:
    made = sessions()
    session = made.begin("anna", NOW, stamp="s")
    ended = made.ending(session, NOW + MS_PER_HOUR)
    book = book_of("anna")
    book.take(ended.key, msgspec.json.encode(ended), 1)
    settings = Settings(app_id="one", serve=ServeSettings(session_hours=720))
    longest = Sessions(settings, SECRET)
    last = NOW + 720 * MS_PER_HOUR - 1
    assert longest.holds(session, book_of("anna"), last)
    assert not longest.holds(session, book, last)
    assert book.over(last) == []
    assert book.over(last + 2) == [ended]


def test_a_cookie_that_was_read_is_held_against_what_is_known_now() -> None:
    made = sessions()
    session = made.begin("anna", NOW, stamp="s")
    cookie = cookie_of(made, session)
    book = book_of("anna")
    assert made.read(cookie, book, NOW) == session
    assert made.who(session, book).scopes == {"read", "act"}
    assert made.read(cookie, book, NOW + 12 * MS_PER_HOUR - 1) == session
    assert made.read(cookie, book, NOW + 12 * MS_PER_HOUR) is None
    assert made.read(cookie, book_of(), NOW) is None
    assert made.read(cookie, book_of("anna", stamp="another"), NOW) is None
    for what in (f"session:{session.id}", "person:anna"):
        ended = EndedRecord(what=what, at=NOW, until=NOW)
        book = book_of("anna")
        book.take(ended.key, msgspec.json.encode(ended), 1)
        assert made.read(cookie, book, NOW) is None
        later = made.begin("anna", NOW + 1, stamp="s")
        assert made.read(cookie_of(made, later), book, NOW + 1) == later
        book.take(ended.key, None, 2)
        assert made.read(cookie, book, NOW) == session


def test_a_cookie_is_of_one_application_and_one_secret() -> None:
    made = sessions()
    session = made.begin("anna", NOW, stamp="s")
    cookie, book = cookie_of(made, session), book_of("anna")
    assert sessions("another").read(cookie, book, NOW) is None
    assert sessions(secret="x" * 40).read(cookie, book, NOW) is None
    assert made.csrf(session) != sessions("another").csrf(session)
    assert not made.is_csrf(session, None)
    assert not made.is_csrf(session, "é")
    assert made.is_csrf(session, made.csrf(session))
    assert made.csrf(session) != made.csrf(made.begin("anna", NOW, stamp="s"))


@pytest.mark.parametrize("at", [0, 5, 40, -30, -2])
def test_a_changed_cookie_is_none(at: int) -> None:
    made = sessions()
    cookie = cookie_of(made, made.begin("anna", NOW, stamp="s"))
    changed = list(cookie)
    changed[at] = "A" if changed[at] != "A" else "g"
    assert made.read("".join(changed), book_of("anna"), NOW) is None


def test_a_signed_cookie_that_says_something_else_is_none() -> None:
    made = {"digest_method": hashlib.sha256}
    signed = URLSafeSerializer("x" * 40, "one.session", signer_kwargs=made)
    good = signed.dumps({"id": "i", "name": "anna", "began": NOW, "stamp": "s"})
    assert sessions(secret="x" * 40).read(str(good), book_of("anna"), NOW) is not None
    strange: tuple[object, ...] = ("", [], {"id": 1}, {"id": "i", "name": "anna", "began": "soon"})
    for told in strange:
        assert sessions(secret="x" * 40).read(str(signed.dumps(told)), book_of("anna"), NOW) is None


def test_a_stranger_with_the_name_of_a_local_account_is_nobody() -> None:
    made = sessions()
    session = made.begin("anna", NOW, roles=("admin",))
    cookie = cookie_of(made, session)
    assert made.read(cookie, book_of("ben"), NOW) == session
    assert made.read(cookie, book_of("anna"), NOW) is None


@pytest.mark.parametrize("public_url", ["", "https://desk.example"])
async def test_the_document_of_the_api_names_the_cookie_that_is_set(public_url: str) -> None:
    settings = Settings(serve=ServeSettings(public_url=public_url))
    parts = ReadModel(settings), Sending(settings), Gate(settings)
    told = made(application(Serving(settings, Policy(), *parts)))
    named = told["components"]["securitySchemes"]["session"]["name"]
    given, kept = Response(), Sessions(settings, SECRET)
    kept.give(given, kept.begin("ada", NOW))
    assert given.headers["set-cookie"].partition("=")[0] == named
    assert named == ("__Host-touchline" if public_url else "touchline")

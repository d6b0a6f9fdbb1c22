"""Every route of the application: what scope it asks for, and that none is let in without it.

The routes are taken from the application: a new one that asks for no scope fails here, unless it is
told below why anybody may ask it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute

from domain.policy import Policy
from streams.engine.clock import local_ms
from streams.readmodel.reading import ReadModel
from streams.serve.access import tokens
from streams.serve.access.book import Book
from streams.serve.access.gate import Gate
from streams.serve.access.links import Links
from streams.serve.access.origins import SAFE
from streams.serve.access.records import KeyRecord, PersonRecord
from streams.serve.access.sessions import Sessions
from streams.serve.access.who import Scope
from streams.serve.app import application
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.settings import Settings
from tests.streams.serve.access.house import SECRET, bearer

ANYBODYS = {
    "GET /": "goes on to the desk",
    "GET /livez": "for whoever runs it, without customers' data",
    "GET /readyz": "the same",
    "GET /metrics": "the same",
    "GET /v1/openapi.json": "what routes there are is no secret",
    "GET /static/{wanted}/{name}": "scripts and styles are nobody's secret",
    "POST /preferences": "language and colours of a browser",
    "GET /login": "where people say who they are",
    "POST /login": "the same",
    "GET /login/once": "the same",
    "GET /login/oidc": "the same",
    "GET /login/oidc/back": "the same",
    "POST /logout": "asks for the session's own token",
}
SCOPES: tuple[Scope, ...] = get_args(Scope)


def routes_of(thing: Any) -> Iterator[APIRoute]:
    """All routes below an application or a router, however deep they were put together."""
    for each in getattr(thing, "routes", ()):
        if isinstance(each, APIRoute):
            yield each
        else:
            inner = getattr(each, "original_router", None) or getattr(each, "app", None)
            yield from routes_of(each if inner is None else inner)


def scopes_of(dependant: Dependant) -> set[Scope]:
    """What scopes are asked for, by whatever stands before it."""
    own = getattr(dependant.call, "scope", None)
    found: set[Scope] = set() if own is None else {own}
    return found.union(*(scopes_of(each) for each in dependant.dependencies))


class House:
    """The application, with a key of each scope and a person who may do everything."""

    def __init__(self, directory: Any) -> None:
        settings = Settings(app_id="routes", partitions=1)
        settings.kafka.bootstrap = "127.0.0.1:9"
        settings.serve = settings.serve.model_copy(
            update={"directory": directory, "requests_per_second": 10_000.0}
        )
        self.gate = Gate(settings)
        self.gate.sessions, self.gate.oidc = Sessions(settings, SECRET), None
        self.gate.links = Links(settings, SECRET)
        book = Book()
        self.tokens = {scope: tokens.made() for scope in SCOPES}
        for scope, token in self.tokens.items():
            record = KeyRecord(
                id=token.id, client=scope, scopes=(scope,), made_at=0, hash=token.hash
            )
            book.keys[record.id] = record
        book.people["anna"] = PersonRecord(name="anna", role="admin", stamp="s", changed_at=0)
        self.gate.following.book = book
        serving = Serving(settings, Policy(), ReadModel(settings), Sending(settings), self.gate)
        self.app = application(serving)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("serve"))


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as one:
        yield one


def told(house: House) -> dict[str, set[Scope]]:
    """By method and path, the scopes that a route asks for."""
    return {
        f"{method} {route.path}": scopes_of(route.dependant)
        for route in routes_of(house.app)
        for method in route.methods or ()
    }


def test_every_route_asks_for_one_scope_or_is_anybodys(house: House) -> None:
    found = told(house)
    assert len(found) > len(ANYBODYS) + 10
    open_ones = {name for name, scopes in found.items() if not scopes}
    assert open_ones == ANYBODYS.keys()
    assert {name for name, scopes in found.items() if len(scopes) > 1} == set()
    for name, scopes in found.items():
        if name.startswith(("DELETE", "PUT", "PATCH")):
            assert scopes != {"read"}, name


async def test_no_route_lets_in_without_its_scope(house: House, client: httpx.AsyncClient) -> None:
    for name, scopes in told(house).items():
        if not scopes:
            continue
        method, _, path = name.partition(" ")
        path = re.sub(r"{[^}]+}", "x", path)
        is_page = not path.startswith("/v1")
        answer = await client.request(method, path)
        assert answer.status_code == (303 if is_page else 401), name
        if is_page:
            assert answer.headers["location"].startswith("/login?next=")
        else:
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "detail" not in answer.json()
        for scope in set(SCOPES) - scopes:
            answer = await client.request(method, path, headers=bearer(house.tokens[scope].text))
            assert answer.status_code == 403, (name, scope)
            assert is_page or "detail" not in answer.json()


async def test_nothing_is_changed_with_a_cookie_alone(
    house: House, client: httpx.AsyncClient
) -> None:
    sessions = house.gate.sessions
    session, given = sessions.begin("anna", local_ms(), stamp="s"), Response()
    sessions.give(given, session)
    cookie = given.headers["set-cookie"].partition(";")[0]
    for name, scopes in told(house).items():
        method, _, path = name.partition(" ")
        if scopes and method not in SAFE:
            path = re.sub(r"{[^}]+}", "x", path)
            headers = {"Cookie": cookie, "Origin": "http://127.0.0.1"}
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 403, name
            headers |= {"X-CSRF-Token": sessions.csrf(session), "Origin": "http://evil.example"}
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 403, name

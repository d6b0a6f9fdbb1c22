"""What is read of a request is bounded, whoever sends it, and costs no more than its size."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from collections.abc import AsyncIterator

import httpx
import pyarrow as pa
import pytest
from fastapi import FastAPI, Request

from streams.readmodel.reading import NotHere
from streams.serve import bodies
from streams.serve.elsewhere import Elsewhere, send_on_what_is_not_here
from streams.serve.pages import reader
from streams.serve.problems import Problem, handle_problems


async def _endless(most: int, taken: list[int]) -> AsyncIterator[bytes]:
    while sum(taken) < most:
        taken.append(64 * 1024)
        yield b"language=" + b"a" * (64 * 1024 - 10) + b"&"


def _client(elsewhere: Elsewhere | None = None) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.elsewhere = elsewhere
    handle_problems(app)
    send_on_what_is_not_here(app)
    app.include_router(reader.router)

    @app.post("/read")
    async def read(request: Request) -> None:
        await bodies.body(request)
        raise NotHere(1, "http://sibling")

    @app.get("/unread")
    @app.post("/unread")
    async def unread() -> None:
        raise NotHere(1, "http://sibling")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://here")


FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("headers", [FORM, PARTS])
async def test_a_choice_of_anybody_is_read_no_further_than_a_small_form(
    headers: dict[str, str],
) -> None:
    async with _client() as client:
        taken: list[int] = []
        content = b"".join([piece async for piece in _endless(1 << 20, taken)])
        answer = await client.post("/preferences", content=content, headers=headers)
        assert answer.status_code == 413
        many = "&".join(f"f{number}=1" for number in range(100))
        assert (await client.post("/preferences", content=many, headers=FORM)).status_code == 400


async def test_a_request_that_was_read_goes_on_to_a_sibling_as_it_came() -> None:
    sent = []

    async def answered(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, await request.aread()))
        return httpx.Response(202)

    packed = gzip.compress(b'{"a": 1}')
    async with _client(Elsewhere(httpx.MockTransport(answered))) as client:
        headers = {"content-encoding": "gzip"}
        assert (await client.post("/read", content=packed, headers=headers)).status_code == 202
        assert (await client.post("/unread", content=b"b")).status_code == 202
        assert (await client.request("GET", "/unread", content=b"b")).status_code == 202
        much = b"b" * (bodies.MOST_BYTES + 1)
        assert (await client.post("/unread", content=much)).status_code == 413
    assert sent == [("POST", packed), ("POST", b"b"), ("GET", b"")]


async def _never_whole() -> AsyncIterator[bytes]:
    yield b"language="
    await asyncio.Event().wait()


async def test_a_body_that_never_becomes_whole_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_SECONDS", 0.05)
    async with _client() as client, asyncio.timeout(10):
        answer = await client.post("/read", content=_never_whole())
        assert (answer.status_code, answer.json()["kind"]) == (408, "too_slow")
        assert answer.headers["connection"] == "close"
        page = await client.post("/preferences", content=_never_whole(), headers=FORM)
        assert page.status_code == 408


async def test_what_takes_long_to_load_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    where = []

    def noted(packed: bytes) -> bytes:
        where.append(threading.current_thread())
        return of_zstd(packed)

    of_zstd = bodies._of_zstd
    monkeypatch.setattr(bodies, "_of_zstd", noted)
    async with _client(Elsewhere(httpx.MockTransport(lambda _: httpx.Response(202)))) as client:
        packed = pa.compress(b"[1]", codec="zstd", asbytes=True)
        answer = await client.post("/read", content=packed, headers={"content-encoding": "ZSTD"})
        assert answer.status_code == 202
        answer = await client.post("/read", content=b"x", headers={"content-encoding": "zstd"})
        assert (answer.status_code, answer.json()["kind"]) == (400, "not_unpacked")
    assert len(where) == 2
    assert threading.main_thread() not in where


@pytest.mark.parametrize(
    ("text", "media"),
    [(b"[" + b"1," * 500 + b"1]", bodies.JSON), (b"1\n" * 501, bodies.LINES[0])],
)
def test_more_events_than_are_taken_are_refused(text: bytes, media: str) -> None:
    with pytest.raises(Problem) as refused:
        bodies.items(text, media)
    assert refused.value.kind == "too_many_items"
    assert refused.value.detail == "There are 501; at most 500 are taken."


def test_a_body_has_some_members_and_one_packing() -> None:
    some = b"".join(gzip.compress(b"a") for _ in range(bodies.MOST_MEMBERS))
    assert bodies.unpacked(some, "gzip") == b"a" * bodies.MOST_MEMBERS
    assert bodies.unpacked(b"a", "identity, ") == b"a"
    with pytest.raises(Problem) as refused:
        bodies.unpacked(gzip.compress(b"") * (bodies.MOST_MEMBERS + 1), "gzip")
    assert refused.value.status == 400
    for packings in ("gzip, gzip", "deflate, gzip", "gzip, zstd, gzip"):
        with pytest.raises(Problem) as refused:
            bodies.unpacked(gzip.compress(zlib.compress(b"a")), packings)
        assert refused.value.status == 415

"""Whoever connects holds no more of the process than a head takes, and not for long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from uvicorn.server import ServerState

from streams.serve import heads
from streams.serve.api.stream import MOST_STREAMS
from streams.serve.heads import BoundedHeads
from streams.serve.web import _config
from streams.settings import Settings


async def _app(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            break
    if scope["path"] == "/slow":
        await asyncio.sleep(60)
    told = str(size).encode()
    headers = [(b"content-length", str(len(told)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


async def _unread(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def _endless(scope: Any, receive: Any, send: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"a" * 65_536
            await asyncio.sleep(0)

    await StreamingResponse(pieces())(scope, receive, send)


async def _until(look: Callable[[], object]) -> None:
    while not look():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _server(app: Any, state: ServerState) -> AsyncIterator[tuple[str, int]]:
    config = uvicorn.Config(app, http=BoundedHeads, ws="none", lifespan="off", log_config=None)
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedHeads(config, state, {}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()
    finally:
        for task in state.tasks:
            task.cancel()
        server.close()


@asynccontextmanager
async def _connection(
    app: Any = _app,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with _server(app, ServerState()) as place:
        reader, writer = await asyncio.open_connection(*place)
        try:
            yield reader, writer
        finally:
            writer.close()


HEAD = b"POST / HTTP/1.1\r\nhost: here\r\n"
LENGTH = b"content-length: 200000\r\n\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n"


@pytest.mark.parametrize(
    ("begin", "then"),
    [
        (b"GET /", b"a" * 4096),
        (HEAD + b"x: ", b"a" * 4096),
        (HEAD, b"x: " + b"a" * 1000 + b"\r\n"),
        (CHUNKED + b"0\r\n", b"x: " + b"a" * 1000 + b"\r\n"),
        (CHUNKED + b"1;x=", b"a" * 4096),
    ],
)
async def test_what_never_becomes_whole_is_ended(begin: bytes, then: bytes) -> None:
    async with _connection() as (reader, writer):
        writer.write(begin)
        sent = 0
        async with asyncio.timeout(10):
            try:
                while not reader.at_eof() and sent < 64 * heads.MOST_BYTES:
                    writer.write(then)
                    sent += len(then)
                    await writer.drain()
                    await asyncio.sleep(0)
            except ConnectionError:
                pass
        assert sent < 64 * heads.MOST_BYTES


async def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "MOST_SECONDS", 0.05)
    for begin in (b"", b"GET / HTTP/1.1\r\n"):
        async with _connection() as (reader, writer), asyncio.timeout(10):
            writer.write(begin)
            assert await reader.read() == b""


async def test_a_body_that_never_becomes_whole_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heads, "BODY_SECONDS", 0.3)
    for app in (_app, _unread):
        async with _connection(app) as (reader, writer), asyncio.timeout(10):
            writer.write(HEAD + LENGTH)
            if app is _unread:  # a byte behind the answer: it is not idle, and never whole
                await reader.readuntil(b"\r\n\r\n")
            writer.write(b"a")
            assert await reader.read() == b""


@pytest.mark.parametrize("closed", [False, True])
async def test_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    monkeypatch.setattr(heads, "TAKEN_SECONDS", 0.3)
    state = ServerState()
    async with _server(_endless, state) as place, asyncio.timeout(20):
        with socket.create_connection(place) as away:
            away.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
            await _until(lambda: state.connections)
            [connection] = state.connections
            assert isinstance(connection, BoundedHeads)
            if closed:
                await _until(lambda: connection.flow.write_paused)
                connection.transport.close()
            await _until(lambda: not state.connections and not state.tasks)


async def test_who_takes_slowly_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "TAKEN_SECONDS", 0.3)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a" * 16_000_000})

    async with _server(app, ServerState()) as place, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(*place, limit=100_000)
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        taken = 0
        while piece := await reader.read(1_000_000):
            taken += len(piece)
            if taken < 10_000_000:
                await asyncio.sleep(0.01)
        writer.close()
    assert taken > 16_000_000


async def test_bodies_and_one_request_after_the_other_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heads, "MOST_SECONDS", 0.2)
    async with _connection() as (reader, writer), asyncio.timeout(10):
        for _ in range(3):
            writer.write(HEAD + LENGTH + b"a" * 100_000)
            await asyncio.sleep(0.3)  # a body may take its time
            writer.write(b"a" * 100_000)
            assert (await reader.readuntil(b"200000")).startswith(b"HTTP/1.1 200")


async def test_requests_far_ahead_of_their_answers_are_refused() -> None:
    async with _connection() as (reader, writer), asyncio.timeout(10):
        writer.write(b"GET /slow HTTP/1.1\r\nhost: here\r\n\r\n" * (heads.MOST_WAITING + 2))
        assert (await reader.read()).startswith(b"HTTP/1.1 400")


def test_serve_listens_so_and_has_room_beside_all_streams() -> None:
    config = _config(FastAPI(), Settings())
    config.load()
    assert config.http_protocol_class is BoundedHeads
    assert config.limit_concurrency is not None
    assert config.limit_concurrency > MOST_STREAMS

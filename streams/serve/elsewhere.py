"""What a sibling holds is asked of it: the request goes on as it came, the answer comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from typing import Final

import httpx
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from streams.readmodel.reading import NotHere
from streams.serve import bodies
from streams.serve.problems import Problem, answered

SENT_ON: Final = "touchline-sent-on"
"""Marks a request that a sibling sent on: it goes no further."""
CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 30.0
_OF_ONE_CONNECTION: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "host", "content-length", "date"),
    )
)
_WITH_BODY: Final = frozenset(("POST", "PUT", "PATCH"))
_PACKED: Final = frozenset(("content-encoding", "content-type"))

log = structlog.get_logger("touchline.serve")


class Elsewhere:
    """Connections to siblings, kept open between requests; most who serve have none."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=self._transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        if "_client" in vars(self):
            await self._client.aclose()

    async def ask(self, request: Request, address: str) -> Response:
        """The sibling's answer to the same request, passed on as it comes.

        Raises ``Problem`` 503 where it does not answer, 413 where the request is too large.
        """
        content = await bodies.packed(request) if request.method in _WITH_BODY else b""
        answer = await self._sent(request, address, content)
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in _OF_ONE_CONNECTION
        }
        return StreamingResponse(_passed(answer), answer.status_code, headers=kept)

    async def told(self, request: Request, address: str, content: bytes) -> httpx.Response:
        """The sibling's whole answer to the same request with another body, which is not packed.

        Raises ``Problem`` 503 where it does not answer.
        """
        answer = await self._sent(request, address, content, _PACKED)
        try:
            await answer.aread()
        except httpx.HTTPError as error:
            raise away() from error
        finally:
            await answer.aclose()
        return answer

    async def _sent(
        self, request: Request, address: str, content: bytes, without: frozenset[str] = frozenset()
    ) -> httpx.Response:
        url = httpx.URL(address.rstrip("/")).copy_with(
            raw_path=request.scope.get("raw_path", request.url.path.encode())
            + (b"?" + request.scope["query_string"] if request.scope["query_string"] else b"")
        )
        left_out = _OF_ONE_CONNECTION | without
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name.decode("latin-1") not in left_out
        ]
        asked = self._client.build_request(
            request.method,
            url,
            headers=[*headers, (SENT_ON.encode(), b"1")],
            content=content,
        )
        try:
            return await self._client.send(asked, stream=True)
        except httpx.HTTPError as error:
            log.warning("a sibling does not answer", address=address, error=type(error).__name__)
            raise away() from error


async def _passed(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def away() -> Problem:
    """A replica that holds what is asked for does not answer."""
    return Problem(
        503,
        "held_elsewhere",
        "What is asked for is held by another replica that does not answer",
        headers={"Retry-After": "2"},
    )


async def sent_on(request: Request, error: NotHere) -> Response:
    """The answer of the sibling that holds it. Raises ``Problem`` where there is none."""
    if not error.address or SENT_ON in request.headers:
        raise away()
    elsewhere: Elsewhere = request.app.state.elsewhere
    return await elsewhere.ask(request, error.address)


def send_on_what_is_not_here(app: FastAPI) -> None:
    """Where a route finds that a sibling holds the partition, the sibling answers."""

    async def passed_on(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotHere)
        try:
            return await sent_on(request, error)
        except Problem as problem:
            return answered(problem)

    app.add_exception_handler(NotHere, passed_on)

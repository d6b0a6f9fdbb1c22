"""What a sibling holds is asked of it; and what goes wrong is told to nobody outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from streams.readmodel.reading import NotHere
from streams.serve.elsewhere import SENT_ON, Elsewhere, send_on_what_is_not_here
from streams.serve.metrics import ServeMetrics
from streams.serve.problems import handle_problems
from streams.serve.watched import Broken, Watched

SIBLING = "http://sibling:8080"


def _application(elsewhere: Elsewhere | None = None) -> FastAPI:
    app = FastAPI()
    app.state.elsewhere = elsewhere
    app.state.metrics = ServeMetrics()
    handle_problems(app)
    send_on_what_is_not_here(app)
    app.add_middleware(Watched, metrics=app.state.metrics)

    @app.get("/v1/customers/{customer_id:path}")
    async def customer(customer_id: str) -> None:
        raise NotHere(4, "" if customer_id == "nobody" else SIBLING)

    @app.get("/v1/broken")
    async def broken(secret: str) -> None:
        raise RuntimeError(f"the balance of {secret}")

    @app.get("/v1/cut")
    async def cut() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            raise RuntimeError("the balance")

        return StreamingResponse(pieces())

    return app


def _sibling() -> FastAPI:
    app = FastAPI()

    @app.get("/v1/customers/{customer_id:path}")
    async def customer(customer_id: str, request: Request) -> Any:
        return {
            "id": customer_id,
            "query": str(request.url.query),
            "raw": request.scope["raw_path"].decode(),
            "sent": {
                name: request.headers.get(name)
                for name in ("authorization", "cookie", "touchline-after", SENT_ON)
            },
        }

    return app


def _ask(path: str, **headers: str) -> httpx.Response:
    async def run() -> httpx.Response:
        asked = httpx.ASGITransport(_sibling())
        elsewhere = Elsewhere(asked)
        app = _application(elsewhere)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await client.get(path, headers=named)
        await elsewhere.close()
        return answer

    return asyncio.run(run())


def test_a_request_goes_on_as_it_came() -> None:
    answer = _ask(
        "/v1/customers/a%2Fb?limit=3&opened=true",
        authorization="Bearer k",
        cookie="session=s",
        touchline_after="alerts-0@4",
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "id": "a/b",
        "query": "limit=3&opened=true",
        "raw": "/v1/customers/a%2Fb",
        "sent": {
            "authorization": "Bearer k",
            "cookie": "session=s",
            "touchline-after": "alerts-0@4",
            SENT_ON: "1",
        },
    }


def test_it_goes_on_once_and_only_where_somebody_is_known() -> None:
    for path, headers in (("/v1/customers/c-1", {SENT_ON: "1"}), ("/v1/customers/nobody", {})):
        answer = _ask(path, **headers)
        assert (answer.status_code, answer.json()["kind"]) == (503, "held_elsewhere")
        assert answer.headers["retry-after"] == "2"


def test_a_sibling_that_does_not_answer_is_a_problem() -> None:
    async def run() -> httpx.Response:
        async def refused(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no way", request=request)

        app = _application(Elsewhere(httpx.MockTransport(refused)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/v1/customers/c-1")

    answer = asyncio.run(run())
    assert (answer.status_code, answer.json()["kind"]) == (503, "held_elsewhere")


def test_a_fault_of_ours_is_told_to_nobody_outside() -> None:
    async def run() -> tuple[httpx.Response, bytes]:
        app = _application()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            answer = await client.get("/v1/broken", params={"secret": "hush"})
            await client.get("/v1/none/of/these")
            await client.request("BREW", "/v1/broken")
        return answer, generate_latest(app.state.metrics.registry)

    with capture_logs() as logs:
        answer, counted = asyncio.run(run())
    assert answer.json() == {
        "type": "urn:touchline:problem:failed",
        "kind": "failed",
        "title": "Something went wrong here; it has been logged",
        "status": 500,
    }
    assert logs[0]["error"] == "RuntimeError"
    assert "hush" not in str(logs)
    assert b'method="GET",route="/v1/broken",status="500"' in counted
    assert b'method="GET",route="unmatched",status="404"' in counted
    assert b'method="other"' in counted
    assert b"BREW" not in counted


def test_an_answer_that_breaks_off_is_cut_and_its_words_are_kept() -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(_application())
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            await client.get("/v1/cut")

    with capture_logs() as logs, pytest.raises(Broken):
        asyncio.run(run())
    assert "balance" not in str(logs)

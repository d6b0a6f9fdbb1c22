"""An application with a gate and little else, and somebody who asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Request
from pydantic import SecretStr

from streams.serve.access.gate import Gate, needs
from streams.serve.access.keeping import Keeping
from streams.serve.access.protecting import protect
from streams.serve.access.who import Who
from streams.serve.problems import handle_problems
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of

SECRET = "signs-the-sessions-of-these-tests-only"
PASSWORD = "correct horse battery"


def settings_of(app_id: str, bootstrap: str, **serve: Any) -> Settings:
    """Settings of an application whose topics of access are made."""
    settings = Settings(app_id=app_id, partitions=2)
    serve.setdefault("secret", SecretStr(SECRET))
    settings.kafka.bootstrap = bootstrap
    settings.serve = settings.serve.model_copy(update=serve)
    own = settings.access_topic, settings.audit_topic
    ensure_topics_of(settings, only=own).raise_if_wrong()
    return settings


def application(gate: Gate) -> FastAPI:
    """Routes that want a scope each, and say who asks."""
    app = FastAPI()
    app.state.serving = SimpleNamespace(gate=gate, settings=gate.settings)

    handle_problems(app)

    @app.get("/v1/customers/{customer_id}")
    async def look(
        customer_id: str, request: Request, who: Annotated[Who, Depends(needs("read"))]
    ) -> Mapping[str, Any]:
        await gate.note(who, "looked", customer_id=customer_id, request=request)
        return {"name": who.name, "owner": who.owner_id, "person": who.is_person}

    @app.post("/v1/alerts/actions")
    async def act(
        request: Request, who: Annotated[Who, Depends(needs("act"))]
    ) -> Mapping[str, Any]:
        await gate.note(who, "acted", subjects=["a" * 32], request=request)
        return {"name": who.name}

    @app.get("/v1/stream")
    async def stream(
        request: Request, who: Annotated[Who, Depends(needs("read"))]
    ) -> Mapping[str, Any]:
        ended = asyncio.Event()
        with gate.looks_on(request, who, "read", ended.set):
            await ended.wait()
        return {"ended": who.name}

    protect(app, gate.settings)
    return app


@asynccontextmanager
async def asked(
    gate: Gate, base: str = "http://127.0.0.1:8080"
) -> AsyncIterator[httpx.AsyncClient]:
    """An open gate's application, by a client."""
    await gate.open()
    try:
        assert await gate.following.until(lambda: gate.following.book is not None, 30.0)
        transport = httpx.ASGITransport(application(gate))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            yield client
    finally:
        await gate.close()


def keeping(settings: Settings) -> Keeping:
    """What `touchline access` works with."""
    return Keeping(settings)


def bearer(token: str) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {token}"}

"""An application with the routes that post, on a real broker; whoever is told is let in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request

from domain.policy import Policy
from schemas.topics import INPUT_TOPICS
from streams.readmodel.reading import ReadModel
from streams.serve.access.gate import Gate
from streams.serve.access.who import SCOPES_OF, Scope, Who
from streams.serve.app import application
from streams.serve.elsewhere import Elsewhere
from streams.serve.problems import Problem
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.settings import KafkaSettings, ServeSettings, Settings
from tests.chaos import oracle

ADMIN = Who("till", SCOPES_OF["admin"], is_person=False)


class Door(Gate):
    """Admits one caller, where the scope is theirs; keeps what is noted."""

    def __init__(self, settings: Settings, who: Who = ADMIN) -> None:
        super().__init__(settings)
        self.who = who
        self.noted: list[tuple[str, str | None]] = []

    async def admit(self, request: Request, scope: Scope) -> Who:
        if not self.who.may(scope):
            raise Problem(403, "forbidden", "Not allowed")
        return self.who

    async def note(
        self,
        who: Who,
        act: str,
        *,
        customer_id: str | None = None,
        subjects: Sequence[str] = (),
        request: Request | None = None,
    ) -> None:
        self.noted.append((act, customer_id))


def settings(bootstrap: str, **serve: Any) -> Settings:
    """Of an application with four partitions."""
    return Settings(
        app_id="posting",
        partitions=4,
        kafka=KafkaSettings(bootstrap=bootstrap),
        serve=ServeSettings(**serve),
    )


class House:
    """The application: its parts, and a client of it."""

    def __init__(self, settings: Settings, model: ReadModel, who: Who = ADMIN) -> None:
        self.gate = Door(settings, who)
        self.sending = Sending(settings)
        self.model = model
        self.app = application(Serving(settings, Policy(), model, self.sending, self.gate))
        self.app.state.elsewhere = self.elsewhere = Elsewhere()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1", timeout=60.0
        )

    async def post(self, content: bytes | list[Any] | dict[str, Any], **headers: str) -> Any:
        """What comes of posting this to ``/v1/events``."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/v1/events", content=body, headers=named)


@asynccontextmanager
async def house(
    settings: Settings, model: ReadModel | None = None, who: Who = ADMIN
) -> AsyncIterator[House]:
    """The application while it is open."""
    made = House(settings, model or ReadModel(settings), who)
    await made.sending.open()
    try:
        yield made
    finally:
        await made.client.aclose()
        await made.elsewhere.close()
        await made.sending.close()


def click(number: int, customer: str = "c-1", **fields: Any) -> dict[str, Any]:
    """A valid event."""
    return {
        "type": "app_click", "event_id": f"e-{number}", "customer_id": customer,
        "occurred_at": "2026-01-31T09:00:00.000Z", "channel": "app", "action": "news_view",
        **fields,
    }  # fmt: skip


async def lying_in_kafka(bootstrap: str, topics: Iterable[str] = INPUT_TOPICS) -> list[Any]:
    """Every record of these topics."""
    return await oracle.read_topics(bootstrap, tuple(topics))


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a port."""
    listener = uvicorn.Config(app, port=0, lifespan="off", log_level="warning")
    sock = listener.bind_socket()
    server = uvicorn.Server(listener)
    running = asyncio.create_task(server.serve([sock]))
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running

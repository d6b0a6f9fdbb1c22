"""The application: routes, pages and errors put together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from domain.value import clv
from streams.readmodel.connections import NotReadable
from streams.serve.access.protecting import protect
from streams.serve.api import (
    actions,
    alerts,
    complaints,
    customers,
    erasing,
    events,
    health,
    openapi,
    reports,
    segments,
    stream,
)
from streams.serve.api.answering import handle_unreadable
from streams.serve.api.asking import ask_of
from streams.serve.api.exports import Exporting
from streams.serve.elsewhere import Elsewhere, send_on_what_is_not_here
from streams.serve.finding import find_quickly
from streams.serve.ingested import Ingested
from streams.serve.metrics import ServeMetrics
from streams.serve.pages.routes import add_pages
from streams.serve.pages.routing import as_asked
from streams.serve.problems import handle_problems
from streams.serve.reporting import Reporting
from streams.serve.routing import add
from streams.serve.serving import Serving
from streams.serve.streaming.hub import Hub
from streams.serve.watched import Watched

ROUTES: Final = (
    health, openapi, events, actions, erasing, customers, alerts, complaints, segments, reports,
    stream,
)  # fmt: skip


LET_GO_SECONDS: Final = 5.0
"""After so long at most no file that was removed is held open."""


def application(serving: Serving, metrics: ServeMetrics | None = None) -> FastAPI:
    """All of `touchline serve` on these.

    Of its state, ``endings`` are called when the process is told to end, before anything is
    waited for; ``failed`` is why it did not begin.
    """
    app = FastAPI(
        title="Touchline",
        version="1",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours are the metrics
        lifespan=_life,
    )
    metrics = ServeMetrics() if metrics is None else metrics
    app.state.hub = hub = Hub(serving.model, partial(ask_of, app), metrics)
    app.state.streams_of = Counter()
    app.state.exporting = Exporting()
    app.state.reporting = Reporting(serving.settings, serving.policy)
    endings: list[Callable[[], None]] = [hub.end]
    app.state.serving = serving
    app.state.metrics = metrics
    app.state.following = None
    app.state.endings = endings
    app.state.failed = None
    metrics.looks_at(serving.model.currency, lambda: serving.sending.in_flight)
    metrics.registry.register(Ingested(serving.sending))
    handle_problems(app, as_asked)
    send_on_what_is_not_here(app)
    handle_unreadable(app)
    for part in ROUTES:
        add(app, part.router)
    app.state.routes = [
        route for part in ROUTES for route in part.router.routes if isinstance(route, APIRoute)
    ]
    add_pages(app)
    app.add_middleware(Watched, metrics=metrics, tell=as_asked)
    protect(app, serving.settings)
    find_quickly(app)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    serving: Serving = app.state.serving
    try:
        await serving.gate.open()
        await serving.sending.open()
    except Exception as error:
        app.state.failed = error  # told by who runs us: of the server we would hear nothing
        raise
    app.state.elsewhere = elsewhere = Elsewhere()
    letting_go = asyncio.create_task(_let_go(app), name="letting-go")
    # else whoever asks for a customer first would wait for it
    loading = asyncio.create_task(ask_of(app, clv.load), name="loading")
    try:
        yield
    finally:
        for task in (letting_go, loading):
            task.cancel()
        await app.state.hub.close()
        await app.state.reporting.close()
        await elsewhere.close()
        await serving.sending.close()
        await serving.gate.close()


async def _let_go(app: FastAPI) -> None:
    """Ask the read model now and then: a question lets go of a file that is not in force."""
    model = app.state.serving.model
    while True:
        await asyncio.sleep(LET_GO_SECONDS)
        with suppress(NotReadable):
            await ask_of(app, model.currency)

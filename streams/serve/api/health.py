"""``/livez``, ``/readyz``, ``/metrics``: for whoever runs this process. No customer's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from prometheus_client.exposition import choose_encoder

from streams.readmodel.rows import Currency
from streams.serve.api.asking import ask
from streams.serve.metrics import ServeMetrics
from streams.serve.routing import new_router
from streams.serve.serving import Serving
from streams.serve.streaming.hub import BUILDING_SECONDS

STALE_SECONDS: Final = 30.0
"""A partition that was not current for so long makes the process not ready."""

router = new_router(include_in_schema=False)


@router.get("/livez")
async def livez() -> Response:
    """It answers, so its event loop runs."""
    return _told("alive", [])


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Whether every partition held is current, and who may come in; says what is not, and why."""
    serving: Serving = request.app.state.serving
    following = request.app.state.following
    current = await ask(request, serving.model.currency)
    reasons = unready_because(current, following.why if following is not None else None)
    reasons += serving.gate.unready_because()
    oldest = max((each.age_seconds for each in current), default=None)
    return _told("not ready" if reasons else "ready", reasons, oldest_seconds=oldest)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    counted: ServeMetrics = request.app.state.metrics
    following = request.app.state.following
    if following is not None:
        counted.restarted(following.restarts)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    body = await ask(request, encode, counted.registry)
    return Response(body, headers={"Content-Type": content_type})


def unready_because(current: Sequence[Currency], ended: str | None) -> list[str]:
    """Why this process is not ready, a sentence each; ``ended`` is how the follower ended."""
    reasons = [] if ended is None else [f"the follower does not run ({ended})"]
    if not current:
        return [*reasons, "the read model is not there yet"]
    reasons += [
        f"partition {each.partition} {_how_old(each)} ({each.behind} records behind)"
        for each in current
        if each.age_seconds > STALE_SECONDS
    ]
    return reasons


def _how_old(partition: Currency) -> str:
    if partition.age_seconds > BUILDING_SECONDS:
        return "is being built"
    return f"was last current {partition.age_seconds:.0f} s ago"


def _told(status: str, reasons: list[str], **more: Any) -> Response:
    body = msgspec.json.encode({"status": status, "reasons": reasons, **more})
    headers = {"Cache-Control": "no-store"}
    return Response(body, 503 if reasons else 200, media_type="application/json", headers=headers)

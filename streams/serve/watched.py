"""What every request passes: it is counted and timed, and a fault of ours is told to no client."""

from __future__ import annotations

import time
import traceback
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.metrics import ServeMetrics
from streams.serve.problems import Problem, Tell, to_programs

UNMATCHED = "unmatched"
FAILED: Final = Problem(500, "failed", "Something went wrong here; it has been logged")
_FRAMES = 6

log = structlog.get_logger("touchline.serve")


class Watched:
    """ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp, metrics: ServeMetrics, tell: Tell = to_programs) -> None:
        self._app, self._metrics, self._tell = app, metrics, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; whatever is raised inside becomes a 500 without detail."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            log.error("a request failed", route=_route(scope), **_told(error))
            if status:
                raise Broken from None  # its beginning is sent: only the connection can tell
            await self._tell(Request(scope), FAILED)(scope, receive, sent)
        finally:
            took = time.perf_counter() - began
            self._metrics.answered(scope["method"], _route(scope), status, took)


class Broken(Exception):
    """An answer that had begun cannot be finished; the log has the cause."""


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", None) or UNMATCHED


def _told(error: Exception) -> dict[str, object]:
    """Its kind and where it was raised: its text may have a customer's data in it."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    at = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": at}

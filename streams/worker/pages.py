"""A worker's pages: ``/metrics`` for Prometheus, ``/livez`` and ``/readyz`` for who runs it.

They answer on the worker's own event loop: a worker that hangs does not answer. They hold no
customer's data.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Generic, Self

import structlog
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from agents.topology import C, E, S
from streams.engine.status import Status
from streams.errors import WorkerFailed
from streams.settings import HttpSettings
from streams.worker.metrics import Metrics
from streams.worker.process import Worker

LAG_TOLD_SECONDS = 15.0
"""The engine tells the lag every second; silence longer than this means its watch is gone."""
SPARE_SECONDS = 10.0
"""Lag without a commit is told after the commit's own deadline and this much more."""

log = structlog.get_logger("touchline.pages")


class Pages(Generic[E, S, C]):
    """Serves the pages while entered. ``port`` is the one bound: with port 0 a free one."""

    def __init__(self, http: HttpSettings, metrics: Metrics, worker: Worker[E, S, C]) -> None:
        self.host = http.host
        self.port = http.port
        self._metrics = metrics
        self._worker = worker
        self._runner: web.AppRunner | None = None
        metrics.ready_is(lambda: not unready_because(worker, metrics, time.monotonic()))

    @property
    def address(self) -> str:
        """Where the pages are, as a URL without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            await runner.cleanup()
            raise WorkerFailed(
                f"cannot serve pages at {self.address}: {error.strerror or error}; "
                f"set TOUCHLINE_HTTP__HOST and TOUCHLINE_HTTP__PORT, or give --http-port 0"
            ) from error
        self._runner = runner
        self.port = runner.addresses[0][1]
        log.info("pages", metrics=f"{self.address}/metrics", ready=f"{self.address}/readyz")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # -- what they answer ---------------------------------------------------------------

    async def _show_metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = encode(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _livez(self, request: web.Request) -> web.Response:
        why = dead_because(self._worker)
        return _answer("alive" if why is None else "failed", [why] if why else [])

    async def _readyz(self, request: web.Request) -> web.Response:
        reasons = unready_because(self._worker, self._metrics, time.monotonic())
        return _answer("not ready" if reasons else "ready", reasons, **self._metrics.status())


def dead_because(worker: Worker[E, S, C]) -> str | None:
    """Why this worker is past help, or ``None``."""
    if worker.failure is not None:
        return f"the worker failed: {worker.failure}"
    if worker.app.crashed:
        return f"the Faust app crashed: {worker.app.crash_reason}"
    return None


def unready_because(worker: Worker[E, S, C], metrics: Metrics, now: float) -> list[str]:
    """Why this worker is not ready, a sentence each; ``now`` is monotonic, in seconds."""
    dead = dead_because(worker)
    if dead is not None:
        return [dead]
    tasks, holdings = worker.tasks, metrics.holdings
    unfit = (worker.reach.why, worker.clock.unfit())
    reasons = [*worker.permits.told(), *(why for why in unfit if why is not None)]
    if not tasks.assigned_once:
        return [*reasons, "no assignment from the group yet"]
    reasons += [f"partition {number} stopped: {why}" for number, why in holdings.stops.items()]
    reasons += [
        f"partition {number} is {task.status.value}"
        for number, task in sorted(tasks.by_number.items())
        if task.status not in (Status.OPEN, Status.STOPPED)
    ]
    if holdings.lag_told is not None and now - holdings.lag_told > LAG_TOLD_SECONDS:
        reasons.append(f"lag was last looked at {now - holdings.lag_told:.0f} s ago")
    reasons += tasks.progress.reasons(now) + worker.routines.still(now)
    patience = worker.settings.commit.deadline_seconds + SPARE_SECONDS
    for number, since in sorted(holdings.waiting_since.items()):
        if now - since > patience:
            reasons.append(f"partition {number} has lag and made no commit for {now - since:.0f} s")
    return reasons


def _answer(status: str, reasons: list[str], **more: object) -> web.Response:
    code = 503 if reasons else 200
    return web.json_response({"status": status, "reasons": reasons, **more}, status=code)

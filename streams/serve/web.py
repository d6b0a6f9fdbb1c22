"""The web process of `touchline serve`: the application on a server, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from domain.policy import Policy
from streams.errors import ServeFailed
from streams.readmodel.reading import ReadModel
from streams.serve.access.gate import Gate
from streams.serve.app import application
from streams.serve.following import Following
from streams.serve.heads import BoundedHeads
from streams.serve.listening import address
from streams.serve.metrics import ServeMetrics
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.settings import Settings

KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s of common proxies, so that never we close what they are about to use."""
LAST_REQUESTS_SECONDS = 5
GC_THRESHOLDS = (50_000, 50, 100)
MOST_CONNECTIONS = 2_000
"""Streams and as many besides; beyond them requests are answered by 503."""

log = structlog.get_logger("touchline.serve")


def run(
    settings: Settings,
    policy: Policy,
    listener: socket.socket,
    following: Following,
    listens: Callable[[str], None],
) -> None:
    """Answer at ``listener`` until SIGTERM or Ctrl-C, while the follower is kept running."""
    metrics = ServeMetrics()
    serving = Serving(
        settings=settings,
        policy=policy,
        model=ReadModel(settings),
        sending=Sending(settings),
        gate=Gate(settings, metrics.registry),
    )
    app = application(serving, metrics)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(app, settings, listener, following, listens))


async def _run(
    app: FastAPI,
    settings: Settings,
    listener: socket.socket,
    following: Following,
    listens: Callable[[str], None],
) -> None:
    def began() -> None:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        where = address(settings.serve, listener)
        log.info("listens", address=where)
        listens(where)

    server = Server(app, _config(app, settings), began)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    async with following:
        app.state.following = following
        try:
            await server.serve([listener])
        except SystemExit as error:  # uvicorn's way to say that the application did not begin
            why: BaseException | None = app.state.failed
            raise why or ServeFailed("the application did not begin; the log says why") from error
        finally:
            log.info("stopping")


class Server(uvicorn.Server):
    """A uvicorn server that is stopped by whoever runs it, and by no signal of its own."""

    def __init__(self, app: FastAPI, config: uvicorn.Config, began: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._began = app, began

    def stop(self) -> None:
        """Answer what is asked already, end what is open, and end; told twice: at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        for end in self._app.state.endings:
            end()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        if self.started:
            self._began()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: the loop's own handlers stop us, and nothing is raised again afterwards."""
        yield


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    given = settings.serve
    return uvicorn.Config(
        app,
        http=BoundedHeads,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(given.proxies),
        forwarded_allow_ips=given.proxies or None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
        ssl_certfile=given.tls_certificate,
        ssl_keyfile=given.tls_key,
        limit_concurrency=MOST_CONNECTIONS,
    )

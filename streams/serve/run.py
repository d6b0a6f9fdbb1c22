"""`touchline serve` from its settings to its end: the follower, then the web process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from domain.policy import Policy
from streams.engine.clients import bootstrap_servers
from streams.serve.access.exposure import check_exposure
from streams.serve.following import Following
from streams.serve.listening import bound
from streams.settings import Settings
from streams.worker.logs import configure_logs


def serve(
    settings: Settings, policy: Policy, listens: Callable[[str], None] = lambda _: None
) -> None:
    """Serve until SIGTERM or Ctrl-C; ``listens`` is told the address.

    Raises OperatingError where it cannot begin: the port is taken, Kafka has no address.
    """
    configure_logs(settings)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # what fails at first, we tell
    bootstrap_servers(settings)  # says what to set where there is none
    check_exposure(settings)
    listener = bound(settings.serve)
    os.nice(settings.serve.niceness)  # the follower, begun below, has it from here
    following = Following(settings)
    try:
        following.begin()
        from streams.serve.web import run  # takes seconds, in which the follower comes up

        run(settings, policy, listener, following, listens)
    finally:
        following.abandon()
        listener.close()

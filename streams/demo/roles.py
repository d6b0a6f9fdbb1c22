"""What the child processes of the demonstration do: a worker, the simulated bank, the desk.

All take Kafka's address and the rest of their settings from the environment. Everything that
workers and bank need is imported here, so that it is loaded once, before they are forked; the desk,
which nobody's alert waits for, loads its own.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from aiokafka.errors import KafkaError

from domain.policy import load_policy
from schemas.errors import OperatingError
from streams.demo.scene import HASTE, Options
from streams.engine.admin import plain
from streams.engine.clients import blocking_client_options
from streams.errors import ClusterError
from streams.settings import Settings, load_settings
from streams.sources.bank import Bank, Mix
from streams.sources.pace import Stop, wall_ms
from streams.sources.produce import simulate
from streams.sources.sender import Reject
from streams.worker.run import work

VIP_SHARE = 0.1
BAD = 0.002
DESK = 0.3
"""So that most alerts are left to who looks on."""
HISTORY_DAYS = 5.0
"""Of clicks that customers have behind them: enough to tell the three behaviours apart."""
AWAKENINGS = 0.0005
"""So that every few seconds someone moves to another segment."""


PERSON = "demo"
LINK_SECONDS = 300.0
"""Half of what a login link is good for."""
LET_OUT_SECONDS = 5.0
"""Kafka may be gone before the desk."""


def worker() -> None:
    """Run a worker as its settings say."""
    settings = load_settings()
    work(settings, load_policy(settings.policy))


def bank(options: Options) -> None:
    """Produce the simulated bank, live, until told to stop. Raises ClusterError."""
    client = blocking_client_options(load_settings())
    servers = ",".join(client.pop("bootstrap_servers"))
    simulated = Bank(
        options.seed,
        options.customers,
        vip_share=VIP_SHARE,
        bad=BAD,
        desk=DESK,
        start=datetime.now(UTC),
        now=wall_ms,
        haste=HASTE,
        mix=Mix(awakening=AWAKENINGS),
    )
    with Stop() as stop:
        report = simulate(
            simulated,
            servers,
            rate=options.rate,
            history_days=HISTORY_DAYS,
            on_reject=_tell,
            stop=stop,
            client=client,
        )
    print(f"simulated {report}", file=sys.stderr)
    if report.rejected:
        raise ClusterError(f"Kafka did not take {report.rejected:,} records; see above")


def desk(told: Path) -> None:
    """Serve the desk; ``told`` is where its address lies, with a login in it that is good once.

    The account has no password, and goes with the desk; one of an earlier demonstration that was
    killed is taken over. A link is good for some minutes, so another one takes its place.
    """
    from streams.serve.access.links import Links, let_in
    from streams.serve.access.secret import secret_of
    from streams.serve.run import serve

    settings = load_settings()
    links = Links(settings, secret_of(settings))
    person = asyncio.run(let_in(settings, PERSON, "admin"))

    def tell(address: str) -> None:
        while True:
            whole = told.with_suffix(".new")
            whole.write_text(f"{address}{links.made(person)}")
            whole.rename(told)
            time.sleep(LINK_SECONDS)

    def listens(address: str) -> None:
        threading.Thread(target=tell, args=(address,), daemon=True).start()

    try:
        serve(settings, load_policy(settings.policy), listens)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # it ends already
        asyncio.run(_let_out(settings))


async def _let_out(settings: Settings) -> None:
    from streams.serve.access.links import let_out

    try:
        async with asyncio.timeout(LET_OUT_SECONDS):
            await let_out(settings, PERSON)
    except (KafkaError, TimeoutError, OperatingError) as error:
        print(f"the account {PERSON} is left: {plain(error)}", file=sys.stderr)


def _tell(reject: Reject) -> None:
    print(f"line {reject.line}: {reject.reason}", file=sys.stderr)

"""What the child processes of the demonstration do: a worker, and the simulated bank.

Both take Kafka's address and the rest of their settings from the environment. Everything that
they need is imported here, so that it is loaded once, before they are forked.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from domain.policy import load_policy
from streams.demo.scene import HASTE, Options
from streams.engine.clients import blocking_client_options
from streams.errors import ClusterError
from streams.settings import load_settings
from streams.sources.bank import Bank, Mix
from streams.sources.pace import Stop, wall_ms
from streams.sources.produce import simulate
from streams.sources.sender import Reject
from streams.worker.run import work

VIP_SHARE = 0.1
BAD = 0.002
HISTORY_DAYS = 5.0
"""Of clicks that customers have behind them: enough to tell the three behaviours apart."""
AWAKENINGS = 0.0005
"""So that every few seconds someone moves to another segment."""


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


def _tell(reject: Reject) -> None:
    print(f"line {reject.line}: {reject.reason}", file=sys.stderr)

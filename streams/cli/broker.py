"""``touchline kafka``: a broker on this machine, for a first look and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(kafka)


def kafka(
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; default: a free one.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the data here; default: a temporary directory.")
    ] = None,
) -> None:
    """Run a real Kafka broker on this machine (loopback only) until Ctrl-C.

    Example: touchline kafka --port 9092 --data-dir ./kafka-data
    """
    from streams.cluster.run import run_broker

    run_broker(port, data_dir)

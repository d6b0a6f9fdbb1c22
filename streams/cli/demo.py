"""``touchline demo``: everything at once on a real Kafka, for a first look."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(demo)


def demo(
    seconds: Annotated[
        float | None, typer.Option(help="Seconds until it ends; default: at Ctrl-C.", min=1)
    ] = None,
    customers: Annotated[int, typer.Option(help="Customers of the bank.", min=1)] = 1_000,
    rate: Annotated[float, typer.Option(help="Events a second.", min=1)] = 1_000.0,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=6)] = 2,
    seed: Annotated[int, typer.Option(help="Same seed, same bank.")] = 1,
) -> None:
    """Show live alerts of a simulated bank: starts Kafka, workers and the bank, and stops them.

    Uses the Kafka at TOUCHLINE_KAFKA__BOOTSTRAP where that is set; else one of its own, from
    Maven's jars or in Docker.

    Example: touchline demo --seconds 60
    """
    import psutil

    from streams.demo.run import run_demo
    from streams.demo.scene import Options

    options = Options(seconds, customers, rate, workers, seed)
    run_demo(options, psutil.Process().create_time())

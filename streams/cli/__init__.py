"""The command line: one Typer app, one module per group of commands."""

from __future__ import annotations

import logging
import os
import sys

from streams.cli import ending  # noqa: F401 - before all that takes long to import

# isort: split
import typer

from schemas.errors import OperatingError
from streams.cli import (
    access,
    brief,
    broker,
    clv,
    config,
    contracts,
    demo,
    erase,
    inspect,
    policy,
    replay,
    report,
    run,
    segments,
    serve,
    sources,
)

# Before numpy is imported: fitting runs beside the event loop and must not take every core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="touchline",
    help="Live customer experience on Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    broker,
    run,
    serve,
    sources,
    replay,
    inspect,
    erase,
    segments,
    clv,
    config,
    policy,
    report,
    brief,
    demo,
    contracts,
    access,
):
    group.register(app)


def main() -> None:
    """Entry point: what a person can act on is said on one line, with exit status 1.

    What Kafka's clients complain of meanwhile ends in that line; only a worker has a log for it.
    """
    for client in ("aiokafka", "kafka"):
        logging.getLogger(client).addHandler(logging.NullHandler())
    try:
        app()
    except OperatingError as error:
        from streams.cli import refused  # only now: it imports what reading settings does not

        told = refused.told(error, sys.argv[1:]) or error
        print(f"touchline: {told}", file=sys.stderr)
        raise SystemExit(1) from None

"""The command line: one Typer app, one module per group of commands."""

from __future__ import annotations

import os
import sys

import typer
from pydantic import ValidationError

from domain.policy import PolicyError
from streams.cli import (
    clv,
    contracts,
    demo,
    inspect,
    policy,
    replay,
    report,
    run,
    segments,
    sources,
)
from streams.cluster.errors import ClusterError
from streams.engine.clients import NoBootstrap
from streams.engine.defects import RuleFailed
from streams.errors import NotWritten, RecordUnreadable, ReportSourceError, WorkerFailed
from streams.value.errors import ValueFileError

# Before numpy is imported: fitting runs beside the event loop and must not take every core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="touchline",
    help="Live customer experience on Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (run, sources, replay, inspect, segments, clv, policy, report, demo, contracts):
    group.register(app)

EXPECTED = (
    ClusterError,
    NoBootstrap,
    NotWritten,
    RecordUnreadable,
    PolicyError,
    ReportSourceError,
    RuleFailed,
    ValueFileError,
    WorkerFailed,
)


def main() -> None:
    """Entry point: errors an operator can act on are one line, with exit status 1."""
    try:
        app()
    except EXPECTED as error:
        _fail(str(error))
    except ValidationError as error:
        first = error.errors()[0]
        place = "__".join(str(part) for part in first["loc"]).upper()
        _fail(f"setting TOUCHLINE_{place}: {first['msg']} (got {first['input']!r})")


def _fail(message: str) -> None:
    print(f"touchline: {message}", file=sys.stderr)
    raise SystemExit(1)

"""Commands that set up and run: ``kafka``, ``topics``, ``worker``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from streams.cluster.errors import TopicError
from streams.settings import Settings, load_settings

log = structlog.get_logger("touchline.worker")


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (kafka, topics, worker):
        app.command()(command)


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


def topics(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare what exists; make nothing.")
    ] = False,
) -> None:
    """Make every topic that is missing; report what exists and is not as it must be.

    Example: TOUCHLINE_KAFKA__BOOTSTRAP=localhost:9092 touchline topics
    """
    from streams.queries.topics import ensure_topics_of

    report = ensure_topics_of(load_settings(), dry_run=check)
    report.raise_if_wrong()
    console = Console()
    done = "missing" if check else "made"
    console.print(f"{len(report.created)} topics {done}, {len(report.right)} as they must be")
    if check and report.created:
        raise typer.Exit(1)


def worker(
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /livez, /readyz; 0 picks a free one.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            help="Keep here what is done, whole events and all, for `touchline replay` to do again "
            "to the byte; at most TOUCHLINE_RECORD_MEGABYTES.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Run a worker until Ctrl-C or SIGTERM. Start more of them to share the partitions.

    Example: TOUCHLINE_KAFKA__BOOTSTRAP=localhost:9092 touchline worker
    """
    from agents.customers import customers
    from agents.modellings import modellings
    from domain.policy import load_policy
    from streams.logs import configure_logs
    from streams.metrics import Metrics
    from streams.pages import Pages
    from streams.recording.writing import Recorder
    from streams.worker import Worker, run_worker

    settings = load_settings()
    if http_port is not None:
        settings.http.port = http_port
    configure_logs(settings)
    rules = load_policy(policy or settings.policy)
    topology = customers(rules)
    _check_topics(settings)
    kept, limit = record or settings.record, settings.record_megabytes << 20
    recorder = None if kept is None else Recorder(kept, rules, limit)

    async def run() -> None:
        metrics = Metrics(settings.clock)
        running = Worker(settings, topology, metrics, modellings(rules), recorder)
        async with Pages(settings.http, metrics, running):
            await running.run()

    run_worker(run)


def _check_topics(settings: Settings) -> None:
    """A worker needs its topics, with its partition count; anything else is only told."""
    from streams.queries.topics import ensure_topics_of

    report = ensure_topics_of(settings, dry_run=True)
    if report.created:
        shown = ", ".join(report.created[:3]) + (" and more" if len(report.created) > 3 else "")
        raise TopicError(f"{shown}: no such topic; run `touchline topics` first")
    for mismatch in report.mismatches:
        if mismatch.property == "partitions":
            raise TopicError(str(mismatch))
        log.warning("topic differs", topic=mismatch.topic, what=str(mismatch))

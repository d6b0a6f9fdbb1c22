"""Commands that set up and run: ``topics``, ``worker``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.errors import ClusterError
from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (topics, worker):
        app.command()(command)


def topics(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare what exists; make nothing.")
    ] = False,
    *,
    acls: Annotated[
        bool,
        typer.Option(
            "--acls", help="Print the rights that a worker and each command need; ask nobody."
        ),
    ] = False,
    user: Annotated[
        list[str] | None,
        typer.Option(help="With --acls: whom to allow; again for more. Default: our own login."),
    ] = None,
    who: Annotated[
        list[str] | None,
        typer.Option("--for", help='With --acls: only of these, as in --for "erase --wait".'),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --acls: one JSON object a line.")
    ] = False,
) -> None:
    """Make every topic that is missing; report what exists and is not as it must be.

    Example: TOUCHLINE_KAFKA__BOOTSTRAP=localhost:9092 touchline topics
    """
    if acls:
        from streams.cli.acls import show

        return show(user or [], who or [], as_json=as_json)
    if user or who or as_json:
        raise typer.BadParameter("--user, --for and --json go with --acls")
    from streams.engine.rights import sentences
    from streams.topics.ensure import ensure_topics_of

    settings = load_settings()
    report = ensure_topics_of(settings, dry_run=check)
    if report.denied:
        raise ClusterError("; ".join(sentences(settings, report.denied)))
    done = "missing" if check else "made"
    if report.created or not report.mismatches:
        told = f"{len(report.created)} topics {done}, {len(report.right)} as they must be"
        Console().print(told)
    report.raise_if_wrong()
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
    from streams.engine.client.fits import check_fit

    check_fit()  # before anything that could not even be imported where it does not fit

    from domain.policy import load_policy
    from streams.worker.run import work

    changes = {} if http_port is None else {"http": {"port": http_port}}
    settings = load_settings(**changes)
    if record is not None:
        settings.record = record
    work(settings, load_policy(policy or settings.policy))

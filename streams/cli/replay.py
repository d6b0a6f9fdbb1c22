"""``touchline replay``: the same rules over a file, without a broker."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from streams.cli.moments import TIMES, milliseconds
from streams.errors import NotWritten
from streams.settings import load_settings

if TYPE_CHECKING:
    from streams.replay import Summary


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(replay)


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            help="Events, one JSON object a line.", exists=True, dir_okay=False, readable=True
        ),
    ],
    out: Annotated[Path, typer.Option(help="Directory for what comes out.", file_okay=False)],
    policy: Annotated[
        Path | None,
        typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="Run timers up to this time (with an offset, or UTC).", formats=TIMES),
    ] = None,
) -> None:
    """Replay a file of events on the event clock: same input, same bytes.

    The policy's file is not changed; `touchline policy diff` shows what another one would change.

    Example: touchline replay events.jsonl --out result --policy policy.yaml
    """
    from agents.customers import customers
    from agents.modellings import modellings
    from domain.policy import load_policy
    from streams.replay import Replay, replay_file

    settings = load_settings()
    rules = load_policy(policy or settings.policy)
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    with file.open("rb") as source, bar as progress:
        task = progress.add_task("replaying", total=file.stat().st_size)
        try:
            summary = replay_file(
                Replay(customers(rules), settings.partitions, modellings(rules)),
                source,
                out,
                milliseconds(until),
                lambda size: progress.advance(task, size),
            )
        except OSError as error:
            raise NotWritten(
                f"{error.filename or out}: cannot be written ({error.strerror}); give another --out"
            ) from error
    _report(console, summary, out)


def _report(console: Console, summary: Summary, out: Path) -> None:
    console.print(
        f"{summary.events:,} events ({summary.accepted:,} accepted, {summary.repeated:,} repeated, "
        f"{summary.dead_letters:,} dead letters) of {summary.customers:,} customers in "
        f"{summary.seconds:.1f} s ({summary.events_per_second:,.0f} events/s): {out}"
    )

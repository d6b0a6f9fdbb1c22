"""``touchline replay``: the same rules over a file, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from streams.cli.events import Sort, events_of
from streams.cli.moments import TIMES, milliseconds
from streams.errors import NotWritten
from streams.settings import load_settings

if TYPE_CHECKING:
    from streams.replay.results import Summary


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(replay)


def replay(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|DIR|-",
            help="Events, one JSON object a line (gzip too); the directory of a worker's --record;"
            " - reads stdin.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Directory for what comes out.", file_okay=False)],
    policy: Annotated[
        Path | None,
        typer.Option(
            help="Policy file (YAML); default: TOUCHLINE_POLICY or built in. A record has its own.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="Run timers up to this time (with an offset, or UTC).", formats=TIMES),
    ] = None,
    *,
    sort: Sort = False,
) -> None:
    """Replay a file of events on the event clock: same input, same bytes.

    A file that is not in order of time is told to be so first: out of order, a promise is judged
    before what kept it is read. With --sort it is put in order, ties as the rules have them.

    Of a worker's record (`touchline worker --record DIR`) comes what that worker sent, byte for
    byte: the same order, the same times, the same models.

    The policy's file is not changed; `touchline policy diff` shows what another one would change.

    Example: touchline replay events.jsonl --out result --policy policy.yaml
    """
    if source.is_dir() and (policy, until, sort) != (None, None, False):
        raise typer.BadParameter(
            f"{source} is a worker's record, which has its own policy, order and end; "
            f"leave out --policy and --until, and --sort"
        )
    console = Console(stderr=True)
    try:
        if source.is_dir():
            summary = _play(source, out, console)
        else:
            summary = _replay(source, out, policy, until, console, sort=sort)
    except OSError as error:
        raise NotWritten(
            f"{error.filename or out}: cannot be written ({error.strerror}); give another --out"
        ) from error
    _report(console, summary, out)


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """A bar where that is a terminal; it is told how many more bytes were replayed."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=total)
        yield lambda size: progress.advance(task, size)


def _replay(
    file: Path,
    out: Path,
    policy: Path | None,
    until: datetime | None,
    console: Console,
    *,
    sort: bool,
) -> Summary:
    from agents.customers import customers
    from agents.modellings import modellings
    from domain.policy import load_policy
    from streams.replay.events import Replay, replay_file

    settings = load_settings()
    rules = load_policy(policy or settings.policy)
    run = Replay(customers(rules), settings.partitions, modellings(rules))
    with (
        events_of(file, console, sort=sort) as ready,
        _bar(console, ready.order.bytes) as progress,
    ):
        return replay_file(run, ready.lines, out, milliseconds(until), progress)


def _play(directory: Path, out: Path, console: Console) -> Summary:
    from agents.customers import customers
    from agents.modellings import modellings
    from streams.recording.playing import Playback, recorded_policy
    from streams.replay.results import write_results

    rules = recorded_policy(directory)
    size = sum(file.stat().st_size for file in directory.iterdir())
    with _bar(console, size) as progress:
        run = Playback(customers(rules), modellings(rules), directory, progress)
        summary = write_results(run, run.play(), out)
    if run.left_out:
        console.print(
            f"left out: the last transaction of {run.left_out} partitions; its worker ended before "
            f"it knew that it was committed, and no other went on from there"
        )
    if run.gaps:
        console.print(
            f"gaps: {run.gaps} times a partition went on from what this record does not tell; "
            f"another worker had it meanwhile, without --record or after its record had ended"
        )
    return summary


def _report(console: Console, summary: Summary, out: Path) -> None:
    console.print(
        f"{summary.events:,} events ({summary.accepted:,} accepted, {summary.repeated:,} repeated, "
        f"{summary.dead_letters:,} dead letters) of {summary.customers:,} customers in "
        f"{summary.seconds:.1f} s ({summary.events_per_second:,.0f} events/s): {out}"
    )

"""``touchline doctor``: what is wrong, which partition is stuck, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from schemas.errors import OperatingError
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.queries.health import Health, PartitionHealth


def doctor(
    accept_loss: Annotated[
        int | None,
        typer.Option(
            metavar="PARTITION",
            help="Let this partition go on without input that is gone for good.",
        ),
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
) -> None:
    """Examine Kafka, topics, workers and partitions; exit status 1 when something is wrong.

    Looking changes nothing. --accept-loss moves the partition's checkpoint to the earliest input
    that is there (of a topic made anew, its beginning), in a transaction; its worker then goes on
    by itself.

    Example: touchline doctor
    """
    settings = load_settings()
    if accept_loss is not None:
        _accept(settings, accept_loss, yes)
        return
    from domain.policy import load_policy
    from streams.queries.health import examine

    rules = load_policy(policy or settings.policy)
    with Console(stderr=True).status("examining") as status:
        health = examine(settings, rules, lambda what: status.update(f"examining {what}"))
    _print(health)
    if health.problems:
        raise typer.Exit(1)


def _print(health: Health) -> None:
    console = Console(highlight=False)
    right = len(health.topics.right)
    console.print(f"Kafka answers, {_count(health.brokers, 'broker')}; {right} topics are right")
    if health.partitions:
        console.print(_table(health.partitions))
        lag = sum(one.lag for one in health.partitions)
        console.print(f"{_count(health.members, 'worker')}, {lag:,} records waiting")
    if health.worked:
        console.print(health.worked, markup=False, soft_wrap=True)
    for note in health.notes:
        console.print(f"note: {note}", style="yellow", markup=False)
    for problem in health.problems:
        console.print(f"PROBLEM: {problem}", style="bold red", markup=False)
    if not health.problems:
        console.print("nothing is wrong", style="green")


def _table(partitions: list[PartitionHealth]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, justify in (("partition", "right"), ("worker", "left"), ("lag", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("watermark")
    table.add_column("state")
    for one in partitions:
        came = datetime.fromtimestamp(one.clock / 1000, UTC).isoformat(" ", "seconds")[:19]
        stuck = bool(one.losses or one.held or one.stands_still)
        table.add_row(
            str(one.number),
            one.member or "-",
            f"{one.lag:,}",
            came if one.clock else "-",
            "[bold red]stuck[/bold red]" if stuck else "behind" if one.lag else "ok",
        )
    return table


def _accept(settings: Settings, number: int, yes: bool) -> None:
    from streams.engine.transaction import CommitFailed, Fenced
    from streams.queries import connect, health, loss, lost
    from streams.queries.checkpoints import checkpoints

    with connect.admin(settings) as admin:
        partitions = connect.partition_count(admin, settings.changelog)
        if not 0 <= number < partitions:
            raise typer.BadParameter(f"there are partitions 0 to {partitions - 1}")
        offsets = health.input_offsets(admin, [number])
        signs = lost.signs(admin, settings, [number])
    saved = connect.run(checkpoints(settings, [number])).get(number)
    losses = lost.losses(number, saved, offsets, signs)
    if not losses:
        print(f"partition {number} has all its input: nothing to accept")
        return
    for one in losses:
        print(one)
    if not yes:
        typer.confirm(f"Let partition {number} go on without this?", abort=True)
    try:
        connect.run(loss.accept(settings, number, losses, offsets, signs))
    except (CommitFailed, Fenced) as error:
        raise OperatingError(
            f"not changed: a worker opened partition {number} meanwhile; try again ({error})"
        ) from error
    print(f"partition {number} goes on with {', '.join(one.after for one in losses)}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

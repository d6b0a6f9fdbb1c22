"""Commands that look at what is there: ``state``, ``dead-letters``, ``doctor``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from schemas.errors import OperatingError
from streams.cli import doctor, letters
from streams.cli.moments import TIMES, milliseconds
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from agents.topology import Figures
    from streams.queries.state import Read
    from streams.readmodel.reading import ReadModel


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(state)
    app.add_typer(letters.app, name="dead-letters")
    app.command()(doctor.doctor)


def state(
    customer: Annotated[
        str | None, typer.Argument(metavar="CUSTOMER", help="The customer_id.")
    ] = None,
    *,
    everyone: Annotated[
        bool, typer.Option("--all", help="Every customer, sorted by id; goes with --json.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, as in customers.jsonl.")
    ] = False,
    at: Annotated[
        datetime | None,
        typer.Option(
            help="As of this time (with an offset, or UTC); default: now, or on the event clock "
            "the watermark of the customer's partition.",
            formats=TIMES,
        ),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
) -> None:
    """Show what is known of a customer, as committed; nothing is changed.

    Where `touchline serve` runs on this machine, its read model is asked: the same answer, sooner.

    Example: touchline state c-000017
    """
    from streams.queries import connect

    if everyone is (customer is not None) or (everyone and not as_json):
        raise typer.BadParameter("give a CUSTOMER, or --all --json")
    settings, moment = load_settings(), milliseconds(at)
    model = _model(settings, policy, moment)
    if customer is None:
        if model is not None:
            everybody = chain.from_iterable(part.customers for part in model.parts())
            _write([(one.customer_id, msgspec.json.encode(one.figures)) for one in everybody])
        else:
            _print_everyone(settings, _reading(settings, policy, moment))
        return
    from streams.queries import state as states

    found: Figures | None
    if model is not None:
        whole = model.customer(customer)
        found = None if whole is None else whole.figures
    else:
        read = _reading(settings, policy, moment)
        found = connect.run(states.customer(settings, read, customer))
    if found is None:
        raise OperatingError(f"no customer {customer!r} is known")
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _print_customer(msgspec.to_builtins(found))


def _model(settings: Settings, policy: Path | None, at: int | None) -> ReadModel | None:
    """The read model of a follower that runs here."""
    from domain.policy import load_policy
    from streams.readmodel.fresh import fresh

    return fresh(settings, load_policy(policy or settings.policy), at)


def _reading(settings: Settings, policy: Path | None, at: int | None) -> Read:
    from domain.policy import load_policy
    from streams.queries import connect
    from streams.queries.standings import read_with_standings

    rules = load_policy(policy or settings.policy)
    with connect.admin(settings) as client:
        partitions = connect.partition_count(client, settings.changelog)
    return connect.run(read_with_standings(settings, rules, partitions, at))


def _print_everyone(settings: Settings, read: Read) -> None:
    from rich.progress import Progress

    from streams.queries import connect
    from streams.queries import state as states

    lines: list[tuple[str, bytes]] = []

    async def collect(progress: Progress) -> None:
        task = progress.add_task("reading", total=read.partitions)
        async for _, found in states.customers(settings, read):
            lines.extend((customer_id, msgspec.json.encode(one)) for customer_id, one in found)
            progress.advance(task)

    with Progress(console=Console(stderr=True), transient=True) as progress:
        connect.run(collect(progress))
    _write(lines)


def _write(lines: list[tuple[str, bytes]]) -> None:
    lines.sort()
    write = sys.stdout.buffer.write
    for _, line in lines:
        write(line + b"\n")


def _print_customer(figures: Mapping[str, Any]) -> None:
    """A row for each field of the record, as JSON has it."""
    table = Table(title=figures["customer_id"], show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    missing = figures["missing"]
    for name, value in figures.items():
        if name in ("customer_id", "missing"):
            continue
        if isinstance(value, dict):
            text = "\n".join(f"{inner}: {_plain(one)}" for inner, one in value.items()) or "-"
        elif value is None and name in missing:
            text = f"[dim]- ({missing[name]})[/dim]"
        else:
            text = _plain(value)
        table.add_row(name.replace("_", " "), text)
    Console().print(table)


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if type(value) is int else str(value)

"""``touchline config``: every setting, its value and where that came from; no secret is shown."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.settings.listing import Listed, listed_settings
from streams.settings.loading import refuse_unknown

UNWRAPPED = 240
"""Columns where nobody looks at a terminal: a line for each setting, to be searched."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(config)


def config(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON array: name, value, source, default, meaning.")
    ] = False,
) -> None:
    """Show every setting: its value, where that came from, its default and its meaning.

    A secret is shown as stars. A name like ours that means nothing is told at the end, with exit
    status 1.

    Example: TOUCHLINE_PARTITIONS=24 touchline config
    """
    settings = listed_settings()
    if as_json:
        rows = [dataclasses.asdict(each) for each in settings]
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
        sys.stdout.buffer.flush()
    else:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=UNWRAPPED)
        console.print(_table(settings))
    refuse_unknown()


def _table(settings: list[Listed]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("setting", "value", "from", "default"):
        table.add_column(name, overflow="fold")
    table.add_column("meaning", ratio=1)
    for one in settings:
        style = "" if one.source == "default" else "bold"
        default = _plain(one.default)
        table.add_row(
            Text(one.name, style), Text(_plain(one.value), style), one.source, default, one.meaning
        )
    return table


def _plain(value: Any) -> str:
    return "-" if value is None else str(value)

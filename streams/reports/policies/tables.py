"""Policies and what differs between them, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from domain.policy.changes import ABSENT, Change
from streams.reports.policies.classes import Move
from streams.reports.policies.compare import Comparison
from streams.reports.policies.outputs import Tally


def of_fields(changes: Sequence[Change], was: str, becomes: str) -> Table:
    """Each field that differs; the columns are named after the two policies."""
    table = Table(title=f"{_count(len(changes), 'field')} differ", title_justify="left")
    table.add_column("field", overflow="fold")
    table.add_column(was, overflow="fold")
    table.add_column(becomes, style="bold", overflow="fold")
    for change in changes:
        table.add_row(change.field, escape(shown(change.was)), escape(shown(change.becomes)))
    return table


def of_comparison(found: Comparison, old: str, new: str) -> Iterator[RenderableType]:
    """Fields, outputs that come and go, examples with their reasons, and classes from and to."""
    if found.fields:
        yield of_fields(found.fields, old, new)
    letters = f", {found.dead_letters:,} of them dead letters" if found.dead_letters else ""
    yield Text(f"{found.events:,} events{letters}, {_count(found.customers, 'customer')}")
    if not found.changed:
        yield Text("Nothing would change.", style="bold")
        return
    yield _counts(found)
    for topic, kinds in found.outputs.items():
        for kind, tally in kinds.items():
            if tally.only_old or tally.only_new or tally.moved:
                yield _examples(topic, kind, tally)
    moved = {figure: moves for figure, moves in found.classes.items() if moves}
    for figure, moves in moved.items():
        yield _moves(figure, moves)
    same = [figure for figure, moves in found.classes.items() if not moves]
    if same:
        yield Text(f"No customer changes in: {', '.join(same)}.", style="dim")


def shown(value: Any) -> str:
    """A field's value as it would stand in the file; a dash where there is no such field."""
    if value is ABSENT:
        return repr(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value) or "(none)"
    return str(value)


def _counts(found: Comparison) -> Table:
    table = Table(
        title="What would come and go",
        caption="moved: of the same cause, yet at another time, tier, priority or level",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("output", no_wrap=True)
    table.add_column("kind", overflow="fold")
    for name in ("only old", "only new", "both", "of these moved"):
        table.add_column(name, justify="right")
    for topic, kinds in found.outputs.items():
        for kind, tally in kinds.items():
            counts = (tally.only_old, tally.only_new, tally.both, tally.moved)
            style = "" if any((tally.only_old, tally.only_new, tally.moved)) else "dim"
            table.add_row(topic, escape(kind), *(f"{n:,}" for n in counts), style=style)
    return table


def _examples(topic: str, kind: str, tally: Tally) -> Table:
    table = Table(title=f"{topic}: {escape(kind)}", title_justify="left", show_lines=True)
    table.add_column("", no_wrap=True)
    table.add_column("customer", overflow="fold")
    table.add_column("time", no_wrap=True)
    table.add_column("reason", overflow="fold", ratio=1)
    rows = [("goes", "red", one) for one in tally.examples_old]
    rows += [("comes", "green", one) for one in tally.examples_new]
    for what, colour, one in rows:
        table.add_row(
            f"[{colour}]{what}[/{colour}]", escape(one.customer_id or "-"), one.occurred_at,
            escape(one.reason),
        )  # fmt: skip
    for moved in tally.examples_moved:
        table.add_row(
            "[yellow]moves[/yellow]", escape(moved.customer_id or "-"), moved.occurred_at,
            escape(f"{_differs(moved.differs)}. {moved.reason}"),
        )  # fmt: skip
    return table


def _moves(figure: str, moves: Sequence[Move]) -> Table:
    count = sum(move.customers for move in moves)
    table = Table(title=f"{figure}: {_count(count, 'customer')} would move", title_justify="left")
    for name in ("from", "to"):
        table.add_column(name, no_wrap=True)
    table.add_column("customers", justify="right")
    table.add_column("examples", overflow="fold", ratio=1)
    for move in moves:
        told = "\n".join(f"{one}: {why}" if why else one for one, why in move.examples)
        table.add_row(escape(move.was), escape(move.becomes), f"{move.customers:,}", escape(told))
    return table


def _differs(differs: dict[str, tuple[Any, Any]]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {shown(was)} -> {shown(becomes)}"
        for name, (was, becomes) in differs.items()
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

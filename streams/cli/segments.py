"""``touchline segments``: the segments in force, who is in them, and fits of a file."""

from __future__ import annotations

import typer

from streams.cli import segments_fit, segments_live

app = typer.Typer()


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    app.callback(invoke_without_command=True)(segments_live.cards)
    app.command()(segments_live.export)
    app.command()(segments_live.explain)
    segments_fit.register(app)
    parent.add_typer(app, name="segments")

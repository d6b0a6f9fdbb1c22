"""``touchline serve``: the HTTP API and the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(serve)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen at; default: TOUCHLINE_SERVE__HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen at; 0 picks a free one.", min=0, max=65535)
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
) -> None:
    """Serve the HTTP API and the desk in the browser until Ctrl-C or SIGTERM.

    Example: TOUCHLINE_KAFKA__BOOTSTRAP=localhost:9092 touchline serve --port 8080
    """
    from domain.policy import load_policy
    from streams.serve.run import serve as until_told

    given = {"host": host, "port": port}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(**({"serve": changed} if changed else {}))
    rules = load_policy(policy or settings.policy)
    console = Console(stderr=True)
    until_told(
        settings,
        rules,
        lambda address: console.print(f"Touchline serves at {address}", style="bold"),
    )

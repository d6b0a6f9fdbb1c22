"""``touchline schemas``: what crosses the boundary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(schemas)


def schemas(
    out: Annotated[
        Path | None, typer.Option(help="Write one file per schema here instead of printing.")
    ] = None,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Only the AsyncAPI 3 document.")
    ] = False,
) -> None:
    """Print JSON Schema of every input and output, and the AsyncAPI 3 document.

    Example: touchline schemas --out ./contract
    """
    from schemas.asyncapi import asyncapi_document
    from schemas.jsonschema import json_schemas

    documents: dict[str, object] = {"asyncapi": asyncapi_document(load_settings().partitions)}
    if not asyncapi:
        documents = {**json_schemas(), **documents}
    if out is None:
        print(json.dumps(documents["asyncapi"] if asyncapi else documents, indent=2))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        (out / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    Console(stderr=True).print(f"{len(documents)} files in {out}")

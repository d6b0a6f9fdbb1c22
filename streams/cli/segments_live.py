"""Commands about the segments in force: their cards, an audience, why a customer is where it is."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from agents.customers import Customers
    from schemas.segments import SegmentModel
    from streams.cli.audience import Audience

Json = Annotated[bool, typer.Option("--json", help="The whole record as one line of JSON.")]


def cards(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show the segments in force: who is in them, what tells them apart, what to do.

    Example: touchline segments
    """
    if ctx.invoked_subcommand is not None:
        return
    from rich.console import Console

    from schemas.codec import encode
    from streams.cli import segments_tables

    model, _ = _model(load_settings())
    if as_json:
        sys.stdout.buffer.write(encode(model) + b"\n")
        return
    console = Console()
    for table in segments_tables.of_model(model, time.time()):
        console.print(table)


def export(
    segment_id: Annotated[
        str, typer.Argument(metavar="ID", help="A segment's id, or `quarantine`.")
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write here, whole or not at all; default: print.")
    ] = None,
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="jsonl, or csv with a header.")
    ] = "jsonl",
) -> None:
    """Write everyone who is in a segment, as committed: a full snapshot of its audience.

    Changes from then on are in the topic segment-updates; see examples/marketing_consumer.py.

    Example: touchline segments export s2 --out lurkers.jsonl
    """
    from domain.policy import load_policy
    from streams.cli.audience import Audience, writing
    from streams.queries import connect, segments

    settings = load_settings()
    model, partitions = _model(settings)
    segment_id = segments.known(model, segment_id)
    with writing(out) as file:
        audience = Audience(file, model, segment_id, form, load_policy(settings.policy))
        connect.run(_write(settings, partitions, segment_id, audience))
    print(
        f"{audience.count:,} customers in {segment_id} ({segments.name_of(model, segment_id)})"
        + (f", written to {out}" if out is not None else ""),
        file=sys.stderr,
    )


def explain(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer_id.")],
    *,
    as_json: Json = False,
) -> None:
    """Tell why a customer is in its segment, and what it would take to move.

    Example: touchline segments explain c-000017
    """
    import msgspec
    from rich.console import Console

    from domain.policy import load_policy
    from streams.cli import segments_tables
    from streams.queries import connect, segments
    from streams.queries import explain as explaining

    settings = load_settings()
    model, partitions = _model(settings)
    one = connect.run(segments.member(settings, _topology(), partitions, customer))
    told = explaining.explain(one, model, load_policy(settings.policy))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        return
    console = Console()
    for part in segments_tables.of_customer(told):
        console.print(part)


async def _write(settings: Settings, partitions: int, segment_id: str, audience: Audience) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from streams.queries import segments

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=partitions)
        found = segments.audience(settings, _topology(), partitions, segment_id)
        async for _, members in found:
            for one in members:
                audience.add(one)
            progress.advance(task)


def _model(settings: Settings) -> tuple[SegmentModel, int]:
    """The newest model, and the number of partitions. Raises ClusterError."""
    from schemas.topics import SEGMENT_MODEL
    from streams.queries import connect, segments

    with connect.admin(settings) as client:
        connect.partition_count(client, SEGMENT_MODEL)
        partitions = connect.partition_count(client, settings.changelog)
    return connect.run(segments.newest_model(settings)), partitions


def _topology() -> Customers:
    from agents.customers import customers
    from domain.policy import Policy

    return customers(Policy())  # only its keys are used, which no policy changes

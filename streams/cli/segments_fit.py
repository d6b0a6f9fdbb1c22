"""``touchline segments fit``: segments of a file, offline, with a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.errors import NotWritten
from streams.settings import load_settings

if TYPE_CHECKING:
    from domain.policy.segments import SegmentRules
    from streams.reports.segments.offline import OfflineFit

SHOWN_REJECTS = 5
TELLING = 3


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command()(fit)


def fit(
    file: Annotated[
        Path, typer.Argument(help="Events (JSON lines), or vectors (JSON lines or CSV).")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the report and its files.")] = Path(
        "segments-report"
    ),
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
    k: Annotated[
        int | None,
        typer.Option("--k", min=2, max=10, help="Number of segments; default: the best."),
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(help="A column to take the logarithm of; the bank's counts always have it."),
    ] = None,
) -> None:
    """Fit segments to a file: clean, standardise, choose K, cluster, name, report.

    Events give each customer's vector of the 7 days before the newest of them. Vectors have a
    customer_id and columns of numbers. Impossible rows are left out, counted and named.

    Example: touchline import bank-case > case.jsonl && touchline segments fit case.jsonl
    """
    from domain.policy import load_policy

    rules = load_policy(policy or load_settings().policy).segments
    errors = Console(stderr=True)
    try:
        found, written = _fit(errors, file, out, rules, k=k, log=log or [])
    except OSError as error:
        raise NotWritten(
            f"{out} cannot be written: {error.strerror}; give another --out"
        ) from error
    _show(found)
    for reason, count in sorted(found.vectors.left_out.items()):
        errors.print(f"left out: {count:,} {reason}", highlight=False)
    for each in found.vectors.rejected[:SHOWN_REJECTS]:
        where = f"line {each.line}: " if each.line else ""
        errors.print(f"  {where}{each.customer_id} {each.why}", markup=False, highlight=False)
    errors.print(f"written: {written[0]} and {len(written) - 1} more", highlight=False)


def _fit(
    errors: Console, file: Path, out: Path, rules: SegmentRules, *, k: int | None, log: list[str]
) -> tuple[OfflineFit, list[Path]]:
    """Read, fit and write, with a bar on stderr where that is a terminal."""
    from streams.reports.segments import offline, report
    from streams.reports.segments.reading import read_vectors

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown = errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=not shown) as progress:
        task = progress.add_task("read", total=file.stat().st_size if file.exists() else None)
        vectors = read_vectors(file, lambda size: progress.advance(task, size))
        found = offline.fit(
            vectors, rules, time.time_ns() // 1_000_000, k=k, log=log,
            step=lambda name: progress.update(task, description=name, total=None),
        )  # fmt: skip
        progress.update(task, description="report")
        return found, report.write(found, out, file.name)


def _show(found: OfflineFit) -> None:
    from streams.reports.segments.words import all_telling

    model = found.model
    title = f"{len(found.vectors.customers):,} customers, {found.k} segments"
    if model.silhouette is not None:
        title += f", silhouette {model.silhouette:.3f}"
    table = Table(title=title, title_justify="left")
    table.add_column("segment")
    for name in ("customers", "share"):
        table.add_column(name, justify="right")
    table.add_column("what tells it from the rest", max_width=40)
    table.add_column("strategy", max_width=48)
    for card in model.segments:
        telling = all_telling(card.telling, TELLING)
        table.add_row(
            f"{card.name} ({card.segment_id})", f"{card.size:,}", f"{card.share:.1%}", telling,
            card.strategy,
        )  # fmt: skip
    if model.quarantined:
        share = model.quarantined / len(found.vectors.customers)
        table.add_row("quarantine", f"{model.quarantined:,}", f"{share:.1%}", "", "")
    console = Console()
    (console if console.is_terminal else Console(width=140)).print(table)

"""Writes `bench/results/NAME.json` and prints the same figures as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness import ROOT

RESULTS = ROOT / "bench" / "results"
PLAIN_WIDTH = 140
Cell = str | int | float | None


def write_results(name: str, data: Mapping[str, Any], results: Path = RESULTS) -> Path:
    """Write `data` and the time of writing to `results/NAME.json`; returns the file's path."""
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"{name}.json"
    stamped = {"benchmark": name, "measured_at": _now(), **data}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(stamped, indent=2) + "\n")
    part.replace(path)
    return path


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def ratios(rates: Mapping[str, Sequence[float]], ours: str) -> dict[str, float]:
    """Median rate of `ours` over the median rate of every other; empty without runs of `ours`.

    >>> ratios({"ours": [4.0, 6.0, 5.0], "peer": [2.0, 2.5, 3.0], "broken": []}, "ours")
    {'peer': 2.0}
    """
    if not rates.get(ours):
        return {}
    own = median(rates[ours])
    return {
        name: round(own / median(runs), 3) for name, runs in rates.items() if runs and name != ours
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie; 0 without any.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([], 0.99)
    (2.0, 0.0)
    """
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(runs: Sequence[float]) -> float | None:
    """(largest - smallest) / median, a plain measure of noise; None for fewer than two runs.

    >>> spread([90.0, 100.0, 120.0])
    0.3
    """
    if len(runs) < 2:
        return None
    return round((max(runs) - min(runs)) / median(runs), 3)


def wide_console() -> Console:
    """The terminal, or `PLAIN_WIDTH` columns where output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    notes: Sequence[str] = (),
    console: Console | None = None,
) -> None:
    """Print rows under `columns`, numbers to the right, then the notes, one a line."""
    out = console or wide_console()
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    out.print(table)
    for note in notes:
        out.print(note, markup=False, highlight=False, soft_wrap=True)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float) and not math.isfinite(cell):
        return "-"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell

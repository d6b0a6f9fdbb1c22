"""Rows of CSV that are safe to open in a spreadsheet.

A spreadsheet takes text that begins with `=`, `+`, `-`, `@`, a tab or a line end for a formula,
and runs it. Such text gets an apostrophe in front, as OWASP says (CSV injection); numbers stay.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, the wide forms of East Asian text among them."""

Cell = str | int | float | Decimal | None


def csv_row(cells: Iterable[Cell]) -> str:
    """One row with its line end; None is an empty cell.

    >>> csv_row(["c-1", "=1+1", "-5", -5, None])
    "c-1,'=1+1,'-5,-5,\\n"
    """
    written = io.StringIO()
    # with CR LF, so that a CR within a cell is quoted as an LF is
    csv.writer(written, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return written.getvalue()[:-2] + "\n"


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell

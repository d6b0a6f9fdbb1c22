"""A document as one page."""

from __future__ import annotations

from streams.reports.form.document import NUMBERS, Document, Picture, Section, Table
from streams.reports.form.page import Drawn, Grid, Head, drawn, render
from streams.reports.form.words import shown


def html(document: Document) -> str:
    """The whole page."""
    return render(
        "form/templates/document.html",
        document=document,
        pictures_of=_pictures,
        tables_of=_tables,
        cells=_cells,
    )


def _pictures(section: Section) -> list[Drawn]:
    return [drawn(part.draw(), part.caption) for part in section.parts if isinstance(part, Picture)]


def _tables(section: Section) -> list[Table]:
    return [part for part in section.parts if isinstance(part, Table)]


def _cells(table: Table) -> Grid:
    return Grid(
        [Head(column.title, column.kind in NUMBERS) for column in table.columns],
        [
            [shown(value, column.kind) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        as_cards=True,
    )

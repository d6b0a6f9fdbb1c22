"""A report for a terminal: sentences and tables, without pictures."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from streams.reports.document import NUMBERS, Document, Table
from streams.reports.words import shown


def text(document: Document) -> RenderableType:
    """The whole report."""
    return Group(*_parts(document))


def _parts(document: Document) -> Iterator[RenderableType]:
    yield Text(document.title, style="bold")
    yield from map(Text, document.sentences)
    for section in document.sections:
        yield Text()
        yield Text(section.title, style="bold underline")
        yield from map(Text, section.sentences)
        yield from (_table(part) for part in section.parts if isinstance(part, Table))


def _table(table: Table) -> RichTable:
    drawn = RichTable(
        title=escape(table.title) or None,
        caption=escape(table.note) or None,
        title_justify="left",
        caption_justify="left",
    )
    for column in table.columns:
        number = column.kind in NUMBERS
        drawn.add_column(
            column.title, justify="right" if number else "left", overflow="fold", no_wrap=number
        )
    for row in table.rows:
        drawn.add_row(
            *(
                escape(shown(value, column.kind))
                for value, column in zip(row, table.columns, strict=True)
            )
        )
    return drawn

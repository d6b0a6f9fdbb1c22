"""A report for a terminal: sentences and tables, without pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from streams.reports.form.document import NUMBERS, Document, Table
from streams.reports.form.words import shown

MOST_WIDTH: Final = 40
"""A column is not kept wider than this; longer text is folded."""


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
    cells = [
        [shown(value, column.kind) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    for place, column in enumerate(table.columns):
        # heads may be broken into lines, values not
        widest = max((len(row[place]) for row in cells), default=0)
        justify: Literal["left", "right"] = "right" if column.kind in NUMBERS else "left"
        drawn.add_column(
            column.title, justify=justify, overflow="fold", min_width=min(widest, MOST_WIDTH)
        )
    for row in cells:
        drawn.add_row(*map(escape, row))
    return drawn

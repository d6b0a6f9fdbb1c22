"""A report as one page."""

from __future__ import annotations

from html import escape

from streams.reports import page
from streams.reports.document import NUMBERS, Document, Picture, Section, Table
from streams.reports.words import shown


def html(document: Document) -> str:
    """The whole page: it needs nothing else, and reads on a phone."""
    body = [
        f"<h1>{escape(document.title)}</h1>",
        *_paragraphs(document.sentences),
        _contents(document),
        *(_section(section) for section in document.sections),
    ]
    return page.page(document.title, "\n".join(body))


def _contents(document: Document) -> str:
    links = (
        f'<a href="#{escape(section.key)}">{escape(section.title)}</a>'
        for section in document.sections
    )
    return f"<nav>{' '.join(links)}</nav>"


def _section(section: Section) -> str:
    parts = [
        f'<h2 id="{escape(section.key)}">{escape(section.title)}</h2>',
        *_paragraphs(section.sentences),
    ]
    pictures = [_picture(part) for part in section.parts if isinstance(part, Picture)]
    if pictures:
        parts.append(f'<div class="pictures">{"".join(pictures)}</div>')
    parts += [_table(part) for part in section.parts if isinstance(part, Table)]
    return "\n".join(parts)


def _paragraphs(sentences: tuple[str, ...]) -> list[str]:
    return [f"<p>{escape(sentence)}</p>" for sentence in sentences]


def _picture(picture: Picture) -> str:
    drawn = picture.draw().rstrip()
    return f"<figure>{drawn}<figcaption>{escape(picture.caption)}</figcaption></figure>"


def _table(table: Table) -> str:
    columns = [
        f"#{column.title}" if column.kind in NUMBERS else column.title for column in table.columns
    ]
    rows = [
        [shown(value, column.kind) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    parts = [f"<h3>{escape(table.title)}</h3>"] if table.title else []
    parts.append(page.table(columns, rows, cards=True))
    if table.note:
        parts.append(f'<p class="note">{escape(table.note)}</p>')
    return "\n".join(parts)

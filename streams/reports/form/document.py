"""A report as a value: sections of sentences, tables and pictures, told by whoever prints it.

Tables keep raw values with the kind of each column, so that one report gives a terminal's table,
a page and JSON alike. A picture is drawn only where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Kind = Literal[
    "text", "count", "share", "score", "signed", "index", "amount", "hours", "days", "number"
]
NUMBERS: Final = frozenset(
    {"count", "share", "score", "signed", "index", "amount", "hours", "days", "number"}
)


class Column(NamedTuple):
    """One column: its name in JSON, its title for people, and what its values are."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows of raw values, one for each column; ``None`` is what is not known."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.columns), f"{self.key}: {row} for {self.columns}"


@dataclass(frozen=True)
class Picture:
    """A picture as SVG text, and what it shows."""

    key: str
    caption: str
    draw: Callable[[], str] = field(compare=False)


@dataclass(frozen=True)
class Section:
    """A heading, what it says in sentences, and what it shows."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    parts: tuple[Table | Picture, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report. ``source`` says what it was made of, ``as_of`` (RFC 3339) of when it is."""

    kind: str
    title: str
    source: str
    as_of: str | None
    customers: int
    sentences: tuple[str, ...]
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        tables = [part for section in self.sections for part in section.parts]
        for keys in (
            [section.key for section in self.sections],
            [part.key for part in tables if isinstance(part, Table)],
            [part.key for part in tables if isinstance(part, Picture)],
        ):
            assert len(keys) == len(set(keys)), f"names that repeat: {keys}"


def table(
    key: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    note: str = "",
) -> Table:
    """A table of these rows."""
    return Table(key, tuple(columns), tuple(tuple(row) for row in rows), title, note)


def as_dict(document: Document) -> dict[str, Any]:
    """The report as plain values: each table as a list of objects, without pictures.

    A reason is its sentence here.
    """
    return {
        "report": document.kind,
        "title": document.title,
        "source": document.source,
        "as_of": document.as_of,
        "customers": document.customers,
        "sentences": list(map(_plain, document.sentences)),
        "sections": {
            section.key: {
                "title": section.title,
                "sentences": list(map(_plain, section.sentences)),
                "tables": {
                    part.key: [
                        {
                            column.key: _plain(value)
                            for column, value in zip(part.columns, row, strict=True)
                        }
                        for row in part.rows
                    ]
                    for part in section.parts
                    if isinstance(part, Table)
                },
            }
            for section in document.sections
        },
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value

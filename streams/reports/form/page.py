"""Pages from templates: everything that is put into one is text, but for pictures.

A template's name is its path below `streams/reports`: the house style is in `form/templates`, and
a report that is no plain document has its own beside its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

CARDS_FROM: Final = 4
"""A table of so many columns or more becomes a card for each row on a narrow screen."""
LONG: Final = 40
"""A cell of so many characters is a sentence: on a card it stands on lines of its own."""


class Head(NamedTuple):
    """The head of a column; numbers stand to the right."""

    name: str
    number: bool = False


@dataclass(frozen=True)
class Grid:
    """A table as people see it: a text for each cell.

    With ``as_cards`` a narrow screen shows each row as a card, if there are `CARDS_FROM` columns.
    """

    heads: Sequence[Head]
    rows: Sequence[Sequence[str]]
    as_cards: bool = False

    @property
    def cards(self) -> bool:
        """Whether a narrow screen shows cards."""
        return self.as_cards and len(self.heads) >= CARDS_FROM

    def headed(self, row: Sequence[str]) -> Iterator[tuple[Head, str]]:
        """Each cell with the head of its column."""
        return zip(self.heads, row, strict=True)

    def long(self, cell: str) -> bool:
        """Whether a cell stands on lines of its own on a card."""
        return self.cards and len(cell) >= LONG


class Drawn(NamedTuple):
    """A picture that goes into a page as it is."""

    svg: Markup
    caption: str


def drawn(svg: str, caption: str) -> Drawn:
    """A picture of ours: its text is trusted."""
    return Drawn(Markup(svg.rstrip()), caption)


def render(template: str, **values: object) -> str:
    """The whole page: it needs nothing else, and reads on a phone."""
    return pages().get_template(template).render(values)


@cache
def pages() -> Environment:
    """The templates; a value that is missing is a mistake of the program."""
    return Environment(
        loader=PackageLoader("streams.reports", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

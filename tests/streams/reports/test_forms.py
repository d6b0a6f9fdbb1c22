"""A report as a page, as JSON and as text: what is said is there, and nothing else is asked for."""

from __future__ import annotations

import doctest
import re
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from streams.reports.form import plots, words
from streams.reports.form.document import Column, Document, Picture, Section, as_dict, table
from streams.reports.form.html import html
from streams.reports.form.text import text

pytestmark = pytest.mark.long

NAME = 'a <b> & "c" 贵宾'
VOID = {"meta", "br", "use", "path"}


def shown() -> Document:
    columns = (
        Column("name", "Name"), Column("count", "How many", "count"),
        Column("share", "Share", "share"), Column("why", "Why"),
    )  # fmt: skip
    rows = [
        (NAME, 12_345, 0.5, "A sentence that is longer than forty characters, so it is long."),
        ("most_valuable", 0, None, None),
    ]
    picture = Picture("bars", "A picture.", lambda: plots.bars("bars", [(NAME, 3.0)], "number"))
    parts = (picture, table("first", columns, rows, title="First", note="A note."))
    return Document(
        kind="test", title=f"Report of {NAME}", source="here", as_of=None, customers=2,
        sentences=(f"About {NAME}.",),
        sections=(Section("one", "One", ("Said <so>.",), parts),),
    )  # fmt: skip


class Page(HTMLParser):
    """What a page has: text, tags in balance, ids, and what it refers to."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text, self.open, self.ids, self.links = "", list[str](), list[str](), list[str]()
        self.cells: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        self.links += [given[name] or "" for name in ("href", "src", "xlink:href") if name in given]
        if tag == "td":
            self.cells.append(given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_says_everything_and_asks_for_nothing_else() -> None:
    source = html(shown())
    page = Page(source)
    for said in (f"Report of {NAME}", f"About {NAME}.", "Said <so>.", "12,345", "50.0 %",
                 "most valuable", "A note.", "A picture."):  # fmt: skip
        assert said in page.text
    assert all(link.startswith("#") for link in page.links)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "<script" not in source
    assert not re.search(r'(?<!")https?://', source)  # but for the names of SVG's own dialect
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in source
    assert page.tags.count("svg") == 1


def test_cells_bear_their_columns_name_for_cards_on_a_phone() -> None:
    page = Page(html(shown()))
    names = [cell.get("data-name") for cell in page.cells]
    assert names == ["Name", "How many", "Share", "Why"] * 2
    assert [cell.get("class") for cell in page.cells[:4]] == [None, "n", "n", "long"]
    assert "@media (max-width: 600px)" in html(shown())


def test_json_keeps_raw_values_by_the_names_of_columns() -> None:
    told = as_dict(shown())
    assert told["sections"]["one"]["tables"]["first"] == [
        {
            "name": NAME, "count": 12_345, "share": 0.5,
            "why": "A sentence that is longer than forty characters, so it is long.",
        },
        {"name": "most_valuable", "count": 0, "share": None, "why": None},
    ]  # fmt: skip


def test_text_has_every_value_though_it_is_narrow() -> None:
    written = StringIO()
    Console(file=written, width=60).print(text(shown()))
    for said in ("12,345", "50.0 %", "A note.", "Said <so>."):
        assert said in written.getvalue()


def test_a_row_of_another_length_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AssertionError):
        table("t", (Column("a", "A"),), [(1, 2)])


@pytest.mark.parametrize(
    ("draw", "given"),
    [
        (plots.bars, ([("a", None)], "number")),
        (plots.bars, ([("a", 0.0), ("b", -2.0)], "signed")),
        (plots.stacked, (["a"], {"x": [0.0], "y": [0.0]})),
        (plots.histogram, ([0.0, 0.5, 1.0], [0, 0], "x", 0.5)),
        (plots.heat, (["a"], ["b"], [[None]], "count")),
        (plots.pairs, ([("a", None, None), ("b", 3.0, None)], ("one", "other"))),
    ],
)
def test_pictures_of_nothing_are_drawn_too_and_the_same_each_time(draw: Any, given: Any) -> None:
    first = draw("name", *given)
    assert first.startswith("<svg")
    assert first.rstrip().endswith("</svg>")
    assert draw("name", *given) == first


def test_the_examples_of_words_hold() -> None:
    assert doctest.testmod(words).failed == 0

"""The house style of pages: one file that needs nothing else, and reads on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; margin: 0 auto; padding: 1rem;
  max-width: 66rem; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; }}
h3 {{ font-size: 1rem; margin: 1.25rem 0 .25rem; }}
p {{ margin: .4rem 0; max-width: 42rem; }}
nav {{ margin: .8rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }}
a {{ color: #0072b2; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }}
th, td {{ padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #ddd; }}
th {{ font-weight: 600; }}
td.n, th.n {{ text-align: right; white-space: nowrap; }}
.cards th, .cards th.n {{ white-space: normal; vertical-align: bottom; }}
.pictures {{ display: flex; flex-wrap: wrap; gap: 1.5rem; margin: .8rem 0; }}
figure {{ margin: 0; width: 30rem; max-width: 100%; }}
figure svg {{ width: 100%; height: auto; }}
figcaption, .note {{ color: #555; font-size: .9rem; }}
@media (max-width: 600px) {{
  .cards thead {{ display: none; }}
  .cards table, .cards tbody, .cards tr, .cards td {{ display: block; }}
  .cards tr {{ border-bottom: 1px solid #bbb; padding: .5rem 0; }}
  .cards td, .cards td.n {{ border: 0; padding: 0; display: flex; justify-content: space-between;
    gap: 1rem; text-align: right; white-space: normal; }}
  .cards td::before {{ content: attr(data-name); color: #555; text-align: left; }}
  .cards td:first-child {{ font-weight: 600; text-align: left; }}
  .cards td:first-child::before, .cards td:empty::before {{ content: none; }}
  .cards td.long {{ display: block; text-align: left; }}
  .cards td.long::before {{ content: none; }}
}}
</style>
</head>
<body>
{body}
</body>
</html>
"""
CARDS_FROM: Final = 4
"""A table of so many columns or more becomes a card for each row on a narrow screen."""
LONG: Final = 40
"""A cell of so many characters is a sentence: on a card it stands on lines of its own."""


def page(title: str, body: str) -> str:
    """A whole page; ``title`` is text, ``body`` is HTML."""
    return _PAGE.format(title=escape(title), body=body)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, cards: bool = False) -> str:
    """A table that scrolls by itself; a column whose name begins with # has numbers.

    With ``cards`` a narrow screen shows each row as a card, if there are four columns or more.
    """
    names = [column.removeprefix("#") for column in columns]
    numbers = [column.startswith("#") for column in columns]
    cards = cards and len(columns) >= CARDS_FROM
    head = "".join(
        f'<th class="n">{escape(name)}</th>' if number else f"<th>{escape(name)}</th>"
        for name, number in zip(names, numbers, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            _cell(cell, name if cards else "", number)
            for cell, name, number in zip(row, names, numbers, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide{" cards" if cards else ""}"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(text: str, name: str, number: bool) -> str:
    classes = "n" if number else "long" if name and len(text) >= LONG else ""
    marked = f' class="{classes}"' if classes else ""
    named = f' data-name="{escape(name)}"' if name else ""
    return f"<td{marked}{named}>{escape(text)}</td>"

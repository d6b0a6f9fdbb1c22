"""The catalogues: what pages say, in files of JSON beside this one.

A file is named ``<part>.<language>.json`` and holds one object from key to text, such as
``"desk.none": "No open alerts; the last was {ago:duration} ago."``. Keys are whatever the part
calls them, but no two parts may have the same one. What placeholders there are says
`streams.serve.telling.form`. Every part has a file for each language, with the same keys and the
same placeholders (``tests/streams/serve/telling``). In ``reasons.<language>.json`` stand the
sentences of rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
"""What can be told in; the first is told in where nobody asks for another."""
DEFAULT: Final[Language] = LANGUAGES[0]
REASONS: Final = "reasons"
"""The part with the sentences of rules, which are no words of pages."""


def parts(language: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every part that has a file in ``language``, by name, with its texts."""
    suffix = f".{language}.json"
    found = files("streams.serve.telling").iterdir()
    for each in sorted(found, key=lambda one: one.name):
        if each.name.endswith(suffix):
            yield each.name.removesuffix(suffix), json.loads(each.read_text(encoding="utf-8"))


@cache
def words(language: str) -> Mapping[str, str]:
    """Every text of pages in a language; one that it lacks is there in English.

    >>> words("zh")["tier.private"], words("fr") == words("en")
    ('私人银行', True)
    """
    merged: dict[str, str] = {} if language == DEFAULT else dict(words(DEFAULT))
    if language in LANGUAGES:
        for part, texts in parts(language):
            if part != REASONS:
                merged.update(texts)
    return MappingProxyType(merged)


@cache
def reasons(language: str) -> Mapping[str, str]:
    """Every sentence of the rules in a language, by key, as a text with placeholders."""
    return MappingProxyType(dict(parts(language)).get(REASONS, {}))

"""Which language somebody reads: what they chose, else what their browser asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.serve.telling.catalogues import DEFAULT, LANGUAGES, Language

COOKIE: Final = "language"
"""The cookie with the language somebody chose."""
_MOST: Final = 32
"""So many languages of a header are looked at."""


def language_of(accept: str | None, *chosen: str | None) -> Language:
    """The language to tell in. ``chosen``, such as a cookie and an account's, comes first.

    ``accept`` is the header ``Accept-Language`` (RFC 9110, 12.5.4). Of Chinese, whatever its
    script or country, there is one.

    >>> language_of("fr, zh-CN;q=0.9, en;q=0.8"), language_of("zh;q=0.1, en-GB"), language_of(None)
    ('zh', 'en', 'en')
    >>> language_of("en", None, "zh"), language_of("zh, en;q=0", "xx"), language_of("*;q=x,,")
    ('zh', 'zh', 'en')
    """
    for tag in (*chosen, *_asked(accept or "")):
        language = _known(tag)
        if language is not None:
            return language
    return DEFAULT


def _asked(accept: str) -> Iterator[str]:
    """Tags of the header, the most wanted first; those that are not wanted left out."""
    weighed: list[tuple[float, str]] = []
    for each in accept.split(",", _MOST)[:_MOST]:
        tag, *parameters = (part.strip() for part in each.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if tag and 0 < weight <= 1:
            weighed.append((weight, tag))
    yield from (tag for _, tag in sorted(weighed, key=lambda one: -one[0]))


def _known(tag: str | None) -> Language | None:
    first = (tag or "").lower().replace("_", "-").split("-")[0]
    return next((language for language in LANGUAGES if language == first), None)

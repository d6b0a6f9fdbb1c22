"""Texts with placeholders, filled in the reader's language.

``{name}`` stands for an argument as it is; ``{name:hint}`` says how it is written:

======================  ============================================================
``duration``            milliseconds in the two largest units: 1 h 5 min
``seconds``             the same, of seconds
``days``                milliseconds in days, to one digit behind the point
``number``              a number with its thousands parted, to two digits at most
``money``               an amount without its cents from 1,000 on, else with them
``percent``             a share, 0.25 as 25%
``date``, ``time``      a moment (RFC 3339, or ms since 1970) in the reader's zone
``list``                inputs by their names, parted by commas, as a sentence lists them
``said``                a sentence within this one, or several: their keys (see below)
``said;`` and the like  several, parted so; ``said&``: listed; ``inline``: one that begins small
``cut``                 a share with two digits, cut off below
``share``               a share in percent, as exact as it is given: 0.5%
``figure``              a number with two digits behind the point, or none
``count noun``          so many of something, in English: 4 nouns
``spelt``, ``words``    in English: a number spelt out; a name as people write it
``capital``             a name with a capital letter
``,.0f`` and the like   a number, as Python's format does it
any other               the name of a fixed set: ``{tier:tier}`` looks for ``tier.vip``
======================  ============================================================

The value of ``said`` is a key, or several parted by commas; the arguments of the sentence stand
beside it, their names after its name and a dot (of several: its name, a dot, the number, a dot).

An argument that is missing is told as an ellipsis, one of the wrong kind as it stands: a reader is
never left without the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from string import Formatter
from typing import Any, Final, NamedTuple

from domain.kernel import phrases
from domain.kernel import words as english
from streams.serve.telling import figures
from streams.serve.telling.catalogues import DEFAULT, reasons, words
from streams.serve.telling.segments import segment_name

Value = str | int | float
Arguments = Mapping[str, object]
UTC: Final = "UTC"
MISSING: Final = "…"
NUMERIC: Final = re.compile(r"^[+]?[0-9]*,?(\.[0-9]+)?[dfg%]$|^,$")
_NAME: Final = re.compile(r"^[a-z][a-z0-9_.]*$")
_WRITE: Final[Mapping[str, Callable[[Any, str, str], str]]] = {
    "duration": lambda value, language, _: figures.duration(value, language),
    "seconds": lambda value, language, _: figures.seconds(value, language),
    "days": lambda value, language, _: figures.days(value, language),
    "number": lambda value, language, _: figures.number(value, language),
    "money": lambda value, language, _: figures.money(value, language),
    "percent": lambda value, language, _: figures.percent(value, language),
    "date": figures.date_of,
    "time": figures.time_of,
    "cut": lambda value, _, __: phrases.cut(value),
    "share": lambda value, _, __: english.share(value),
    "figure": lambda value, _, __: english.figure(value),
    "spelt": lambda value, _, __: english.spelt(value),
    "list": lambda value, language, _: figures.listed(_inputs(value, language), language),
    "words": lambda value, _, __: english.feature_words(value),
    "capital": lambda value, _, __: str(value).capitalize(),
}
_BETWEEN: Final[Mapping[str, Mapping[str, str]]] = {
    "said": {"en": " ", "zh": ""},
    "inline": {"en": " ", "zh": ""},
    "said;": {"en": "; ", "zh": "\N{FULLWIDTH SEMICOLON}"},
    "said,": {"en": ", ", "zh": "\N{IDEOGRAPHIC COMMA}"},
    "said&": {},
}
COUNT: Final = "count "
HINTS: Final = (*_WRITE, *_BETWEEN)


class Placeholder(NamedTuple):
    """An argument and how it is written."""

    name: str
    hint: str


@cache
def pieces(text: str) -> tuple[str | Placeholder, ...]:
    """A text taken apart. Raises ``ValueError`` for one that is not well formed.

    >>> pieces("{tier:tier} waits.")
    (Placeholder(name='tier', hint='tier'), ' waits.')
    """
    found: list[str | Placeholder] = []
    for plain, name, hint, conversion in Formatter().parse(text):
        if plain:
            found.append(plain)
        if name is None:
            continue
        if not _NAME.match(name) or conversion:
            raise ValueError(f"no placeholder: {{{name}}}")
        found.append(Placeholder(name, hint or ""))
    return tuple(found)


def fill(text: str, args: Arguments, language: str, zone: str = UTC) -> str:
    """A text with its arguments written in.

    >>> fill("{n:number} of {all:number}", {"n": 1200, "all": 3400.5}, "zh")
    '1,200 of 3,400.5'
    """
    return "".join(
        piece if isinstance(piece, str) else _written(piece, args, language, zone)
        for piece in pieces(text)
    )


def word(key: str, language: str, args: Arguments | None = None, zone: str = UTC) -> str:
    """A text of pages by its key; the key itself where nobody wrote one."""
    text = words(language).get(key)
    return key if text is None else fill(text, args or {}, language, zone)


def name(kind: str, value: object, language: str) -> str:
    """The name of a value of a fixed set; the value itself where it has none.

    >>> name("tier", "vip", "zh"), name("tier", "platinum", "en")
    ('贵宾', 'platinum')
    """
    texts = words(language)
    if kind == "segment":
        return segment_name(str(value), texts, language)
    return texts.get(f"{kind}.{value}", str(value))


def sentence(key: str, args: Arguments, language: str, zone: str = UTC) -> str | None:
    """A rule's sentence by its key; ``None`` where it, or one within it, is not in the language."""
    if not key:
        return ""
    text = reasons(language).get(key)
    if text is None:
        return None
    try:
        return fill(text, args, language, zone)
    except LookupError:  # a sentence within it cannot be told
        return None


def within(args: Arguments, prefix: str) -> Arguments:
    """The arguments of a sentence within another, whose names begin with ``prefix`` and a dot."""
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in args.items() if name.startswith(start)}


def _written(piece: Placeholder, args: Arguments, language: str, zone: str) -> str:
    value: Any = args.get(piece.name)
    hint = piece.hint
    if value is None:
        return MISSING
    if hint in _BETWEEN:
        return _said(piece, str(value), args, language, zone)
    try:
        if not hint:
            return str(value)
        if (write := _WRITE.get(hint)) is not None:
            return write(value, language, zone)
        if NUMERIC.match(hint):
            return format(value, hint)
        if hint.startswith(COUNT):
            return phrases.counted(value, hint.removeprefix(COUNT))
    except (ArithmeticError, TypeError, ValueError):
        return str(value)
    return name(hint, value, language)


def _said(piece: Placeholder, value: str, args: Arguments, language: str, zone: str) -> str:
    """The sentences within one. Raises ``LookupError`` where one is not in the language."""
    keys = value.split(", ")
    told = []
    for number, key in enumerate(keys):
        inner = within(args, f"{piece.name}.{number}")
        if len(keys) == 1:
            inner = {**within(args, piece.name), **inner}
        each = sentence(key, inner, language, zone)
        if each is None:
            raise LookupError(key)
        told.append(each)
    between = _BETWEEN[piece.hint].get(language)
    if between is None:
        return figures.listed_all(told, language)
    text = between.join(told)
    return text[:1].lower() + text[1:] if piece.hint == "inline" else text


def _inputs(value: object, language: str) -> str:
    """The inputs that a figure lacks, in English as the rules call them."""
    if language == DEFAULT:
        return str(value)
    return ", ".join(name("input", each, language) for each in str(value).split(", "))

"""A sentence before it is in any language: a key of the catalogue, and plain arguments.

How an argument is written is the catalogue's matter (`streams.serve.telling.form`), so what makes
sentences knows neither a language nor HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.fields import milliseconds
from streams.serve.telling import Telling

Tone = Literal["bad", "warn", "good", "plain"]
Args = dict[str, str | float]


class Word(str):
    """An argument that is itself a name of a fixed set: ``tier.vip``.

    Only where the set depends on another argument; else the catalogue names the set.
    """

    __slots__ = ()


class SegmentName(str):
    """An argument that is the name of a segment, which may be one of ours."""

    __slots__ = ()


class Sentence(NamedTuple):
    """A key of the catalogue with its arguments; ``tone`` says how grave it is.

    >>> Sentence("customer.mood.unhappy", {"score": 2.5}, "bad")
    customer.mood.unhappy(score=2.5) bad
    """

    key: str
    args: Mapping[str, str | float] = {}
    tone: Tone = "plain"

    def __repr__(self) -> str:
        args = ", ".join(f"{name}={value}" for name, value in self.args.items())
        return f"{self.key}({args})" + (f" {self.tone}" if self.tone != "plain" else "")


def milliseconds_of(time: str) -> int:
    """Milliseconds since 1970 of a time as outputs and figures write it (RFC 3339).

    >>> milliseconds_of("1970-01-01T00:00:01.500Z")
    1500
    """
    return milliseconds(datetime.fromisoformat(time))


def told_by(say: Telling) -> Callable[[Sentence], str]:
    """How a sentence is told in a reader's language.

    >>> told_by(Telling("zh"))(Sentence("customer.mood.unhappy", {"score": 2.5}))
    '不满意：满意度 2.5（满分 10）。'
    """

    def told(sentence: Sentence) -> str:
        args = {name: _named(value, say) for name, value in sentence.args.items()}
        return say.word(sentence.key, **args)

    return told


def _named(value: str | float, say: Telling) -> str | float:
    if isinstance(value, SegmentName):
        return say.name("segment", value)
    if not isinstance(value, Word):
        return value
    kind, _, name = value.partition(".")
    return say.name(kind, name)

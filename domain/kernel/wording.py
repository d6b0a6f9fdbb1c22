"""How rules say something: a sentence in English, with a key by which other languages tell it.

A rule keeps its sentences as values, and calls one with its arguments:

>>> WAITED = Wording("example.waited", "A {tier} customer waited {wait:duration}.")
>>> told = WAITED(tier="vip", wait=90_000)
>>> told, told.key, told.args
('A vip customer waited 1 min 30 s.', 'example.waited', {'tier': 'vip', 'wait': 90000})

Placeholders are ``{name}``, with one of Python's formats after a colon, or with one of these:

- ``duration`` and ``days`` (of milliseconds), ``cut`` (0.39 for 0.399), ``share`` (20%),
  ``figure`` (two digits behind the point, or none), ``count noun`` (4 nouns), ``spelt`` (Two);
- ``words`` (a name with _ as people write it), ``capital`` (a name as a sentence begins), ``list``
  (of names);
- ``said`` (a sentence within this one, or several; with ``said;`` and ``said,`` parted by those,
  with ``said&`` listed),
  ``inline`` (one that begins small).

What ``said`` stands for may be nothing, written "". Its key becomes the argument, and its own
arguments stand beside it with the name before theirs: so arguments are flat.

>>> ANGRY = Wording("example.angry", "Angry. {why:said}")
>>> ANGRY(why=told).args
{'why': 'example.waited', 'why.tier': 'vip', 'why.wait': 90000}

Around a sentence without a key, which an earlier version wrote, there is none either.

>>> ANGRY(why=Told("So.", "", {})).key
''

The same sentences in other languages, and a list of all in English, are in the catalogues of
``streams/serve/telling``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import Formatter
from typing import Any, Final

from domain.kernel.phrases import counted, cut, days
from domain.kernel.words import duration, feature_words, figure, listed, share, spelt
from schemas.told import Argument, Told

Given = Argument | Sequence[str]
WORDINGS: Final[dict[str, Wording]] = {}
"""Every sentence of the rules that were imported, by key."""
COUNT: Final = "count "
INNER: Final = ("said", "said;", "said,", "said&", "inline", "list")
"""Hints of arguments that may be several."""
_text: Final = str.__new__


class Wording:
    """A sentence with placeholders, under its key; called with its arguments it is told."""

    __slots__ = ("_english", "_inner", "key", "text")

    key: str
    text: str

    def __init__(self, key: str, text: str) -> None:
        """Keep the sentence under its key. Raises ``ValueError`` where another has the key."""
        known = WORDINGS.setdefault(key, self)
        if known is not self and known.text != text:
            raise ValueError(f"another sentence has the key {key}")
        self.key, self.text = key, text
        self._english, self._inner = _compiled(text)

    def __call__(self, **given: Given) -> Told:
        """The sentence with its arguments."""
        args: dict[str, Any] = given
        key = self.key
        if self._inner:
            args = {}
            for name, value in given.items():
                if name not in self._inner:
                    args[name] = value
                elif isinstance(value, Told):
                    key = key and value.key and self.key
                    _within(args, name, value)
                else:
                    _several(args, name, value)  # type: ignore[arg-type]
        told = _text(Told, self._english(**given))
        told.key = key
        told.args = args if key else {}
        return told


def _compiled(text: str) -> tuple[Callable[..., str], frozenset[str]]:
    """What writes a text, as quick as if it stood in the rule; the names that hold sentences."""
    source, names, inner = "", [], set()
    known: dict[str, Callable[[Any], str]] = {}
    for plain, name, hint, _ in Formatter().parse(text):
        source += plain.replace("{", "{{").replace("}", "}}")
        if name is None:
            continue
        names.append(name)
        write = _writer(hint or "")
        if write is not None:
            known[f"_{len(known)}"] = write
            source += f"{{_{len(known) - 1}({name})}}"
        else:
            source += f"{{{name}:{hint}}}" if hint else f"{{{name}}}"
        if hint in INNER:
            inner.add(name)
    if not all(map(str.isidentifier, names)):
        raise ValueError(f"placeholders are names: {text}")
    # of our own constants alone: an f-string is several times as quick as str.format
    given = ", ".join(dict.fromkeys(names))
    english: Callable[..., str] = eval(f"lambda {given}: f{source!r}", known)
    return english, frozenset(inner)


def _writer(hint: str) -> Callable[[Any], str] | None:
    """What writes an argument with a hint of ours; ``None`` for a format of Python's."""
    if hint.startswith(COUNT):
        noun = hint.removeprefix(COUNT)
        return lambda number: counted(number, noun)
    return _WRITE.get(hint)


def _said(between: str) -> Callable[[str | Sequence[str]], str]:
    return lambda value: value if isinstance(value, str) else between.join(value)


def _inline(value: str) -> str:
    return value[:1].lower() + value[1:]


def _list(value: str | Sequence[str]) -> str:
    return listed((value,) if isinstance(value, str) else tuple(value))


_WRITE: Final[dict[str, Callable[[Any], str]]] = {
    "duration": duration,
    "days": days,
    "cut": cut,
    "words": feature_words,
    "capital": str.capitalize,
    "spelt": spelt,
    "said": _said(" "),
    "said;": _said("; "),
    "said,": _said(", "),
    "said&": _list,
    "inline": _inline,
    "list": _list,
    "figure": figure,
    "share": share,
}


def _within(args: dict[str, Argument], name: str, told: Told) -> None:
    args[name] = told.key
    for inner, value in told.args.items():
        args[f"{name}.{inner}"] = value


def _several(args: dict[str, Argument], name: str, given: Sequence[str]) -> None:
    """Names as one text, parted by commas; sentences each by its key, with its number."""
    if isinstance(given, str):
        args[name] = given
        return
    keys = []
    for number, each in enumerate(given):
        if isinstance(each, Told):
            keys.append(each.key)
            for inner, value in each.args.items():
                args[f"{name}.{number}.{inner}"] = value
        else:
            keys.append(each)
    args[name] = ", ".join(keys)

"""A sentence that can be told in other languages too: its English, its key, its arguments."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from schemas.fields import Label

SENTENCE_CHARACTERS: Final = 1_000
MAX_ARGUMENTS: Final = 64
"""Most arguments of a sentence, with those of the sentences within it."""
ARGUMENT_CHARACTERS: Final = 1_000

Argument = str | int | float
"""What a sentence is filled with. A sentence within it is an argument whose value is its key; its
own arguments stand beside it, their names after its name and a dot."""
Arguments = Annotated[
    dict[
        Label,
        Annotated[str, StringConstraints(max_length=ARGUMENT_CHARACTERS)]
        | Annotated[int, Field()]
        | Annotated[float, Field(allow_inf_nan=False)],
    ],
    Field(max_length=MAX_ARGUMENTS),
]


class Told(str):
    """A sentence in English with the ``key`` and ``args`` that tell it in another language.

    Without a key it can be told in English alone: that is of alerts of earlier versions.
    It is text like any other, but not for msgspec, which knows no kinds of text: what is encoded
    is given :func:`plain` as its hook, and outputs take it apart when they are made.

    >>> told = Told("A vip customer called.", "example.call", {"tier": "vip"})
    >>> told, told.key, told.args
    ('A vip customer called.', 'example.call', {'tier': 'vip'})
    """

    __slots__ = ("args", "key")

    key: str
    args: dict[str, Argument]

    def __new__(cls, text: str, key: str, args: dict[str, Argument]) -> Told:
        """The sentence ``text``, of this key and these arguments."""
        told = super().__new__(cls, text)
        told.key = key
        told.args = args
        return told

    def __reduce__(self) -> tuple[type[Told], tuple[str, str, dict[str, Argument]]]:
        """What a copy is made of."""
        return Told, (str(self), self.key, self.args)

    def cut(self, characters: int) -> Told:
        """The sentence with so many characters of its English at most."""
        if len(self) <= characters:
            return self
        return Told(self[:characters], self.key, self.args)


def plain(value: Any) -> str:
    """The text alone of a sentence, where msgspec asks how it is to be written.

    >>> import msgspec
    >>> msgspec.json.encode([Told("So.", "example", {})], enc_hook=plain)
    b'["So."]'
    """
    if isinstance(value, Told):
        return str(value)
    raise NotImplementedError(f"no text: {type(value).__name__}")


def cut(text: str, characters: int) -> str:
    """So many characters of a text at most; a sentence that can be told stays one."""
    return text.cut(characters) if isinstance(text, Told) else text[:characters]

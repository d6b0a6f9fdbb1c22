"""What a rule finds: a value, why in a sentence, and which inputs it lacked."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Finding(NamedTuple, Generic[T]):
    """``value`` is ``None`` where it cannot be told; ``missing`` then names the inputs lacked.

    >>> unknown("The attitude", ("nps", "csat")).reason
    'The attitude is unknown without nps and csat.'
    """

    value: T | None
    reason: str
    missing: tuple[str, ...] = ()


def unknown(subject: str, missing: tuple[str, ...]) -> Finding[T]:
    """A finding of nothing, because these inputs are missing."""
    return Finding(None, f"{subject} is unknown without {listed(missing)}.", missing)


def absent(**inputs: object) -> tuple[str, ...]:
    """The names of the inputs that are ``None``, in the order given.

    >>> absent(attitude=None, brands_used=2.0)
    ('attitude',)
    """
    return tuple(name for name, value in inputs.items() if value is None)


def listed(names: tuple[str, ...]) -> str:
    """Names as a sentence lists them.

    >>> listed(("trust.goodwill", "trust.ability", "commitment"))
    'trust.goodwill, trust.ability and commitment'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"

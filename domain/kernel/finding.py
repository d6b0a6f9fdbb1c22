"""What a rule finds: a value, why in a sentence, and which inputs it lacked."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

from domain.kernel.wording import Wording
from schemas.told import Told

T = TypeVar("T")


class Finding(NamedTuple, Generic[T]):
    """``value`` is ``None`` where it cannot be told; ``missing`` then names the inputs lacked.

    >>> unknown("The attitude", ("nps", "csat")).reason
    'The attitude is unknown without nps and csat.'
    """

    value: T | None
    reason: Told
    missing: tuple[str, ...] = ()


UNKNOWN: Final = Wording("unknown", "{subject} is unknown without {missing:list}.")


def unknown(subject: str, missing: tuple[str, ...]) -> Finding[T]:
    """A finding of nothing, because these inputs are missing."""
    return Finding(None, _lacking(subject, missing), missing)


@lru_cache(maxsize=1024)
def _lacking(subject: str, missing: tuple[str, ...]) -> Told:
    # of many customers much is unknown, and much the same
    return UNKNOWN(subject=subject, missing=missing)


def absent(**inputs: object) -> tuple[str, ...]:
    """The names of the inputs that are ``None``, in the order given.

    >>> absent(attitude=None, brands_used=2.0)
    ('attitude',)
    """
    return tuple(name for name, value in inputs.items() if value is None)

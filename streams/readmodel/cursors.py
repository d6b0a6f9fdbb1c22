"""Where a list goes on: opaque to whoever carries it, refused where it is none of ours."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec

_LARGEST: Final = 2**63 - 1
"""What SQLite takes as a number."""


class BadCursor(ValueError):
    """A cursor that this list never gave."""


def dump(*values: str | int | None) -> str:
    """The cursor behind a row with these values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def load(cursor: str, *kinds: type) -> list[Any]:
    """The values of a cursor, which are of these kinds. Raises :class:`BadCursor`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadCursor("the cursor is none that a list gave") from error
    if (
        not isinstance(values, list)
        or len(values) != len(kinds)
        or not all(type(one) is kind for one, kind in zip(values, kinds, strict=True))
        or any(isinstance(one, int) and abs(one) > _LARGEST for one in values)
    ):
        raise BadCursor("the cursor is none that this list gave")
    return values


__all__ = ["BadCursor", "dump", "load"]

"""Positions as they stand in headers and queries: ``topic-partition@offset``, joined by commas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from streams.readmodel.rows import Positions

MOST_CHARACTERS: Final = 16_384
_ONE: Final = re.compile(r"([a-zA-Z0-9._-]{1,249})-(\d{1,6})@(\d{1,19})")


class NotPositions(ValueError):
    """A text that is no list of positions; the message says what one looks like."""


def told(positions: Positions) -> str:
    """In the order of topics and partitions.

    >>> told({("touchpoints.desk", 3): 18, ("touchpoints.care", 0): 5})
    'touchpoints.care-0@5,touchpoints.desk-3@18'
    """
    return ",".join(
        f"{topic}-{number}@{offset}" for (topic, number), offset in sorted(positions.items())
    )


def read(text: str) -> Positions:
    """What :func:`told` made; the furthest where a partition stands in it twice.

    Raises :class:`NotPositions`.

    >>> read("touchpoints.care-0@5, touchpoints.desk-3@18")
    {('touchpoints.care', 0): 5, ('touchpoints.desk', 3): 18}
    """
    found: Positions = {}
    if len(text) > MOST_CHARACTERS:
        raise NotPositions(f"positions have at most {MOST_CHARACTERS} characters")
    for part in text.split(","):
        if not (stripped := part.strip()):
            continue
        match = _ONE.fullmatch(stripped)
        if match is None:
            raise NotPositions("positions are topic-partition@offset, joined by commas")
        place, offset = (match[1], int(match[2])), int(match[3])
        found[place] = max(offset, found.get(place, 0))
    return found


def behind(places: Iterable[tuple[str, int, int]]) -> Positions:
    """The position behind these records, each told by topic, partition and offset."""
    found: Positions = {}
    for topic, number, offset in places:
        place = topic, number
        if found.get(place, 0) <= offset:
            found[place] = offset + 1
    return found

"""Where a client of a stream is: the positions of every topic, as a short text.

    base64url( version, ms since 1970, topics, of each: its number, partitions, of each: position )

All numbers but the version are LEB128. A partition's number is its place in the list, so a
partition that is not held counts with 0. Twelve partitions of six topics take about 300 characters.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.readmodel.rows import Positions

VERSION: Final = 1
NUMBERED: Final = (
    ALERT_STATES,
    ALERTS,
    CUSTOMER_TRANSITIONS,
    SEGMENT_UPDATES,
    SIGNALS,
    CARE_TASKS,
)
"""Topics by their number in an id. Append only: clients keep ids."""
MOST_PARTITIONS: Final = 1_000
MOST_CHARACTERS: Final = 16_384
_LARGEST: Final = 2**63


class NotAVector(ValueError):
    """A text that is no id of ours."""


class Vector(NamedTuple):
    """Positions of the streamed topics, and when they were told (ms since 1970)."""

    at: int
    positions: Positions


def dump(vector: Vector) -> str:
    """The text; what is of no streamed topic is left out.

    >>> dump(Vector(0, {("alerts", 1): 300}))
    'AQABAQIArAI'
    >>> load("AQABAQIArAI").positions
    {('alerts', 1): 300}
    """
    found: dict[int, dict[int, int]] = {}
    for (topic, number), position in vector.positions.items():
        if topic in NUMBERED:
            found.setdefault(NUMBERED.index(topic), {})[number] = position
    told = bytearray([VERSION])
    _put(told, vector.at)
    _put(told, len(found))
    for topic_number, partitions in sorted(found.items()):
        _put(told, topic_number)
        most = max(partitions) + 1
        _put(told, most)
        for number in range(most):
            _put(told, partitions.get(number, 0))
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def load(text: str) -> Vector:
    """What :func:`dump` made. Raises :class:`NotAVector`."""
    if len(text) > MOST_CHARACTERS:
        raise NotAVector("too long")
    try:
        told = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", True)
    except (ValueError, binascii.Error) as error:
        raise NotAVector("no base64") from error
    if told[:1] != bytes([VERSION]):
        raise NotAVector("another version")
    numbers = _numbers(told[1:])
    positions: Positions = {}
    try:
        at = next(numbers)
        for _ in range(_at_most(next(numbers), len(NUMBERED))):
            topic = NUMBERED[_at_most(next(numbers), len(NUMBERED) - 1)]
            for number in range(_at_most(next(numbers), MOST_PARTITIONS)):
                position = next(numbers)
                if position:
                    positions[topic, number] = position
    except StopIteration:
        raise NotAVector("torn") from None
    if next(numbers, None) is not None:
        raise NotAVector("more than there can be")
    return Vector(at, positions)


def _put(told: bytearray, number: int) -> None:
    while number > 0x7F:
        told.append(number & 0x7F | 0x80)
        number >>= 7
    told.append(number)


def _numbers(told: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in told:
        number |= (byte & 0x7F) << shift
        shift += 7
        if number >= _LARGEST or shift > 70:
            raise NotAVector("a number beyond all")
        if not byte & 0x80:
            yield number
            number = shift = 0
    if shift:
        raise NotAVector("torn")


def _at_most(number: int, most: int) -> int:
    if number > most:
        raise NotAVector("more than there can be")
    return number

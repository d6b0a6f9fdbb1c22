"""What one partition tells of satisfaction by tier and channel: a snapshot that replaces the last.

MessagePack, then a digest of it (8 bytes): decayed weights and weighted scores as of a full hour.
"""

from __future__ import annotations

from typing import Final

import msgspec
from xxhash import xxh3_64_digest

from domain.kernel.units import MS_PER_HOUR
from domain.satisfaction.scorecards import CUBE, Scorecards
from domain.satisfaction.tallies import SCORE, WEIGHT

FORMAT: Final = 1
DIGEST_BYTES: Final = 8

Cell = tuple[int, int, float, float]
"""Index of the tier, index of the channel, weight of moments, weight x score."""


Cells = dict[tuple[int, int], tuple[float, float]]
"""Weight and weight x score by tier and channel, as the scorecards keep them."""


class SnapshotFormatError(ValueError):
    """A snapshot that this version cannot read: torn, or of another format."""


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """The cells of a partition as of ``hour`` (UTC hours since 1970), faded by ``half_life_ms``."""

    format: int
    partition: int
    hour: int
    half_life_ms: float
    cells: list[Cell]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Snapshot)


def cells_of(cards: Scorecards) -> Cells:
    """Weight and weighted score of each tier and channel, over all factors, as they are kept."""
    found: Cells = {}
    for key in sorted(key for key in cards.tallies if key[:1] == CUBE):
        tally, place = cards.tallies[key], (key[2], key[3])
        weight, scored = found.get(place, (0.0, 0.0))
        found[place] = (weight + tally[WEIGHT], scored + tally[SCORE])
    return found


def snapshot(cards: Scorecards, cells: Cells, number: int, hour: int) -> bytes:
    """The snapshot of partition ``number`` as of ``hour``, of the ``cells`` of its ``cards``."""
    assert cards.epoch is not None
    left = 2.0 ** min(1_000.0, cards.epoch - hour * MS_PER_HOUR / cards.half_life_ms)
    faded = [
        (tier, channel, weight * left, scored * left)
        for (tier, channel), (weight, scored) in cells.items()
        if weight > 0
    ]
    body = _encoder.encode(Snapshot(FORMAT, number, hour, cards.half_life_ms, faded))
    return body + xxh3_64_digest(body)


def load_snapshot(record: bytes) -> Snapshot:
    """What ``snapshot`` gave. Raises SnapshotFormatError: torn, or of another format."""
    body, digest = record[:-DIGEST_BYTES], record[-DIGEST_BYTES:]
    if xxh3_64_digest(body) != digest:
        raise SnapshotFormatError(f"snapshot of {len(record)} bytes is torn: its digest differs")
    try:
        found = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise SnapshotFormatError(f"snapshot cannot be read: {error}") from error
    if found.format != FORMAT:
        raise SnapshotFormatError(
            f"snapshot of satisfaction by channel has format {found.format}; this version reads"
            f" {FORMAT}: update this worker"
        )
    return found

"""What one partition tells of its hourly complaints: a snapshot that replaces the one before.

MessagePack, compressed, then a digest of it (8 bytes). Of each series the hours that had
complaints, and examples of those that are judged, 1,024 at most, the newest hours first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

import msgspec
from xxhash import xxh3_64_digest

from domain.complaints.surges.hourly import JUDGED_HOURS, KEPT_HOURS, Example, Hourly, Series
from domain.kernel.units import MS_PER_HOUR

FORMAT: Final = 1
DIGEST_BYTES: Final = 8
MAX_EXAMPLES: Final = 1_024


class SnapshotFormatError(ValueError):
    """A snapshot that this version cannot read: torn, or of another format."""


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """A partition's complaints; ``first`` and ``newest`` are UTC hours since the epoch.

    ``newest`` is the partition's own hour or that of its newest complaint, where it is later.
    """

    format: int
    partition: int
    newest: int
    first: int
    # series -> hour -> complaints
    counts: dict[Series, dict[int, int]]
    # series -> hour -> the earliest events
    examples: dict[Series, dict[int, list[Example]]]


class _Packed(msgspec.Struct, array_like=True):
    format: int
    partition: int
    newest: int
    first: int
    series: list[tuple[Series, dict[int, int], dict[int, list[Example]]]]


def snapshot(hourly: Hourly, number: int, clock: int) -> bytes | None:
    """The snapshot of partition ``number`` at ``clock`` (ms); ``None`` without news."""
    if not hourly.untold or hourly.first is None:
        return None
    hourly.untold = False
    newest = max(clock // MS_PER_HOUR, hourly.newest)
    examples = _examples(hourly, newest - JUDGED_HOURS)
    packed = _Packed(FORMAT, number, newest, hourly.first, [])
    for series in hourly.series:
        hours = hourly.hours_of(series)
        counts = {hour: each.count for hour, each in hours if hour > newest - KEPT_HOURS}
        packed.series.append((series, counts, examples.get(series, {})))
    body = zlib.compress(msgspec.msgpack.encode(packed))
    return body + xxh3_64_digest(body)


def load_snapshot(record: bytes) -> Snapshot:
    """What ``snapshot`` gave. Raises SnapshotFormatError: torn, or of another format."""
    body, digest = record[:-DIGEST_BYTES], record[-DIGEST_BYTES:]
    if xxh3_64_digest(body) != digest:
        raise SnapshotFormatError(f"snapshot of {len(record)} bytes is torn: its digest differs")
    try:
        packed = zlib.decompress(body)
        found = msgspec.msgpack.decode(packed)
        number = found[0] if isinstance(found, list) and found else None
        if number != FORMAT:
            raise SnapshotFormatError(
                f"snapshot of hourly complaints has format {number}; this version reads {FORMAT}:"
                " update this worker"
            )
        read = msgspec.msgpack.decode(packed, type=_Packed)
    except (zlib.error, msgspec.DecodeError) as error:
        raise SnapshotFormatError(f"snapshot cannot be read: {error}") from error
    return Snapshot(
        read.format,
        read.partition,
        read.newest,
        read.first,
        {series: counts for series, counts, _ in read.series},
        {series: examples for series, _, examples in read.series},
    )


def _examples(hourly: Hourly, after: int) -> dict[Series, dict[int, list[Example]]]:
    """Examples of the hours after ``after``: 1,024 at most, the newest hours first."""
    judged = [
        (-hour, series, each.examples)
        for series in hourly.series
        for hour, each in hourly.hours_of(series)
        if hour > after and each.examples
    ]
    return _first_of(sorted(judged))


def _first_of(
    judged: Iterable[tuple[int, Series, list[Example]]],
) -> dict[Series, dict[int, list[Example]]]:
    chosen: dict[Series, dict[int, list[Example]]] = {}
    room = MAX_EXAMPLES
    for negative_hour, series, examples in judged:
        if room < len(examples):
            break
        room -= len(examples)
        chosen.setdefault(series, {})[-negative_hour] = examples
    return chosen

"""How far each partition has come: its checkpoint, found at the tail of its changelog."""

from __future__ import annotations

from collections.abc import Iterable

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, NewerFormat, load_checkpoint
from streams.engine.client.reading import Reader
from streams.settings import Settings

TAIL_RECORDS = 500
"""A checkpoint ends the state of every transaction; the tail read grows eightfold without one."""


async def checkpoints(
    settings: Settings, numbers: Iterable[int], newer: dict[int, NewerFormat] | None = None
) -> dict[int, Checkpoint]:
    """The committed checkpoint of each partition that has one.

    Those that a newer version wrote go into ``newer``, where it is given. Raises
    :class:`NewerFormat` where it is not, and aiokafka's errors.
    """
    found: dict[int, Checkpoint] = {}
    async with Reader(settings) as reader:
        for number in numbers:
            value = await _newest(reader, settings.changelog, number)
            if value is None:
                continue
            try:
                found[number] = load_checkpoint(value)
            except NewerFormat as unreadable:
                if newer is None:
                    raise
                newer[number] = unreadable
    return found


async def _newest(reader: Reader, changelog: str, number: int) -> bytes | None:
    begin, end = await reader.bounds(changelog, number)
    span = TAIL_RECORDS
    while True:
        start = max(begin, end - span)
        value: bytes | None = None
        async for batch in reader.batches(changelog, number, start):
            for record in batch:
                if record.key == CHECKPOINT_KEY:
                    value = record.value
        if value is not None or start == begin:
            return value
        span *= 8

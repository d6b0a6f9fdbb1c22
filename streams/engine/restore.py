"""Restore: the newest record of every key of one changelog partition, as bytes.

Read with ``read_committed`` after the producer is open, so that nothing of a transaction
in flight can be seen or missed. Nothing is decoded here: state is decoded on first use.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, load_checkpoint
from streams.engine.client.reading import Reader
from streams.engine.store import MemoryStore
from streams.settings import Settings


class Restored(NamedTuple):
    """A store filled from the changelog, where to go on, and what it took."""

    store: MemoryStore
    checkpoint: Checkpoint | None
    records: int
    seconds: float


async def restore(settings: Settings, partition: int) -> Restored:
    """Read the changelog partition from its beginning to its end."""
    async with Reader(settings, check_crcs=False) as reader:
        return await restore_by(reader, settings, partition)


async def restore_by(reader: Reader, settings: Settings, partition: int) -> Restored:
    """The same by a reader that may read more."""
    began = time.perf_counter()
    store, records = await _compacted(reader, settings.changelog, partition)
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved is not None else None
    return Restored(store, checkpoint, records, time.perf_counter() - began)


async def read_compacted(settings: Settings, topic: str, partition: int) -> tuple[MemoryStore, int]:
    """The newest value of each key of one partition, and how many records were read for it."""
    async with Reader(settings, check_crcs=False) as reader:
        return await _compacted(reader, topic, partition)


async def _compacted(reader: Reader, topic: str, partition: int) -> tuple[MemoryStore, int]:
    store, count = MemoryStore(), 0
    async for batch in reader.batches(topic, partition):
        # a compacted topic takes no record without a key
        records = [(record.key or b"", record.value) for record in batch]
        store.put_all(records)
        count += len(records)
    return store, count

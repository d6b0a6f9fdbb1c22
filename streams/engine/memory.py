"""What a partition has in memory, by part: told from counts and lengths, in microseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.engine.store import BYTES_OBJECT, DICT_SLOT

if TYPE_CHECKING:
    from streams.engine.partition import Partition

TIMER_BYTES: Final = 2 * DICT_SLOT + BYTES_OBJECT + 32
"""Of a timer: an entry by key with its time, an entry of the heap."""
WAITING_BYTES: Final = 1_700
"""Of a record that waits to be applied: its bytes, and the event as it was decoded."""
PARTS: Final = ("decoded", "records", "waiting", "timers")
"""What every partition has; beside them that of what looks over all keys, by kind."""


def memory_of(partition: Partition[Any, Any, Any]) -> dict[str, int]:
    """Bytes by part, about: decoded states, their records, records that wait, timers, and what is
    kept of all keys by kind."""
    held, timers = partition.store.holding(), partition.timers
    parts = (
        partition.cache.size,
        held.at_hand_bytes + held.packed_bytes,
        partition.inbox.waiting * WAITING_BYTES,
        len(timers.heap) * TIMER_BYTES,
    )
    told = dict(zip(PARTS, parts, strict=True))
    if partition.population is not None:
        told |= partition.population.memory()
    return told

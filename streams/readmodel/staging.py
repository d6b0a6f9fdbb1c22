"""Records of the changelog on their way into the file, cut where a transaction of Kafka ended.

Each transaction of a partition ends with its checkpoint. What lies behind the last checkpoint is
half a transaction, or may be: it waits for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.deadletter import Fetched
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, load_checkpoint

Records = dict[bytes, bytes | None]


class Ready(NamedTuple):
    """State that may be seen, once the outputs up to there are in the file.

    ``following`` is the offset behind its checkpoint.
    """

    records: Records
    checkpoint: Checkpoint
    following: int

    def then(self, later: Ready) -> Ready:
        """Both as one, where this one's records are taken in; of a key the later record counts."""
        self.records.update(later.records)
        return later._replace(records=self.records)


class Staging:
    """What was read of one partition's changelog and is not in the file yet."""

    def __init__(self) -> None:
        self._waiting: Records = {}

    def take(self, records: Iterable[Fetched]) -> Ready | None:
        """Take what was fetched next; all up to its last checkpoint, if it has one."""
        waiting, ready = self._waiting, None
        for record in records:
            # a compacted topic takes no record without a key
            key, value = record.key or b"", record.value
            waiting[key] = value
            if key == CHECKPOINT_KEY and value is not None:
                newer = Ready(waiting, load_checkpoint(value), record.offset + 1)
                ready = newer if ready is None else ready.then(newer)
                waiting = self._waiting = {}
        return ready

    def spill(self) -> Records:
        """All that waits, to be written by someone who lets nobody see it before the rest."""
        records, self._waiting = self._waiting, {}
        return records


__all__ = ["Ready", "Records", "Staging"]

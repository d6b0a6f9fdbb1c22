"""Populations whose figures grow with the events: nothing is worked out over customers one by one.

They are kept as shared records of the partition, so there is nothing to tick for, no long work,
and nothing to take in after a restore but those records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.kernel.population import Changed, Open, Opened, RecordOf, S
from schemas.common import CommonRecord
from schemas.outputs import Output


class CountedPopulation:
    """All that such a kind does not need; it only says its ``summary``."""

    busy = False

    def ripe(self, now: int) -> bool:
        """Never: there is nothing to tick for."""
        return False

    def due(self, now: int, at_rest: bool) -> bool:
        """Never: there is nothing to tick for."""
        return False

    def tick(self, now: int, open_: Open[S]) -> Sequence[Changed[S, Output]]:
        """Nothing."""
        return ()

    def work(self, now: int, open_: Open[S], opened: Opened[S]) -> Sequence[Changed[S, Output]]:
        """Nothing."""
        return ()

    def restore(self, keys: Iterable[str], record_of: RecordOf) -> None:
        """Nothing: the figures come back with the shared records."""

    def memory(self) -> int:
        """Nothing that grows with the customers."""
        return 0

    def adopt(self, record: CommonRecord) -> str | None:
        """What was signalled is for the one task that signals."""
        return None

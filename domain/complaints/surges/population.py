"""The hourly complaints of a partition as one of the kinds that all partitions make known.

Nothing here is worked out over customers one by one: the counts grow with the events, and are
kept as shared records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.complaints.surges.hourly import Hourly
from domain.complaints.surges.summary import snapshot
from domain.kernel.population import Changed, Open, Opened, RecordOf, S
from schemas.outputs import Output
from schemas.surges import Surges


class SurgePopulation:
    """Tells the counts whenever there are new ones; has no work of its own."""

    busy = False

    def __init__(self, hourly: Hourly) -> None:
        self._hourly = hourly

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
        """Nothing: the counts come back with the shared records."""

    def adopt(self, record: Surges) -> str | None:
        """What was signalled is for the one task that signals."""
        return None

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """The counts, where there are new ones."""
        return snapshot(self._hourly, number, clock)

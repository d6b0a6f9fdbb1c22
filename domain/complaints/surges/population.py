"""The hourly complaints of a partition as one of the kinds that all partitions make known.

Nothing here is worked out over customers one by one: the counts grow with the events, and are
kept as shared records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain.complaints.surges.hourly import Hourly
from domain.complaints.surges.summary import snapshot


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

    def tick(self, now: int, open_: Callable[[str], Any]) -> Sequence[Any]:
        """Nothing."""
        return ()

    def work(
        self, now: int, open_: Callable[[str], Any], opened: Callable[[str], Any]
    ) -> Sequence[Any]:
        """Nothing."""
        return ()

    def restore(self, keys: Iterable[str], record_of: Callable[[str], bytes | None]) -> None:
        """Nothing: the counts come back with the shared records."""

    def adopt(self, record: Any) -> str | None:
        """What was signalled is for the one task that signals."""
        return None

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """The counts, where there are new ones."""
        return snapshot(self._hourly, number, clock)

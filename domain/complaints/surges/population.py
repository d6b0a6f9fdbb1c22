"""The hourly complaints of a partition as one of the kinds that all partitions make known."""

from __future__ import annotations

from domain.complaints.surges.hourly import Hourly
from domain.complaints.surges.summary import snapshot
from domain.kernel.counted import CountedPopulation


class SurgePopulation(CountedPopulation):
    """Tells the counts whenever there are new ones."""

    def __init__(self, hourly: Hourly) -> None:
        self._hourly = hourly

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """The counts, where there are new ones."""
        return snapshot(self._hourly, number, clock)

"""Satisfaction by tier and channel as one of the kinds that all partitions make known."""

from __future__ import annotations

from domain.experience.inconsistency.summary import Cells, cells_of, snapshot
from domain.kernel.counted import CountedPopulation
from domain.kernel.units import MS_PER_HOUR
from domain.satisfaction.scorecards import Scorecards


class ConsistencyPopulation(CountedPopulation):
    """Tells the cells at most once an hour of the partition's clock, where a moment was added."""

    def __init__(self, cards: Scorecards) -> None:
        self._cards = cards
        self._hour = -1
        self._told: Cells = {}

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """The cells as of the full hour before ``clock`` (ms), where there is news."""
        hour = clock // MS_PER_HOUR
        if hour <= self._hour or self._cards.epoch is None:
            return None
        self._hour, cells = hour, cells_of(self._cards)
        if cells == self._told:
            return None
        self._told = cells
        return snapshot(self._cards, cells, number, hour)

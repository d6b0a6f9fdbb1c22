"""What customers add up to: counts, and sums of which any order of adding gives the same digits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BILLION: Final = 1_000_000_000


@dataclass(slots=True)
class Accumulated:
    """Counts, and sums in whole billionths by name: exact, so any order gives one answer."""

    customers: int = 0
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, value: float | None) -> None:
        """Add a value that is known."""
        if value is not None:
            known, total = self.sums.get(name, (0, 0))
            self.sums[name] = (known + 1, total + round(value * BILLION))

    def merge(self, other: Accumulated) -> None:
        """Add another set of customers."""
        self.customers += other.customers
        self.counts.update(other.counts)
        for name, (known, total) in other.sums.items():
            mine = self.sums.get(name, (0, 0))
            self.sums[name] = (mine[0] + known, mine[1] + total)

    def mean(self, name: str) -> float | None:
        """The mean of what is known."""
        known, total = self.sums.get(name, (0, 0))
        return total / (known * BILLION) if known else None

    def known(self, name: str) -> int:
        """Of how many customers a value is known."""
        return self.sums.get(name, (0, 0))[0]

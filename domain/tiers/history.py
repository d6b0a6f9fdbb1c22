"""Which tier a customer had at any time: rise at once, fall after the grace, pins above all."""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.parts import Pin

NO_PIN = -1


class TierHistory(NamedTuple):
    """Tiers by balance (from, tier) and pins (at, event id, tier or -1), each ascending.

    A tier is the highest by balance within the last ``grace_ms``, so a rise acts at once and a
    fall only after that long below the line; a pin in force replaces it.

    >>> history = TierHistory([(0, 3), (100, 0)], [], grace_ms=30)
    >>> [history.tier_at(t) for t in (-1, 0, 100, 129, 130)]
    [0, 3, 3, 3, 0]
    >>> history.next_fall(100)
    130
    """

    changes: list[tuple[int, int]]
    pins: list[Pin]
    grace_ms: int

    def tier_at(self, at: int) -> int:
        """Index of the tier in force at ``at`` (ms)."""
        for since, _, pinned in reversed(self.pins):
            if since <= at:
                if pinned == NO_PIN:
                    break
                return pinned
        start = at - self.grace_ms
        highest = 0
        for since, tier in reversed(self.changes):
            if since > at:
                continue
            highest = max(highest, tier)
            if since <= start:
                break
        return highest

    def highest_within(self, start: int, end: int) -> int:
        """The highest tier in force at some time of [start, end]."""
        return max(self.tier_at(at) for at in (start, *self.turns(start, end), end))

    def turns(self, start: int, end: int) -> list[int]:
        """The times in (start, end] at which the balance or a pin may have moved the tier."""
        times = [since for since, _ in self.changes if start < since <= end]
        times += [since for since, _, _ in self.pins if start < since <= end]
        return sorted(times)

    def next_fall(self, at: int) -> int:
        """When after ``at`` the tier falls if nothing more happens; 0 for never."""
        if self.pins and self.pins[-1][2] != NO_PIN:
            return 0
        tier = self.tier_at(at)
        if not self.changes or self.changes[-1][1] >= tier:
            return 0
        until = 0
        for (_, before), (end, _) in zip(self.changes, self.changes[1:], strict=False):
            if before >= tier:
                until = end
        return until + self.grace_ms if until else 0

"""Partitions that nobody works on: events came, and for some time no worker counts one."""

from __future__ import annotations

from collections.abc import Iterable

from streams.readmodel.rows import Uncounted


class Stalled:
    """Remembers from one look to the next how far each partition was counted, and since when."""

    def __init__(self) -> None:
        self._since: dict[int, tuple[int | None, float]] = {}

    def look(self, uncounted: Iterable[Uncounted], now: float) -> dict[int, float]:
        """Seconds for which the events of a partition have waited without any being counted.

        >>> stalled = Stalled()
        >>> stalled.look([Uncounted(3, 5, 100)], 10.0), stalled.look([Uncounted(3, 9, 100)], 25.0)
        ({3: 0.0}, {3: 15.0})
        >>> stalled.look([Uncounted(3, 9, 104)], 26.0), stalled.look([], 27.0)
        ({3: 0.0}, {})
        """
        found: dict[int, tuple[int | None, float]] = {}
        for each in uncounted:
            counted, since = self._since.get(each.partition, (None, now))
            if counted != each.counted:
                since = now
            found[each.partition] = (each.counted, since)
        self._since = found  # at once: several threads look
        return {number: now - since for number, (_, since) in found.items()}

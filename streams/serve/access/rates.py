"""How many requests one client may make, and how soon somebody may try again to log in.

Kept in this process: each replica counts for itself. A sliding window counter as the library
`limits` has it; its storage starts a thread every 10 ms to forget what is over, and here two
windows are all there is to forget.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 10
"""Requests are counted over so long: a client may make them all at once, and then waits."""


class Rates:
    """A bound for each client: ``per_second`` on average."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.time) -> None:
        self._most = max(1, round(per_second * WINDOW_SECONDS))
        self._clock = clock
        self._window = 0.0
        self._before: Counter[str] = Counter()
        self._counted: Counter[str] = Counter()

    def taken(self, client: str) -> int | None:
        """Count a request. ``None`` where it is taken, else in how many seconds to come again."""
        window, gone = divmod(self._clock(), WINDOW_SECONDS)
        if window != self._window:
            self._before = self._counted if window == self._window + 1 else Counter()
            self._window, self._counted = window, Counter()
        before, left = self._before[client], WINDOW_SECONDS - gone
        if math.floor(before * left / WINDOW_SECONDS + self._counted[client]) < self._most:
            self._counted[client] += 1
            return None
        until = left % (WINDOW_SECONDS / before) if before else left
        return max(1, math.ceil(until))

"""What time it is: this machine's clock, held to the brokers'.

The brokers stamp every record that comes in, so theirs is the time that all workers share. A
machine whose clock is wrong would refuse good events as in the future, or tell promises broken
that are not. So a worker compares itself with the brokers (:mod:`streams.engine.comparing`) and
goes by their time where its own is off; between two comparisons it goes by the steady clock,
which nobody sets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
TOLD_SECONDS: Final = 2.0
"""An offset up to this is borne; a larger one is told, and corrected."""
UNFIT_SECONDS: Final = 60.0
"""From here on a worker is not ready: somebody must set the machine's clock."""
STEP_SECONDS: Final = 1.0
"""The wall clock moved so much more or less than the steady one: somebody has set it."""
AHEAD_SECONDS: Final = 10.0
"""A record that was stamped so far ahead of us: our clock stood still, as in a machine paused."""
DEAF_SECONDS: Final = 60.0
"""After a comparison that found nothing, stamps are not listened to for so long."""

Nanoseconds = Callable[[], int]
Now = Callable[[], int]
"""The wall time in ms since 1970."""


def local_ms() -> int:
    """This machine's wall time, in ms."""
    return time.time_ns() // MS


class WallClock:
    """The time as far as it is known; ``local`` is this machine's, ``steady`` only moves on.

    Both in ns. ``offset`` is how far ``local`` was ahead of the brokers when they were compared
    last, in seconds; ``None`` before. While ``doubt`` says why the time is not known, nothing is
    to be judged by it; ``doubted`` wakes who compares.
    """

    def __init__(
        self, local: Nanoseconds = time.time_ns, steady: Nanoseconds = time.monotonic_ns
    ) -> None:
        self.local, self.steady = local, steady
        self.offset: float | None = None
        self.doubt: str | None = None
        self.doubted = asyncio.Event()
        self._start = local() - steady()
        self._ahead = 0
        self._deaf_until = 0

    def ns(self) -> int:
        """Nanoseconds since 1970."""
        return self.steady() + self._start - self._ahead

    def ms(self) -> int:
        """Milliseconds since 1970, rounded down."""
        return self.ns() // MS

    def sure(self) -> bool:
        """Whether anything may be judged by this clock now; looks whether somebody has set it."""
        if self.doubt is None:
            moved = (self.local() - self.steady() - self._start) / SECOND
            if abs(moved) > STEP_SECONDS:
                self._wonder(f"this machine's clock was set by {moved:+,.0f} s")
        return self.doubt is None

    def appended(self, at: int) -> None:
        """Hear that a broker stamped a record with this time (ms)."""
        ahead = at - self.ms()
        if ahead > AHEAD_SECONDS * 1_000 and self.steady() >= self._deaf_until:
            self._wonder(f"a record came that was stamped {ahead / 1_000:,.0f} s from now")

    def compared(self, offset: float) -> None:
        """Take over how far ``local`` is ahead of the brokers, in seconds; there is no doubt."""
        before, wondered = self.ns(), self.doubt is not None
        self.offset, self.doubt = offset, None
        self._start = self.local() - self.steady()
        self._ahead = round(offset * SECOND) if abs(offset) > TOLD_SECONDS else 0
        self.doubted.clear()
        if wondered and abs(self.ns() - before) < STEP_SECONDS * SECOND:
            self._deaf_until = self.steady() + round(DEAF_SECONDS * SECOND)

    def failed(self, why: str) -> None:
        """Take over that no comparison was to be had, which is a reason only where one is due."""
        if self.offset is None or self.doubt is not None:
            self.doubt = why

    def unfit(self) -> str | None:
        """Why a worker is not ready with this clock, or ``None``."""
        if self.doubt is not None:
            return f"it is not known what time it is: {self.doubt}"
        if self.offset is None or abs(self.offset) <= UNFIT_SECONDS:
            return None
        return (
            f"this machine's clock is {abs(self.offset):,.0f} s "
            f"{'ahead of' if self.offset > 0 else 'behind'} the brokers': set it right (NTP, "
            f"chrony); until then the brokers' time is gone by"
        )

    def _wonder(self, why: str) -> None:
        self.doubt = why
        self.doubted.set()

"""Detectors that notice when the segments no longer fit; all they do is ask for a new scan.

They watch the mean distance of sampled customers to their centroid, in standard deviations:
ADWIN at every refit (Bifet and Gavaldà 2007), and Page-Hinkley once an hour on the hour's mean
over that of the first hour (Page 1954), for what comes too slowly for the first. Both need a
history; `stale` compares with the first refit after a scan alone.
"""

from __future__ import annotations

from typing import Any, Final

from domain.kernel.units import MS_PER_HOUR

DELTA: Final = 1e-5
HOURS_FIRST: Final = 12
"""Page-Hinkley says nothing before so many hours."""
TOLERATED: Final = 0.01
"""Change from hour to hour that is none, as a share of the first hour's distance."""
STALE: Final = 0.05
"""Share by which the distance may differ from that after the scan."""
STRETCHED: Final = 1.3
"""Ratio by which the farthest customers may be farther than after the scan: else a bot may be."""
THRESHOLD: Final = 0.5
"""Sum of changes that is drift: five hours at 10 % above, or 25 at 3 %."""


class DriftWatch:
    """Fed at each refit; says when the clustering should be looked at anew."""

    def __init__(self) -> None:
        # here, since importing river takes seconds, and only the segments task needs it
        from river.drift import ADWIN, PageHinkley

        self._adwin: Any = ADWIN(delta=DELTA)  # type: ignore[no-untyped-call]
        self._hourly: Any = PageHinkley(
            min_instances=HOURS_FIRST, delta=TOLERATED, threshold=THRESHOLD, alpha=1.0
        )
        self._after_scan: tuple[float, float] | None = None
        self.stale = False
        self._hour: int | None = None
        self._sum = 0.0
        self._refits = 0
        self._first: float | None = None

    def update(self, distance: float, stretch: float, now: int) -> bool:
        """Whether drift shows with this mean `distance` at `now` (ms since 1970).

        `stretch` says how much farther than usual the farthest customer of a segment is.
        """
        if self._after_scan is None:
            self._after_scan = distance, stretch
        before, reach = self._after_scan
        self.stale = abs(distance - before) > STALE * before or stretch > STRETCHED * reach
        self._adwin.update(distance)
        drift = bool(self._adwin.drift_detected)
        hour = now // MS_PER_HOUR
        if self._hour is not None and hour != self._hour:
            drift |= self._end_hour()
        self._hour = hour
        self._sum += distance
        self._refits += 1
        return drift

    def _end_hour(self) -> bool:
        mean = self._sum / self._refits
        self._sum, self._refits = 0.0, 0
        if self._first is None:
            self._first = mean or 1.0
        self._hourly.update(mean / self._first)
        return bool(self._hourly.drift_detected)

"""Journeys: runs of moments without a gap of 7 days, remembered by their peak and their end.

peak-end = mean of the moment farthest from 5 and of the last one (Kahneman, Fredrickson, Schreiber
and Redelmeier, "When More Pain Is Preferred to Less", 1993). Of moments equally far the lower one
is the peak, and of several in the last millisecond the lowest is the last: bad outweighs good.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.customer.parts import Run
from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from domain.satisfaction.runs import joined


class PeakEnd(NamedTuple):
    """The peak-end value of a journey, 0-10, its two moments' scores and its first and last ms."""

    value: float
    peak: float
    last: float
    began: int
    ended: int


PEAK_END: Final = Wording("journey.peak_end", "Peak {peak:.1f}, end {last:.1f}.")


def peak_end(
    runs: list[Run], moments: Iterable[tuple[int, float]], rules: ExperienceRules
) -> Finding[PeakEnd]:
    """The last journey of the runs and of further moments (ms, score).

    >>> peak_end([], [(0, 6.0), (1_000, 1.0), (2_000, 8.0)], ExperienceRules())[:2]
    (PeakEnd(value=4.5, peak=1.0, last=8.0, began=0, ended=2000), 'Peak 1.0, end 8.0.')
    """
    for at, score in moments:
        runs = joined(runs, at, score, rules)
    if not runs:
        return unknown("Peak-end", ("moments",))
    start, end, peak, last = runs[-1]
    value = (peak + last) / 2
    return Finding(PeakEnd(value, peak, last, start, end), PEAK_END(peak=peak, last=last))

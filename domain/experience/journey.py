"""Journeys: runs of moments without a gap of 7 days, remembered by their peak and their end.

peak-end = mean of the moment farthest from 5 and of the last one (Kahneman, Fredrickson, Schreiber
and Redelmeier, "When More Pain Is Preferred to Less", 1993). Of moments equally far the lower one
is the peak, and of several in the last millisecond the lowest is the last: bad outweighs good.

Runs join like sets: any order, any repetition of the same moments gives the same runs. So moments
that may still change can be joined to the runs of those that do not, whenever that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.parts import Run
from domain.policy.experience import ExperienceRules
from domain.relationship.finding import Finding, unknown

MAX_RUNS: Final = 8


class PeakEnd(NamedTuple):
    """The peak-end value of a journey, 0-10, its two moments' scores and its first and last ms."""

    value: float
    peak: float
    last: float
    began: int
    ended: int


def joined(runs: list[Run], at: int, score: float, rules: ExperienceRules) -> list[Run]:
    """The runs with one moment more, ascending; at most the newest 8.

    >>> from domain.policy.sections import MS_PER_DAY as DAY
    >>> runs = joined([Run(0, 0, 9, 9)], 14 * DAY, 2, ExperienceRules())
    >>> len(runs), joined(runs, 7 * DAY - 1, 6, ExperienceRules())[0][2:]
    (2, (9, 6))
    >>> len(joined(joined(runs, 7 * DAY - 1, 6, ExperienceRules()), 8 * DAY, 4, ExperienceRules()))
    1
    """
    gap, neutral = rules.journey_gap_ms, rules.journey.neutral
    if runs:
        start, end, peak, _ = runs[-1]
        if end < at < end + gap:  # mostly: one more of the journey that goes on
            far, farthest = abs(score - neutral), abs(peak - neutral)
            if far > farthest or (far == farthest and score < peak):
                peak = score
            return [*runs[:-1], Run(start, at, peak, score)]
    run = Run(at, at, score, score)
    kept: list[Run] = []
    for other in runs:
        if other.end + gap <= run.start or run.end + gap <= other.start:
            kept.append(other)
        else:
            run = _union(run, other, neutral)
    kept.append(run)
    kept.sort()
    return kept[-MAX_RUNS:]


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
    return Finding(PeakEnd(value, peak, last, start, end), f"Peak {peak:.1f}, end {last:.1f}.")


def _union(one: Run, other: Run, neutral: float) -> Run:
    peak = min(one.peak, other.peak, key=lambda score: (-abs(score - neutral), score))
    if one.end == other.end:
        last = min(one.last, other.last)
    else:
        last = max(one, other, key=lambda run: run.end).last
    return Run(min(one.start, other.start), max(one.end, other.end), peak, last)

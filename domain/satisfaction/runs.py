"""Runs of moments without a gap of 7 days, each by its ends, peak and last score.

Of moments equally far from 5 the lower one is the peak, and of several in the last millisecond
the lowest is the last: bad outweighs good. Runs join like sets: any order, any repetition of the
same moments gives the same runs. So moments that may still change can be joined to the runs of
those that do not, whenever that is asked for.
"""

from __future__ import annotations

from typing import Final

from domain.customer.parts import Moment, Run
from domain.customer.state import JOURNEY, Customer
from domain.policy import Policy
from domain.policy.experience import ExperienceRules

MAX_RUNS: Final = 8


def take_moment(customer: Customer, moment: Moment, policy: Policy) -> None:
    """Let a moment whose score no longer changes count as good or bad, and join the runs."""
    customer.touch(JOURNEY)
    journey, rules = customer.journey, policy.experience
    lines, score = rules.moments, moment.score
    if score >= lines.good_from:
        journey.good += 1
    elif score < lines.bad_below:
        journey.bad += 1
    journey.runs = joined(journey.runs, moment.at, score, rules)


def joined(runs: list[Run], at: int, score: float, rules: ExperienceRules) -> list[Run]:
    """The runs with one moment more, ascending; at most the newest 8.

    >>> from domain.kernel.units import MS_PER_DAY as DAY
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
    return _with(runs, Run(at, at, score, score), gap, neutral)


def together(runs: list[Run], others: list[Run], rules: ExperienceRules) -> list[Run]:
    """The runs of two ids of one person, ascending; at most the newest 8."""
    for run in others:
        runs = _with(runs, run, rules.journey_gap_ms, rules.journey.neutral)
    return runs


def _with(runs: list[Run], run: Run, gap: int, neutral: float) -> list[Run]:
    kept: list[Run] = []
    for other in runs:
        if other.end + gap <= run.start or run.end + gap <= other.start:
            kept.append(other)
        else:
            run = _union(run, other, neutral)
    kept.append(run)
    kept.sort()
    return kept[-MAX_RUNS:]


def _union(one: Run, other: Run, neutral: float) -> Run:
    peak = min(one.peak, other.peak, key=lambda score: (-abs(score - neutral), score))
    if one.end == other.end:
        last = min(one.last, other.last)
    else:
        last = max(one, other, key=lambda run: run.end).last
    return Run(min(one.start, other.start), max(one.end, other.end), peak, last)

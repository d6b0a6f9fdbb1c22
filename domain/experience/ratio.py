"""Perceived over expected: below 0.95 ``dissatisfied``, to 1.05 ``satisfied``, above ``delighted``.

Satisfaction is the comparison of what was perceived with what was expected (Oliver, 1980); delight
begins where expectation is surpassed (Oliver, Rust and Varki, "Customer Delight", 1997).
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding, absent, unknown
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from schemas.figures.experience import Band

BANDS: Final[tuple[Band, ...]] = ("dissatisfied", "satisfied", "delighted")
DIGITS: Final = 9
"""A ratio on a line is on it, whatever the last digits of a double say."""


NOT_EXPECTED: Final = Wording(
    "ratio.not_expected",
    "The ratio is unknown where nothing was expected ({expected:.1f}).",
)
RATIO: Final = Wording(
    "ratio.of_expected",
    "Perceived {perceived:.1f} over expected {expected:.1f} is {ratio:.2f}; satisfied is from"
    " {low:g} to {high:g}.",
)


def ratio_band(
    perceived: float | None, expected: float | None, rules: ExperienceRules
) -> Finding[Band]:
    """The band of two ratings on one scale; an expectation of 0 has no ratio.

    >>> [ratio_band(score, 10.0, ExperienceRules()).value for score in (9.4, 9.5, 10.5, 10.6)]
    ['dissatisfied', 'satisfied', 'satisfied', 'delighted']
    >>> ratio_band(6.0, 8.0, ExperienceRules()).reason
    'Perceived 6.0 over expected 8.0 is 0.75; satisfied is from 0.95 to 1.05.'
    """
    missing = absent(perceived=perceived, expected=expected)
    if perceived is None or expected is None:
        return unknown("The ratio of perceived to expected", missing)
    if expected <= 0:
        reason = NOT_EXPECTED(expected=expected)
        return Finding(None, reason, ("expected",))
    ratio, lines = round(perceived / expected, DIGITS), rules.ratio
    reason = RATIO(
        perceived=perceived,
        expected=expected,
        ratio=ratio,
        low=lines.satisfied_from,
        high=lines.delighted_above,
    )
    if ratio < lines.satisfied_from:
        return Finding("dissatisfied", reason)
    return Finding("delighted" if ratio > lines.delighted_above else "satisfied", reason)

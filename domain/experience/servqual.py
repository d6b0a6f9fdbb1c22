"""SERVQUAL: perception - expectation in five dimensions, and the mean of the five.

Parasuraman, Zeithaml and Berry, "SERVQUAL: A Multiple-Item Scale for Measuring Consumer
Perceptions of Service Quality", Journal of Retailing, 1988. Answers 1-7, so gaps lie in -6 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from schemas.told import Told

DIMENSIONS: Final = ("reliability", "responsiveness", "assurance", "empathy", "tangibles")


class Served(NamedTuple):
    """What was perceived and expected in one dimension, each 1-7; ``None`` = not asked."""

    perception: float | None = None
    expectation: float | None = None


UNKNOWN: Final = Wording(
    "servqual.unknown",
    "The mean is unknown without {missing:list} (perception and expectation).",
)
MEAN: Final = Wording(
    "servqual.mean",
    "The mean gap of the five dimensions is {mean:+.1f}; the lowest is that of {lowest},"
    " {gap:+.1f}.",
)


class Servqual(NamedTuple):
    """The gap of each dimension that has both answers, and their mean where all five have."""

    dimensions: dict[str, float]
    mean: float | None
    reason: Told
    missing: tuple[str, ...] = ()


def servqual(answers: Mapping[str, Served]) -> Servqual:
    """The gaps; the mean of fewer than five dimensions would be another measure.

    >>> found = servqual({name: Served(5.0, 6.0) for name in DIMENSIONS[:4]})
    >>> found.dimensions["empathy"], found.mean, found.missing
    (-1.0, None, ('tangibles',))
    >>> servqual({name: Served(5.0 + n, 6.0) for n, name in enumerate(DIMENSIONS)}).reason
    'The mean gap of the five dimensions is +1.0; the lowest is that of reliability, -1.0.'
    """
    gaps: dict[str, float] = {}
    for name in DIMENSIONS:
        perceived, expected = answers.get(name, Served())
        if perceived is not None and expected is not None:
            gaps[name] = perceived - expected
    missing = tuple(name for name in DIMENSIONS if name not in gaps)
    if missing:
        reason = UNKNOWN(missing=missing)
        return Servqual(gaps, None, reason, missing)
    mean, lowest = sum(gaps.values()) / len(gaps), min(gaps, key=lambda name: gaps[name])
    reason = MEAN(mean=mean, lowest=lowest, gap=gaps[lowest])
    return Servqual(gaps, mean, reason)

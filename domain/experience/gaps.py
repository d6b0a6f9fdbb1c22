"""Expectation gaps by factor, the key experience, and how far each factor is from its ideal.

gap = experience - expectation; weighted gap = importance x gap; gap to ideal = experience - ideal.
The gap is the disconfirmation of Oliver ("A Cognitive Model of the Antecedents and Consequences of
Satisfaction Decisions", 1980), weighted as in importance-performance analysis (Martilla and James,
1977). The key experience is the factor with the lowest weighted gap: where most is to be gained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.kernel.scales import FACTORS
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from schemas.fields import Factor
from schemas.told import Told


class Ratings(NamedTuple):
    """What was said of one factor, each 0-10; ``None`` = not asked."""

    experience: float | None = None
    expectation: float | None = None
    importance: float | None = None
    ideal: float | None = None


class FactorGap(NamedTuple):
    """One factor: its ratings and gaps; the ideal is as given, or follows from the others."""

    experience: float | None
    expectation: float | None
    gap: float | None
    importance: float | None
    weighted_gap: float | None
    ideal: float | None
    gap_to_ideal: float | None
    ideal_given: bool = False


NOT_RATED: Final = Wording(
    "gap.not_rated", "No factor was rated for experience, expectation and importance."
)
LOWEST: Final = Wording(
    "gap.lowest",
    "The weighted gap of {factor} is the lowest: importance {importance:.3g} x gap {gap:.3g} ="
    " {weighted:.3g}.",
)


class GapTable(NamedTuple):
    """The factors that were rated, in the order of FACTORS, and which is the key experience."""

    factors: dict[Factor, FactorGap]
    key: Factor | None
    reason: Told
    missing: tuple[str, ...] = ()


def gap_table(ratings: Mapping[Factor, Ratings], rules: ExperienceRules) -> GapTable:
    """All gaps, and the key experience.

    The ideal of a factor nobody gave one for is its experience, so that no gap is claimed; that of
    the key factor is 10. Of factors with one weighted gap the first in FACTORS is the key.

    >>> found = gap_table({"convenience": Ratings(5, 7, 9), "price": Ratings(7, 7)},
    ...     ExperienceRules())
    >>> found.key, found.factors["convenience"][2:]
    ('convenience', (-2, 9, -18, 10.0, -5.0, False))
    >>> found.factors["price"][2:]
    (0, None, None, 7, 0, False)
    >>> found.reason
    'The weighted gap of convenience is the lowest: importance 9 x gap -2 = -18.'
    """
    rated = {name: ratings[name] for name in FACTORS if name in ratings and any_of(ratings[name])}
    gaps = {name: _gap(given) for name, given in rated.items()}
    weighted = {
        name: given.importance * gap
        for name, given in rated.items()
        if (gap := gaps[name]) is not None and given.importance is not None
    }
    key = min(weighted, key=lambda name: weighted[name], default=None)
    factors = {
        name: _row(given, gaps[name], weighted.get(name), name == key, rules)
        for name, given in rated.items()
    }
    if key is None:
        missing = ("importance",) if any(gap is not None for gap in gaps.values()) else MEASURES
        reason = NOT_RATED()
        return GapTable(factors, None, reason, missing)
    row = factors[key]
    importance, gap = row.importance or 0.0, row.gap or 0.0
    reason = LOWEST(factor=key, importance=importance, gap=gap, weighted=weighted[key])
    return GapTable(factors, key, reason)


MEASURES = ("experience", "expectation", "importance")


def any_of(given: Ratings) -> bool:
    """Whether anything was said of the factor.

    >>> any_of(Ratings()), any_of(Ratings(importance=0.0))
    (False, True)
    """
    return any(value is not None for value in given)


def _gap(given: Ratings) -> float | None:
    if given.experience is None or given.expectation is None:
        return None
    return given.experience - given.expectation


def _row(
    given: Ratings, gap: float | None, weighted: float | None, is_key: bool, rules: ExperienceRules
) -> FactorGap:
    ideal = given.ideal
    if ideal is None:
        ideal = rules.gaps.ideal_of_key if is_key else given.experience
    to_ideal = None
    if ideal is not None and given.experience is not None:
        to_ideal = given.experience - ideal
    return FactorGap(
        experience=given.experience,
        expectation=given.expectation,
        gap=gap,
        importance=given.importance,
        weighted_gap=weighted,
        ideal=ideal,
        gap_to_ideal=to_ideal,
        ideal_given=given.ideal is not None,
    )

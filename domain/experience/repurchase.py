"""Who buys again within 8 months of saying how satisfied they are.

Very satisfied customers (csat 5) are said to buy again six times as often as satisfied ones (4)
(the Xerox figure of Jones and Sasser, "Why Satisfied Customers Defect", 1995). The rate is that of
the answers of the last 400 days whose 8 months are over. Purchases count from the UTC day behind
the answer on: the one that was asked about is not a repurchase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from domain.kernel.finding import Finding, unknown
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules

Grade = Literal[4, 5]
GRADES: Final[tuple[Grade, ...]] = (5, 4)


class Cohort(NamedTuple):
    """Answers of one grade whose time is over, and how many of them were followed by a purchase."""

    answers: int = 0
    bought: int = 0


def grade(score: float) -> Grade | None:
    """The grade of a csat answer; below 4 nobody is satisfied.

    >>> [grade(score) for score in (3.5, 4.0, 4.5, 5.0)]
    [None, 4, 4, 5]
    """
    if score >= 5:
        return 5
    return 4 if score >= 4 else None


def cohorts(
    answers: Iterable[tuple[int, int]],
    bought: Callable[[int, int], bool],
    now: int,
    rules: ExperienceRules,
) -> dict[int, Cohort]:
    """One customer's answers (ms, grade) by grade; ``bought`` tells of two UTC days, both included.

    >>> day = MS_PER_DAY
    >>> given = [(10 * day, 5), (20 * day, 5), (300 * day, 4)]
    >>> cohorts(given, lambda first, last: first <= 15 <= last, 320 * day, ExperienceRules())
    {5: Cohort(answers=2, bought=1), 4: Cohort(answers=0, bought=0)}
    """
    limits, today = rules.repurchase, now // MS_PER_DAY
    found: dict[int, Cohort] = dict.fromkeys(GRADES, Cohort())
    for at, given in answers:
        day = at // MS_PER_DAY
        if limits.days < today - day <= limits.cohort_days:
            before = found[given]
            again = bought(day + 1, day + limits.days)
            found[given] = Cohort(before.answers + 1, before.bought + again)
    return found


RATE: Final = Wording(
    "repurchase.rate", "{bought:,} of {answers:,} answers were followed by a purchase in time."
)
NO_RATIO: Final = Wording(
    "repurchase.no_ratio", "No satisfied customer (csat 4) bought again: there is no ratio."
)
RATIO: Final = Wording("repurchase.ratio", "{high:.2f} against {low:.2f}.")


def rate(cohort: Cohort) -> Finding[float]:
    """The share that bought again.

    >>> rate(Cohort(8, 2))[:2]
    (0.25, '2 of 8 answers were followed by a purchase in time.')
    """
    answers, bought = cohort
    if not answers:
        return unknown("The repurchase rate", ("answers whose time is over",))
    reason = RATE(bought=bought, answers=answers)
    return Finding(bought / answers, reason)


def times_as_often(very_satisfied: Cohort, satisfied: Cohort) -> Finding[float]:
    """How many times as often the very satisfied bought again.

    >>> times_as_often(Cohort(8, 6), Cohort(8, 2)).value
    3.0
    >>> times_as_often(Cohort(10, 6), Cohort(10, 0)).reason
    'No satisfied customer (csat 4) bought again: there is no ratio.'
    """
    high, low = rate(very_satisfied).value, rate(satisfied).value
    if high is None or low is None:
        return unknown("The ratio", ("answers whose time is over",))
    if not low:
        return Finding(None, NO_RATIO())
    return Finding(high / low, RATIO(high=high, low=low))

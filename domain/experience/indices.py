"""The indices that surveys are summed up in: NPS, CSAT, CES and an ACSI-style index.

NPS = % promoters (9-10) less % detractors (0-6) (Reichheld, "The One Number You Need to Grow",
2003). CSAT = % of 4-5. CES = mean effort score, 7 = easy (Dixon, Freeman and Toman, "Stop Trying to
Delight Your Customers", 2010). ACSI = sum((mean_i - 1) x w_i) / 9 x 100 over the three answers 1-10
on satisfaction, expectancy and the ideal (Fornell et al., "The American Customer Satisfaction
Index", 1996); weights are brought to a sum of 1.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from domain.kernel.finding import Finding, absent, unknown
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules

NpsGroup = Literal["promoter", "passive", "detractor"]
ACSI_ITEMS: Final = ("overall", "expectancy", "ideal")


class AcsiAnswers(NamedTuple):
    """The (mean) answers to the three items, each 1-10; ``None`` = not asked."""

    overall: float | None = None
    expectancy: float | None = None
    ideal: float | None = None


ACSI: Final = Wording(
    "index.acsi",
    "Overall {overall:.1f}, expectancy {expectancy:.1f} and ideal {ideal:.1f} make an index of"
    " {index:.1f}.",
)
NPS: Final = Wording(
    "index.nps",
    "{promoters:,} promoters less {detractors:,} detractors of {answers:,} answers.",
)
CSAT: Final = Wording("index.csat", "{satisfied:,} of {answers:,} answers are 4 or 5.")
CES: Final = Wording("index.ces", "The mean of {answers:,} answers is {mean:.1f} of 7.")


def acsi(answers: AcsiAnswers, rules: ExperienceRules) -> Finding[float]:
    """The index, 0-100.

    >>> acsi(AcsiAnswers(10.0, 7.0, 5.5), ExperienceRules())[:2]
    (72.22222222222221, 'Overall 10.0, expectancy 7.0 and ideal 5.5 make an index of 72.2.')
    >>> acsi(AcsiAnswers(8.0, None, 6.0), ExperienceRules()).missing
    ('expectancy',)
    """
    overall, expectancy, ideal = answers
    if overall is None or expectancy is None or ideal is None:
        return unknown("The ACSI-style index", absent(**answers._asdict()))
    weights = (
        rules.indices.acsi_overall,
        rules.indices.acsi_expectancy,
        rules.indices.acsi_ideal,
    )
    means = (overall, expectancy, ideal)
    total = sum((mean - 1) * weight for mean, weight in zip(means, weights, strict=True))
    index = total / sum(weights) / 9 * 100
    reason = ACSI(overall=overall, expectancy=expectancy, ideal=ideal, index=index)
    return Finding(index, reason)


def nps_group(score: float, rules: ExperienceRules) -> NpsGroup:
    """What an answer 0-10 makes of who gave it.

    >>> [nps_group(score, ExperienceRules()) for score in (6, 7, 9)]
    ['detractor', 'passive', 'promoter']
    """
    if score >= rules.indices.promoter_from:
        return "promoter"
    return "detractor" if score <= rules.indices.detractor_to else "passive"


def nps(promoters: int, detractors: int, answers: int) -> Finding[float]:
    """NPS of so many answers, -100 to 100.

    >>> nps(5, 2, 10)[:2]
    (30.0, '5 promoters less 2 detractors of 10 answers.')
    """
    if not answers:
        return unknown("NPS", ("nps",))
    said = NPS(promoters=promoters, detractors=detractors, answers=answers)
    return Finding(100 * (promoters - detractors) / answers, said)


def csat(satisfied: int, answers: int) -> Finding[float]:
    """CSAT of so many answers, in percent.

    >>> csat(3, 4)[:2]
    (75.0, '3 of 4 answers are 4 or 5.')
    """
    if not answers:
        return unknown("CSAT", ("csat",))
    return Finding(100 * satisfied / answers, CSAT(satisfied=satisfied, answers=answers))


def ces(total: float, answers: int) -> Finding[float]:
    """CES: the mean of so many answers 1-7 that sum up to ``total``.

    >>> ces(11.0, 2)[:2]
    (5.5, 'The mean of 2 answers is 5.5 of 7.')
    """
    if not answers:
        return unknown("CES", ("ces",))
    mean = total / answers
    return Finding(mean, CES(answers=answers, mean=mean))

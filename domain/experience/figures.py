"""Experience of one customer as it leaves the product, every class with its reason.

What surveys say is the newest answer to each question; what was lived through is all of it.
"""

from __future__ import annotations

from itertools import compress
from typing import Final, NamedTuple

from domain.complaints.judged import worst_severity
from domain.customer.answers import score, scores
from domain.customer.state import Customer
from domain.experience import known_satisfaction as satisfaction
from domain.experience.delivered import Delivered, Worth, delivered_value
from domain.experience.emotions import emotions_of, prevailing
from domain.experience.first_impression import was_poor
from domain.experience.gaps import GapTable, Ratings, gap_table
from domain.experience.indices import AcsiAnswers, acsi
from domain.experience.journey import PeakEnd, peak_end
from domain.experience.kept import kept_share
from domain.experience.needs import Outrage, esteem_met
from domain.experience.outrage import outrage
from domain.experience.path_figures import path_figures
from domain.experience.ratio import ratio_band
from domain.experience.record import graded, journey_of, promises_of
from domain.experience.remark_figures import remark_figures
from domain.experience.repurchase import Cohort, cohorts
from domain.experience.servqual import DIMENSIONS, Served, Servqual, servqual
from domain.kernel.finding import Finding
from domain.kernel.scales import FACTORS
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.value import ledger
from schemas.fields import Factor, moment, rfc3339
from schemas.figures import CohortFigures, ExperienceFigures, GapFigures
from schemas.figures.experience import Band
from schemas.told import Told


def experience_figures(customer: Customer, clock: int, policy: Policy) -> ExperienceFigures:
    """All figures of experience as of ``clock`` (ms); ratings and moments are 0-10.

    A figure whose input is missing is ``None``, and its reason names the input.
    """
    levels = satisfaction.levels(customer, policy, clock)
    told = emotions_of(customer)
    felt_most = prevailing(told, clock, policy.experience.emotions)
    said, lived = _said(customer, policy), _lived(customer, clock, policy)
    felt = _felt(customer, clock, levels.factor.get("relationship"), policy)
    ends, share, index, esteem = lived.ends.value, lived.kept_share, said.acsi, felt.esteem
    return ExperienceFigures(
        satisfaction_by_channel=levels.channel, satisfaction_by_stage=levels.stage,
        visit_reasons=list(compress(FACTORS, scores(customer, VISITED))),
        gaps={name: GapFigures(**row._asdict()) for name, row in said.gaps.factors.items()},
        key_experience=said.gaps.key, key_experience_reason=said.gaps.reason,
        ratio=said.ratio, ratio_band=said.band, ratio_reason=said.ratio_reason,
        servqual=said.servqual.dimensions, servqual_mean=said.servqual.mean,
        servqual_reason=said.servqual.reason,
        acsi=index.value, acsi_items=said.acsi_items, acsi_reason=index.reason,
        nps=score(customer, "nps"), csat=score(customer, "csat"), ces=score(customer, "ces"),
        peak_end=None if ends is None else ends.value, peak_end_reason=lived.ends.reason,
        journey_peak=None if ends is None else ends.peak,
        journey_end=None if ends is None else ends.last,
        journey_began_at=None if ends is None else rfc3339(moment(ends.began)),
        journey_ended_at=None if ends is None else rfc3339(moment(ends.ended)),
        good_moments=lived.good, bad_moments=lived.bad,
        promises_kept=lived.kept, promises_broken=lived.broken,
        promises_kept_share=share.value, promises_kept_reason=share.reason,
        repurchase={
            f"csat_{given}": CohortFigures(answers=each.answers, bought=each.bought)
            for given, each in lived.bought_again.items()
        },
        delivered_value=felt.value.value, delivered_value_parts=felt.value.parts,
        delivered_value_reason=felt.value.reason,
        outrage=felt.anger.outraged, outrage_reason=felt.anger.reason,
        needs_violated=list(felt.anger.needs),
        esteem_met=esteem.value, esteem_reason=esteem.reason,
        emotions={name: each.score for name, each in told.items()},
        emotion=felt_most.value, emotion_reason=felt_most.reason,
        journeys=path_figures(customer, clock, policy),
        poor_first_impression=was_poor(customer, clock, policy),
        **remark_figures(customer, clock, policy),
    )  # fmt: skip


# -- what surveys say ---------------------------------------------------------------------


BY: Final = Wording("ratio.by", "By {source}: {why:said}")
VISITED: Final = [f"visit_reason.{factor}" for factor in FACTORS]
RATED: Final = {
    factor: [f"factor_rating.{factor}.{name}" for name in Ratings._fields] for factor in FACTORS
}
LIVED: Final = [f"factor_rating.{factor}.experience" for factor in FACTORS]
SERVED: Final = {
    name: [f"servqual.{name}.{side}" for side in Served._fields] for name in DIMENSIONS
}
ACSI: Final = [f"acsi.{item}" for item in AcsiAnswers._fields]


class _Said(NamedTuple):
    """What follows from the newest answers alone."""

    gaps: GapTable
    ratio: float | None
    band: Band | None
    ratio_reason: Told
    servqual: Servqual
    acsi: Finding[float]
    acsi_items: dict[str, float]


def _said(customer: Customer, policy: Policy) -> _Said:
    rules = policy.experience
    ratings = {factor: Ratings(*scores(customer, asked)) for factor, asked in RATED.items()}
    served = {name: Served(*scores(customer, asked)) for name, asked in SERVED.items()}
    items = AcsiAnswers(*scores(customer, ACSI))
    perceived, expected, source = _compared(ratings, served, items)
    band = ratio_band(perceived, expected, rules)
    return _Said(
        gaps=gap_table(ratings, rules),
        ratio=None if band.value is None else _over(perceived, expected),
        band=band.value,
        ratio_reason=band.reason if band.value is None else BY(source=source, why=band.reason),
        servqual=servqual(served),
        acsi=acsi(items, rules),
        acsi_items={name: said for name, said in items._asdict().items() if said is not None},
    )


def _compared(
    ratings: dict[Factor, Ratings], served: dict[str, Served], items: AcsiAnswers
) -> tuple[float | None, float | None, str]:
    """What was perceived and expected, and by which answers: the first kind that has both.

    Factor ratings (means of the factors that have both), else SERVQUAL likewise, else ACSI.
    """
    for source, pairs in (
        ("factor ratings", [(each.experience, each.expectation) for each in ratings.values()]),
        ("SERVQUAL answers", [tuple(each) for each in served.values()]),
    ):
        both = [(one, other) for one, other in pairs if one is not None and other is not None]
        if both:
            perceived, expected = (sum(side) / len(both) for side in zip(*both, strict=True))
            return perceived, expected, source
    return items.overall, items.expectancy, "ACSI answers"


def _over(perceived: float | None, expected: float | None) -> float | None:
    return None if perceived is None or not expected else perceived / expected


# -- what was lived through ---------------------------------------------------------------


class _Lived(NamedTuple):
    """What follows from moments, promises and purchases."""

    ends: Finding[PeakEnd]
    good: int
    bad: int
    kept: int
    broken: int
    kept_share: Finding[float]
    bought_again: dict[int, Cohort]


def _lived(customer: Customer, clock: int, policy: Policy) -> _Lived:
    journey, rules = journey_of(customer), policy.experience
    unsettled = satisfaction.unsettled(customer, policy, clock)
    good, bad = graded(unsettled, policy)
    promises = promises_of(customer, clock)
    return _Lived(
        ends=peak_end(journey.runs, ((each.at, each.score) for each in unsettled), rules),
        good=journey.good + good,
        bad=journey.bad + bad,
        kept=promises.kept,
        broken=promises.broken,
        kept_share=kept_share(promises.kept, promises.broken),
        bought_again=cohorts(
            journey.csat,
            lambda first, last: ledger.sums(customer, first, last).purchases > 0,
            clock,
            rules,
        ),
    )


# -- what follows from both ---------------------------------------------------------------


class _Felt(NamedTuple):
    """Delivered value, outrage and esteem."""

    value: Delivered
    anger: Outrage
    esteem: Finding[bool]


def _felt(customer: Customer, clock: int, relationship: float | None, policy: Policy) -> _Felt:
    rules, wait = policy.experience, journey_of(customer).wait
    rated = zip(FACTORS, scores(customer, LIVED), strict=True)
    known: dict[str, float] = {name: value for name, value in rated if value is not None}
    worth = Worth(known, None if wait is None else wait[2], worst_severity(customer, policy))
    anger = outrage(customer, clock, policy)
    return _Felt(
        value=delivered_value(worth, rules),
        anger=anger,
        esteem=esteem_met(relationship, anger.needs, rules),
    )

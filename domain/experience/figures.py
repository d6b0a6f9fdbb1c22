"""Experience of one customer as it leaves the product, every class with its reason.

What surveys say is the newest answer to each question; what was lived through is all of it.
"""

from __future__ import annotations

from typing import Any

from domain.complaints.judged import worst_severity
from domain.customer.answers import score
from domain.customer.state import Customer
from domain.experience import known_satisfaction as satisfaction
from domain.experience.delivered import Worth, delivered_value
from domain.experience.gaps import Ratings, gap_table
from domain.experience.indices import AcsiAnswers, acsi
from domain.experience.journey import peak_end
from domain.experience.kept import kept_share
from domain.experience.needs import esteem_met
from domain.experience.outrage import outrage
from domain.experience.ratio import Band, ratio_band
from domain.experience.record import graded, journey_of, promises_of
from domain.experience.repurchase import cohorts
from domain.experience.servqual import DIMENSIONS, Served, servqual
from domain.kernel.finding import Finding
from domain.kernel.scales import FACTORS
from domain.policy import Policy
from domain.value import ledger
from schemas.fields import moment, rfc3339


def experience_figures(customer: Customer, clock: int, policy: Policy) -> dict[str, Any]:
    """All figures of experience as of ``clock`` (ms); ratings and moments are 0-10.

    A figure whose input is missing is ``None``, and its reason names the input.
    """
    levels = satisfaction.levels(customer, policy, clock)
    figures: dict[str, Any] = {
        "satisfaction_by_channel": levels.channel,
        "satisfaction_by_stage": levels.stage,
    }
    figures |= _said(customer, policy)
    figures |= _lived(customer, clock, policy)
    return figures | _felt(customer, clock, levels.factor.get("relationship"), policy)


# -- what surveys say ---------------------------------------------------------------------


def _said(customer: Customer, policy: Policy) -> dict[str, Any]:
    rules = policy.experience
    ratings = {
        factor: Ratings(
            *(score(customer, f"factor_rating.{factor}.{name}") for name in Ratings._fields)
        )
        for factor in FACTORS
    }
    table = gap_table(ratings, rules)
    served = {
        name: Served(*(score(customer, f"servqual.{name}.{side}") for side in Served._fields))
        for name in DIMENSIONS
    }
    quality = servqual(served)
    items = AcsiAnswers(*(score(customer, f"acsi.{item}") for item in AcsiAnswers._fields))
    index = acsi(items, rules)
    perceived, expected, source = _compared(ratings, served, items)
    band: Finding[Band] = ratio_band(perceived, expected, rules)
    ratio = None if band.value is None else _over(perceived, expected)
    reasons = {factor: score(customer, f"visit_reason.{factor}") for factor in FACTORS}
    return {
        "visit_reasons": [factor for factor, said in reasons.items() if said],
        "gaps": {name: row._asdict() for name, row in table.factors.items()},
        "key_experience": table.key,
        "key_experience_reason": table.reason,
        "ratio": ratio,
        "ratio_band": band.value,
        "ratio_reason": band.reason if band.value is None else f"By {source}: {band.reason}",
        "servqual": quality.dimensions,
        "servqual_mean": quality.mean,
        "servqual_reason": quality.reason,
        "acsi": index.value,
        "acsi_items": {name: said for name, said in items._asdict().items() if said is not None},
        "acsi_reason": index.reason,
        "nps": score(customer, "nps"),
        "csat": score(customer, "csat"),
        "ces": score(customer, "ces"),
    }


def _compared(
    ratings: dict[str, Ratings], served: dict[str, Served], items: AcsiAnswers
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


def _lived(customer: Customer, clock: int, policy: Policy) -> dict[str, Any]:
    journey, rules = journey_of(customer), policy.experience
    unsettled = satisfaction.unsettled(customer, policy, clock)
    found = peak_end(journey.runs, ((each.at, each.score) for each in unsettled), rules)
    ends = found.value
    good, bad = graded(unsettled, policy)
    promises = promises_of(customer, clock)
    share = kept_share(promises.kept, promises.broken)
    again = cohorts(
        journey.csat,
        lambda first, last: ledger.sums(customer, first, last).purchases > 0,
        clock,
        rules,
    )
    return {
        "peak_end": None if ends is None else ends.value,
        "peak_end_reason": found.reason,
        "journey_peak": None if ends is None else ends.peak,
        "journey_end": None if ends is None else ends.last,
        "journey_began_at": None if ends is None else rfc3339(moment(ends.began)),
        "journey_ended_at": None if ends is None else rfc3339(moment(ends.ended)),
        "good_moments": journey.good + good,
        "bad_moments": journey.bad + bad,
        "promises_kept": promises.kept,
        "promises_broken": promises.broken,
        "promises_kept_share": share.value,
        "promises_kept_reason": share.reason,
        "repurchase": {f"csat_{given}": each._asdict() for given, each in again.items()},
    }


# -- what follows from both ---------------------------------------------------------------


def _felt(
    customer: Customer, clock: int, relationship: float | None, policy: Policy
) -> dict[str, Any]:
    rules, wait = policy.experience, journey_of(customer).wait
    rated = {name: score(customer, f"factor_rating.{name}.experience") for name in FACTORS}
    known = {name: value for name, value in rated.items() if value is not None}
    worth = Worth(known, None if wait is None else wait[2], worst_severity(customer, policy))
    value = delivered_value(worth, rules)
    anger = outrage(customer, clock, policy)
    esteem = esteem_met(relationship, anger.needs, rules)
    return {
        "delivered_value": value.value,
        "delivered_value_parts": value.parts,
        "delivered_value_reason": value.reason,
        "outrage": anger.outraged,
        "outrage_reason": anger.reason,
        "needs_violated": list(anger.needs),
        "esteem_met": esteem.value,
        "esteem_reason": esteem.reason,
    }

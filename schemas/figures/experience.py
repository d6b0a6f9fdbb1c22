"""The figures of a customer's experience: what was said, what was lived through, what follows."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from schemas.fields import Channel, Factor, Stage
from schemas.figures.terms import Count, Reason, Time, among, says

Band = Literal["dissatisfied", "satisfied", "delighted"]
Need = Literal["security", "justice", "esteem"]


class GapFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One factor's ratings, 0-10, and the gaps between them; null where not asked."""

    experience: Annotated[float | None, says("Experience as rated, 0-10.")]
    expectation: Annotated[float | None, says("Expectation as rated, 0-10.")]
    gap: Annotated[float | None, says("Experience less expectation, -10 to 10.")]
    importance: Annotated[float | None, says("Importance as rated, 0-10.")]
    weighted_gap: Annotated[float | None, says("Importance times gap, -100 to 100.")]
    ideal: Annotated[float | None, says("The ideal, as given or as it follows, 0-10.")]
    gap_to_ideal: Annotated[float | None, says("Experience less the ideal, -10 to 10.")]
    ideal_given: Annotated[bool, says("Whether the ideal was given by the customer.")]


class CohortFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of one grade whose time is over, and those followed by a purchase."""

    answers: Annotated[Count, says("Answers whose time to buy again is over.")]
    bought: Annotated[Count, says("Those of them that a purchase followed in time.")]


class ExperienceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer said in surveys (the newest answers), lived through, and what follows."""

    satisfaction_by_channel: Annotated[
        dict[str, float], among(get_args(Channel)), says("Satisfaction by channel, 0-10.")
    ]
    satisfaction_by_stage: Annotated[
        dict[str, float], among(get_args(Stage)), says("Satisfaction by stage of a purchase, 0-10.")
    ]
    visit_reasons: Annotated[list[Factor], says("Factors for which the customer comes to us.")]
    gaps: Annotated[
        dict[Factor, GapFigures], among(get_args(Factor)), says("Each factor that was rated.")
    ]
    key_experience: Annotated[Factor | None, says("The factor with the lowest weighted gap.")]
    key_experience_reason: Reason
    ratio: Annotated[float | None, says("What was perceived as a multiple of what was expected.")]
    ratio_band: Annotated[Band | None, says("The band of that ratio.")]
    ratio_reason: Reason
    servqual: Annotated[
        dict[str, float], says("SERVQUAL: perception less expectation by dimension, -6 to 6.")
    ]
    servqual_mean: Annotated[float | None, says("The mean of the five dimensions, -6 to 6.")]
    servqual_reason: Reason
    acsi: Annotated[float | None, says("ACSI-style index, 0-100.")]
    acsi_items: Annotated[dict[str, float], says("The answers that it is made of, 1-10.")]
    acsi_reason: Reason
    nps: Annotated[float | None, says("The newest answer to the NPS question, 0-10.")]
    csat: Annotated[float | None, says("The newest CSAT answer, 1-5.")]
    ces: Annotated[float | None, says("The newest CES answer, 1-7; 7 is easy.")]
    peak_end: Annotated[
        float | None, says("The newest journey by its peak and its end: their mean, 0-10.")
    ]
    peak_end_reason: Reason
    journey_peak: Annotated[float | None, says("Its moment farthest from 5, 0-10.")]
    journey_end: Annotated[float | None, says("Its last moment, 0-10.")]
    journey_began_at: Annotated[Time | None, says("When its first moment was.")]
    journey_ended_at: Annotated[Time | None, says("When its last moment was.")]
    good_moments: Annotated[Count, says("Moments scored as good.")]
    bad_moments: Annotated[Count, says("Moments scored as bad.")]
    promises_kept: Annotated[Count, says("Promises to call back that were kept.")]
    promises_broken: Annotated[Count, says("Promises to call back that were broken.")]
    promises_kept_share: Annotated[float | None, says("The share of them that was kept, 0-1.")]
    promises_kept_reason: Reason
    repurchase: Annotated[
        dict[str, CohortFigures],
        among(("csat_5", "csat_4")),
        says("Repeat purchases after CSAT answers, by grade."),
    ]
    delivered_value: Annotated[
        float | None, says("What the customer gets less what it costs, -10 to 10.")
    ]
    delivered_value_parts: Annotated[
        dict[str, float], says("The parts of benefit and cost that are known, 0-10 each.")
    ]
    delivered_value_reason: Reason
    outrage: Annotated[bool, says("Whether the customer is outraged.")]
    outrage_reason: Reason
    needs_violated: Annotated[list[Need], says("The needs that complaints say are violated.")]
    esteem_met: Annotated[bool | None, says("Whether the need for esteem is met.")]
    esteem_reason: Reason

"""The figures of a customer's experience: what was said, what was lived through, what follows."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from schemas.fields import Channel, Emotion, Factor, Stage
from schemas.figures.terms import Count, Reason, Reasoned, Time, among, says

Band = Literal["dissatisfied", "satisfied", "delighted"]
Need = Literal["security", "justice", "esteem"]

Obstacle = Literal["error", "wait", "unresolved", "abandoned", "complaint"]
PathStatus = Literal["on_the_way", "dropped", "finished"]
RemarkKind = Literal["suggestion", "comment_card"]
RemarkStatus = Literal["owed", "overdue", "answered", "answered_late"]


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


class PathFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How far a customer has come on a journey of the policy, and what stood in the way."""

    step: Annotated[str, says("The furthest step that was reached.")]
    status: Annotated[PathStatus, says("Whether the customer goes on, has finished or dropped.")]
    reached_at: Annotated[dict[str, Time], says("When each step was first reached.")]
    obstacles: Annotated[
        dict[str, dict[str, Count]], says("Obstacles by the step at which they were met, by kind.")
    ]


class RemarkFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A suggestion or comment card, and the answer that is owed."""

    event_id: Annotated[str, says("The event that it came with.")]
    kind: Annotated[RemarkKind, says("What it is.")]
    factor: Annotated[Factor | None, says("What it is about.")]
    channel: Annotated[Channel, says("What it came through.")]
    occurred_at: Annotated[Time, says("When it was made.")]
    owed_by: Annotated[str, says("Who owes the answer.")]
    due_at: Annotated[Time, says("Until when it is owed.")]
    answered_at: Annotated[Time | None, says("When it was answered.")]
    status: Annotated[RemarkStatus, says("Where the answer stands.")]


class ExperienceFigures(Reasoned, frozen=True, kw_only=True):
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
    journeys: Annotated[
        dict[str, PathFigures], says("Journeys of the policy that have begun, by name.")
    ] = msgspec.field(default_factory=dict)
    emotions: Annotated[
        dict[str, float],
        among(get_args(Emotion)),
        says("The newest strength of each emotion that was told, 0-10."),
    ] = msgspec.field(default_factory=dict)
    emotion: Annotated[Emotion | None, says("The strongest of those told lately.")] = None
    emotion_reason: Reason = ""
    suggestions: Annotated[
        dict[str, Count], says("Suggestions by the factor that they are about, or none.")
    ] = msgspec.field(default_factory=dict)
    comment_cards: Annotated[
        dict[str, Count], says("Comment cards by the factor that they are about, or none.")
    ] = msgspec.field(default_factory=dict)
    remarks: Annotated[
        list[RemarkFigures], says("The newest suggestions and comment cards, at most 32.")
    ] = msgspec.field(default_factory=list)
    answers_in_time: Annotated[Count, says("Of all of them, answered in time.")] = 0
    answers_late: Annotated[Count, says("Answered late.")] = 0
    answers_owed: Annotated[Count, says("Answers that are owed and not yet due.")] = 0
    answers_overdue: Annotated[Count, says("Answers that are overdue.")] = 0
    poor_first_impression: Annotated[
        bool | None,
        says("Whether a moment within days of the first purchase was poor; null without one."),
    ] = None

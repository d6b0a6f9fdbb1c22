"""The policy of experience: every number of section 5 but the scores of moments.

Defaults are those of the domain reference. Ratings, scores and moments are 0-10, times in the
unit their name ends with.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from domain.kernel.units import MS_PER_DAY
from domain.policy.bounds import Days, Multiple, PositiveMultiple, Score
from domain.policy.journeys import MOST_JOURNEYS, JourneyPath, JourneyStep
from domain.policy.recovery import RecoveryRules
from domain.policy.relationship import Rules
from domain.policy.sections import Category
from schemas.figures.experience import Need

NEEDS: Final[tuple[Need, ...]] = ("security", "justice", "esteem")
OUTRAGEOUS: Final[tuple[Need, ...]] = ("security", "justice")
"""Schneider and Bowen: these two, violated, are an outrage; esteem, met, is a delight."""

CLOSED_COMPLAINT_DAYS: Final = 40
"""A closed complaint is kept so long, so nothing may look further back on it."""
BROKEN_KEPT: Final = 16
"""So many of the newest broken promises of a customer are kept."""
PURCHASE_DAYS_KEPT: Final = 416
"""The ledger knows a customer's purchases of so many days at least."""


class MomentLines(Rules):
    """From which score on a moment (or a customer) is good, and below which it is bad."""

    good_from: Score = 7.0
    bad_below: Score = 5.0

    @field_validator("bad_below")
    @classmethod
    def _not_above_good(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("good_from")
        if limit is not None and value > limit:
            raise ValueError(f"must not be greater than moments.good_from ({limit:g})")
        return value


class GapRules(Rules):
    """What a factor's ideal is where nobody gave one and it is the key factor."""

    ideal_of_key: Score = 10.0


class RatioRules(Rules):
    """Perceived over expected: below the first line dissatisfied, above the second delighted."""

    satisfied_from: PositiveMultiple = 0.95
    delighted_above: PositiveMultiple = 1.05

    @field_validator("delighted_above")
    @classmethod
    def _not_below_satisfied(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("satisfied_from")
        if limit is not None and value < limit:
            raise ValueError(f"must not be less than ratio.satisfied_from ({limit:g})")
        return value


class IndexRules(Rules):
    """Which answers count for NPS and CSAT, and the weights of the ACSI-style index."""

    promoter_from: Score = 9.0
    detractor_to: Score = 6.0
    csat_from: Annotated[float, Field(ge=1, le=5)] = 4.0
    acsi_overall: Multiple = 1.0
    acsi_expectancy: Multiple = 1.0
    acsi_ideal: Multiple = 1.0

    @field_validator("detractor_to")
    @classmethod
    def _below_promoters(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("promoter_from")
        if limit is not None and value >= limit:
            raise ValueError(f"must be less than indices.promoter_from ({limit:g})")
        return value

    @model_validator(mode="after")
    def _some_item_counts(self) -> Self:
        if not self.acsi_overall + self.acsi_expectancy + self.acsi_ideal:
            raise ValueError("acsi_overall, acsi_expectancy or acsi_ideal must be above 0")
        return self


class JourneyRules(Rules):
    """When a journey ends, and what score its peak is measured from."""

    gap_days: Annotated[float, Field(ge=0.001, le=365)] = 7.0
    neutral: Score = 5.0


class DeliveredRules(Rules):
    """What a point of severity of an open complaint costs a customer in stress."""

    stress_per_severity: Multiple = 2.0


class ConsistencyRules(Rules):
    """How far satisfaction may spread across channels; a channel counts from this weight on."""

    spread: Score = 2.0
    min_weight: Multiple = 1.0


class WordOfMouth(Rules):
    """Published rules of thumb about what customers tell others."""

    prospects_of_satisfied: Multiple = 8.0
    reached_by_dissatisfied: Multiple = 25.0
    unheard_of_complaint: Multiple = 20.0
    good_for_bad: Multiple = 12.0


class NeedRules(Rules):
    """Which need a complaint of a category says is violated (``null``: none), and outrage.

    A violation lasts while the complaint is open, and ``violation_days`` from its beginning.
    """

    categories: dict[Category, Need | None] = Field(
        default={
            "fraud": "security",
            "privacy": "security",
            "data_leak": "security",
            "theft": "security",
            "safety": "security",
            "discrimination": "justice",
            "mis_selling": "justice",
            "overcharge": "justice",
            "unfair_treatment": "justice",
            "disrespect": "esteem",
            "rudeness": "esteem",
        },
        max_length=256,
    )
    violation_days: Annotated[float, Field(ge=0, lt=CLOSED_COMPLAINT_DAYS)] = 30.0
    broken_promises: Annotated[int, Field(ge=1, le=BROKEN_KEPT)] = 2
    broken_promise_days: Days = 30.0


class RepurchaseRules(Rules):
    """How long a satisfied customer has to buy again, and how many times as often it is said.

    The rate is that of the answers of the last ``cohort_days`` whose time is over.
    """

    days: Annotated[int, Field(ge=1, le=PURCHASE_DAYS_KEPT)] = 243
    cohort_days: Annotated[int, Field(ge=2, le=PURCHASE_DAYS_KEPT)] = 400
    published_ratio: PositiveMultiple = 6.0

    @field_validator("cohort_days")
    @classmethod
    def _longer_than_the_wait(cls, value: int, info: ValidationInfo) -> int:
        limit = info.data.get("days")
        if limit is not None and value <= limit:
            raise ValueError(
                f"must be greater than repurchase.days ({limit}): else no answer's time is over"
            )
        return value


class EmotionRules(Rules):
    """For how many days an emotion that was told may prevail; our default."""

    days: Days = 90.0


class RemarkRules(Rules):
    """Suggestions and comment cards are answered: within so many days, by whom, by which means.

    All are our defaults. The owner is who owes the answer where a customer has no manager.
    """

    suggestion_days: Days = 7.0
    comment_card_days: Days = 3.0
    owner: Annotated[str, Field(min_length=1, max_length=64)] = "customer service"
    means: Annotated[str, Field(min_length=1, max_length=64)] = "call"


class ExperienceRules(Rules):
    """All numbers of experience.

    >>> rules = ExperienceRules()
    >>> rules.journey_gap_ms // MS_PER_DAY, rules.needs.categories["fraud"]
    (7, 'security')
    """

    moments: MomentLines = MomentLines()
    gaps: GapRules = GapRules()
    ratio: RatioRules = RatioRules()
    indices: IndexRules = IndexRules()
    journey: JourneyRules = JourneyRules()
    delivered: DeliveredRules = DeliveredRules()
    consistency: ConsistencyRules = ConsistencyRules()
    word_of_mouth: WordOfMouth = WordOfMouth()
    needs: NeedRules = NeedRules()
    repurchase: RepurchaseRules = RepurchaseRules()
    remarks: RemarkRules = RemarkRules()
    emotions: EmotionRules = EmotionRules()
    recovery: RecoveryRules = RecoveryRules()
    # Which journeys there are only the operator knows: there is none by default.
    journeys: Annotated[tuple[JourneyPath, ...], Field(max_length=MOST_JOURNEYS)] = ()

    @field_validator("journeys")
    @classmethod
    def _each_once(cls, value: tuple[JourneyPath, ...]) -> tuple[JourneyPath, ...]:
        names = [path.name for path in value]
        if len(set(names)) < len(names):
            raise ValueError("must name each journey once")
        return value

    @cached_property
    def _steps(self) -> dict[str, list[tuple[str, JourneyStep]]]:
        found: dict[str, list[tuple[str, JourneyStep]]] = {}
        for path in self.journeys:
            for step in path.steps:
                found.setdefault(step.type, []).append((path.key_of(step.name), step))
        return found

    @cached_property
    def follows_clicks(self) -> bool:
        """Whether a step of a journey is a click, so that clicks are looked at one by one."""
        return "app_click" in self._steps

    def steps_of(self, kind: str, event: Any) -> list[str]:
        """The steps, as state names them, that an event of a type is."""
        return [key for key, step in self._steps.get(kind, ()) if step.is_of(event)]

    @cached_property
    def journey_gap_ms(self) -> int:
        """A journey ends when no moment comes for so long, in milliseconds."""
        return round(self.journey.gap_days * MS_PER_DAY)

    @cached_property
    def violation_ms(self) -> int:
        """How long a complaint violates a need from its beginning, in milliseconds."""
        return round(self.needs.violation_days * MS_PER_DAY)

    @cached_property
    def broken_promise_ms(self) -> int:
        """How far back broken promises count for an outrage, in milliseconds."""
        return round(self.needs.broken_promise_days * MS_PER_DAY)

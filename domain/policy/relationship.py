"""The policy of the relationship: every number of sections 2 (groups, priority) and 4.

Defaults are those of the domain reference. Times are in the unit their name ends with, amounts
in base currency, attitude and ratings 0-10, shares and probabilities 0-1.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from domain.kernel.units import MS_PER_DAY
from domain.policy.bounds import Amount, Days, PositiveMultiple, Score, Share, Weight
from domain.policy.sections import Section
from schemas.fields import Label, Tier

TIMES_KEPT: Final = 21
"""So many of the newest purchases are kept of a customer, hence one gap less."""

Count = Annotated[int, Field(ge=1, le=1_000)]
Age = Annotated[int, Field(ge=1, le=120)]


class Rules(Section):
    """A section of finite numbers; what must hold between two fields holds for defaults too."""

    model_config = ConfigDict(validate_default=True)


class LapseRules(Rules):
    """When a customer who buys in a rhythm is overdue: the lapse point."""

    min_days: Days = 14.0
    percentile: Share = 0.8
    gaps: Annotated[int, Field(ge=1, le=TIMES_KEPT - 1)] = 20
    min_purchases: Annotated[int, Field(ge=2, le=TIMES_KEPT)] = 5

    @field_validator("min_purchases")
    @classmethod
    def _within_gaps(cls, value: int, info: ValidationInfo) -> int:
        gaps = info.data.get("gaps")
        if gaps is not None and value > gaps + 1:
            raise ValueError(f"must not be greater than lapse.gaps + 1 ({gaps + 1})")
        return value


class StateRules(Rules):
    """Where one customer state ends and the next begins."""

    loyal_purchases: Annotated[int, Field(ge=2, le=TIMES_KEPT)] = 3
    loyal_days: Days = 180.0
    at_risk_p_alive: Weight = 0.6
    lost_p_alive: Weight = 0.4
    lost_lapse_points: Annotated[float, Field(ge=1, le=100)] = 2.0
    reactivated_days: Days = 30.0

    @field_validator("lost_p_alive")
    @classmethod
    def _lost_after_at_risk(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("at_risk_p_alive")
        if limit is not None and value > limit:
            raise ValueError(
                f"must not be greater than states.at_risk_p_alive ({limit:g}):"
                " a customer is at risk before being lost"
            )
        return value


class AttitudeRules(Rules):
    """How long an answer stands for the attitude, and from where on the attitude is high."""

    days: Days = 365.0
    high: Score = 7.0


class LifecycleRules(Rules):
    """The lifecycle phases: value of the newest days over the value of as many days before."""

    exploration_days: Days = 90.0
    exploration_purchases: Count = 3
    value_days: Days = 90.0
    decline: PositiveMultiple = 0.7
    formation: PositiveMultiple = 1.1

    @field_validator("formation")
    @classmethod
    def _above_decline(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("decline")
        if limit is not None and value <= limit:
            raise ValueError(
                f"must be greater than lifecycle.decline ({limit:g}): stability lies between"
            )
        return value


class StageRules(Rules):
    """The relationship stages: how many products or channels cooperate, and what is a tie."""

    products: Annotated[int, Field(ge=2, le=8)] = 2
    channels: Annotated[int, Field(ge=2, le=10)] = 2
    wallet_share: Share = 0.5


class LoyaltyRules(Rules):
    """The loyalty diamond: up to so many brands are few. (The matrix: ``value.rfm``.)"""

    few_brands: Count = 2


class PhaseRules(Rules):
    """What shows each of the four loyalty phases."""

    rating: Score = 7.0
    repurchase: Annotated[float, Field(ge=1, le=5)] = 4.0
    nps: Score = 9.0
    offer_days: Days = 90.0
    wallet_share: Share = 0.8


class ChurnRules(Rules):
    """The most that each term may add to the churn risk, and published benchmarks of reports."""

    gap_weight: Weight = 0.5
    open_complaint: Weight = 0.3
    overdue_complaint: Weight = 0.5
    fall_weight: Weight = 0.3
    fall_points: Annotated[float, Field(ge=0.001, le=10)] = 3.0
    fall_days: Days = 30.0
    benchmark_yearly_low: Share = 0.1
    benchmark_yearly_high: Share = 0.3
    benchmark_winning_cost_low: PositiveMultiple = 5.0
    benchmark_winning_cost_high: PositiveMultiple = 7.0
    # so much more loyalty is said to bring so much more profit
    benchmark_loyalty_gain: Share = 0.05
    benchmark_profit_low: PositiveMultiple = 0.25
    benchmark_profit_high: PositiveMultiple = 0.85

    @field_validator(
        "overdue_complaint",
        "benchmark_yearly_high",
        "benchmark_winning_cost_high",
        "benchmark_profit_high",
    )
    @classmethod
    def _not_below(cls, value: float, info: ValidationInfo) -> float:
        below = {
            "overdue_complaint": "open_complaint",
            "benchmark_yearly_high": "benchmark_yearly_low",
            "benchmark_winning_cost_high": "benchmark_winning_cost_low",
            "benchmark_profit_high": "benchmark_profit_low",
        }[info.field_name or ""]
        floor = info.data.get(below)
        if floor is not None and value < floor:
            raise ValueError(f"must not be less than churn.{below} ({floor:g})")
        return value


class ContactRules(Rules):
    """The contact type: over which days, from how many contacts on, what share with one agent."""

    days: Days = 180.0
    contacts: Count = 3
    one_agent_share: Share = 0.5


class HandoverRules(Rules):
    """The task that a change of owner makes: from which tier on, and how soon it is due."""

    from_tier: Tier = "key"
    due_days: Days = 7.0
    means: Label = "introduction call"


class WinBackRules(Rules):
    """The task that a lost customer makes: of which ABC classes, how soon it is due, how dear."""

    classes: Annotated[tuple[Literal["A", "B", "C"], ...], Field(max_length=3)] = ("A", "B")
    due_days: Days = 7.0
    means: Label = "personal call"
    budget: Amount = 0.0


class PriorityRules(Rules):
    """From which churn risk on a matter is a step more urgent."""

    churn_risk: Share = 0.6


class GroupRules(Rules):
    """Ages at which a new age band begins, and the lines of deposit liquidity."""

    ages: Annotated[tuple[Age, ...], Field(min_length=1, max_length=16)] = (18, 25, 35, 45, 55, 65)
    liquidity_days: Days = 30.0
    active_from: PositiveMultiple = 0.2
    volatile_from: PositiveMultiple = 1.0

    @field_validator("ages")
    @classmethod
    def _ages_ascend(cls, ages: tuple[int, ...]) -> tuple[int, ...]:
        for younger, older in pairwise(ages):
            if older <= younger:
                raise ValueError(f"ages must ascend; {older} comes behind {younger}")
        return ages

    @field_validator("volatile_from")
    @classmethod
    def _above_active(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("active_from")
        if limit is not None and value <= limit:
            raise ValueError(f"must be greater than groups.active_from ({limit:g})")
        return value


class RelationshipRules(Rules):
    """All numbers of the relationship.

    >>> RelationshipRules().loyal_ms // MS_PER_DAY, RelationshipRules().states.lost_p_alive
    (180, 0.4)
    """

    lapse: LapseRules = LapseRules()
    states: StateRules = StateRules()
    attitude: AttitudeRules = AttitudeRules()
    lifecycle: LifecycleRules = LifecycleRules()
    stages: StageRules = StageRules()
    loyalty: LoyaltyRules = LoyaltyRules()
    phases: PhaseRules = PhaseRules()
    churn: ChurnRules = ChurnRules()
    contacts: ContactRules = ContactRules()
    handover: HandoverRules = HandoverRules()
    win_back: WinBackRules = WinBackRules()
    priority: PriorityRules = PriorityRules()
    groups: GroupRules = GroupRules()

    @cached_property
    def min_lapse_ms(self) -> int:
        """The least lapse point, in milliseconds."""
        return round(self.lapse.min_days * MS_PER_DAY)

    @cached_property
    def loyal_ms(self) -> int:
        """The window in which a loyal customer's purchases are counted, in milliseconds."""
        return round(self.states.loyal_days * MS_PER_DAY)

    @cached_property
    def reactivated_ms(self) -> int:
        """How long a customer who came back is reactivated, in milliseconds."""
        return round(self.states.reactivated_days * MS_PER_DAY)

    @cached_property
    def attitude_ms(self) -> int:
        """How long an answer stands for the attitude, in milliseconds."""
        return round(self.attitude.days * MS_PER_DAY)

    @cached_property
    def exploration_ms(self) -> int:
        """How long a relationship is explored at least, in milliseconds."""
        return round(self.lifecycle.exploration_days * MS_PER_DAY)

    @cached_property
    def offer_ms(self) -> int:
        """How long an opened offer shows an intention, in milliseconds."""
        return round(self.phases.offer_days * MS_PER_DAY)

    @cached_property
    def contacts_ms(self) -> int:
        """The window of the contact type, in milliseconds."""
        return round(self.contacts.days * MS_PER_DAY)

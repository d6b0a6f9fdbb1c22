"""The policy of identification: lighthouse customers, whom to approach with care, prospects."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field

from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy.bounds import Days, Figure, Score
from domain.policy.relationship import Rules

FEEDBACKS_KEPT = 32
"""Feedbacks of a customer that are kept; of more nothing can be asked."""
TASKS_KEPT = 16
"""Declined care tasks of a customer that are told apart; of more nothing can be asked."""
MOST_LISTED = 1_000


class LighthouseRules(Rules):
    """Whom others follow: of the top CLV class, loyal, with feedback in a year, committed (0-10).

    The most valuable by CLV of all who qualify are listed; how many (50) is our default.
    """

    most: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    feedbacks: Annotated[int, Field(ge=1, le=FEEDBACKS_KEPT)] = 3
    feedback_days: Days = 365.0
    commitment: Score = 7.0


class ApproachRules(Rules):
    """Whom to approach with care.

    Our defaults: a purchase is through an offer within 7 days after a click on a campaign, or where
    its conversion was told within 24 hours after it; 50 customers of a kind are listed.
    """

    brands: Annotated[int, Field(ge=1, le=1_000)] = 3
    offer_days: Days = 7.0
    told_hours: Annotated[float, Field(ge=0, le=24)] = 24.0
    declined_tasks: Annotated[int, Field(ge=1, le=TASKS_KEPT)] = 2
    abandoned_waits: Annotated[int, Field(ge=1, le=1_000)] = 2
    reopened_days: Days = 1.0
    net_value_below: Figure = 0.0
    most: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50

    @cached_property
    def offer_ms(self) -> int:
        """How long before a purchase an offer of it may have been taken up, in milliseconds."""
        return round(self.offer_days * MS_PER_DAY)

    @cached_property
    def told_ms(self) -> int:
        """How long after a purchase its conversion may be told, in milliseconds."""
        return round(self.told_hours * MS_PER_HOUR)

    @cached_property
    def reopened_ms(self) -> int:
        """Up to which time after its end a complaint is reopened by impatience, in milliseconds."""
        return round(self.reopened_days * MS_PER_DAY)


class ProspectRules(Rules):
    """Potential customers by expected value; all are our defaults.

    What is known of a source weighs beside as many customers like all (``like_all``): of one with
    few customers little is known. The first ``most`` are listed.
    """

    like_all: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    most: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50


class IdentificationRules(Rules):
    """Who stands out: lighthouse customers, those to approach with care, prospects."""

    lighthouse: LighthouseRules = LighthouseRules()
    approach: ApproachRules = ApproachRules()
    prospects: ProspectRules = ProspectRules()

    @cached_property
    def feedback_ms(self) -> int:
        """The window in which feedbacks are counted, in milliseconds."""
        return round(self.lighthouse.feedback_days * MS_PER_DAY)

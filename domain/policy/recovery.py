"""The policy of service recovery: what an apology is owed for, and what a poor start costs.

The lines are the reference's; the means of an apology and how soon it is due are our defaults. A
long wait is what ``satisfaction.long_wait_seconds`` says, compensation what
``complaints.compensation`` says.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from domain.kernel.units import MS_PER_DAY
from domain.policy.bounds import Days, Multiple, Score
from domain.policy.relationship import Rules
from schemas.fields import Label


class RecoveryRules(Rules):
    """The apology that the owner owes, and what repairing a poor first impression costs more."""

    enabled: bool = True
    means: Label = "apology call"
    due_days: Days = 1.0
    # not below a day: an event that late may still make an earlier purchase the first
    first_purchase_days: Annotated[float, Field(ge=1, le=365)] = 7.0
    poor_below: Score = 3.0
    repair_costs_more_low: Multiple = 0.25
    repair_costs_more_high: Multiple = 0.5

    @field_validator("repair_costs_more_high")
    @classmethod
    def _not_below_low(cls, value: float, info: ValidationInfo) -> float:
        limit = info.data.get("repair_costs_more_low")
        if limit is not None and value < limit:
            raise ValueError(f"must not be less than recovery.repair_costs_more_low ({limit:g})")
        return value

    @cached_property
    def first_purchase_ms(self) -> int:
        """How long after the first purchase a moment makes the first impression, in ms."""
        return round(self.first_purchase_days * MS_PER_DAY)

    @cached_property
    def due_ms(self) -> int:
        """How long after its cause an apology is due, in ms."""
        return round(self.due_days * MS_PER_DAY)

"""The policy of campaigns: what is kept of them, and by which lines their response is judged.

The lines of the response and the days after a click are those of the domain reference, section 9;
how much is kept is our default.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from domain.kernel.units import MS_PER_DAY
from domain.policy.bounds import Days, Share
from domain.policy.sections import Name, Section


class CampaignRules(Section):
    """Campaigns: the newest ``kept`` of a partition are counted each by itself, others together.

    Of a customer the newest ``kept_per_customer`` are known. A share of answers below
    ``weak_below`` is weak, one above ``good_above`` good. Purchases within ``click_days`` of a
    click are told apart. ``named`` campaigns have metrics of their own.
    """

    kept: Annotated[int, Field(ge=1, le=2_000)] = 200
    kept_per_customer: Annotated[int, Field(ge=1, le=64)] = 16
    weak_below: Share = 0.02
    good_above: Share = 0.03
    click_days: Days = 7.0
    named: tuple[Name, ...] = Field(default=(), max_length=20)

    @field_validator("good_above")
    @classmethod
    def _above_weak(cls, good: float, info: ValidationInfo) -> float:
        weak = info.data.get("weak_below")
        if weak is not None and good < weak:
            raise ValueError(f"must not be below weak_below ({weak:g})")
        return good

    @cached_property
    def click_ms(self) -> int:
        """How long after a click a purchase is told with it, in milliseconds."""
        return round(self.click_days * MS_PER_DAY)

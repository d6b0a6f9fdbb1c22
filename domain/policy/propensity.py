"""The policy of response propensity: every number of who will answer a mailing.

``answer_days`` and ``least_auc`` are those of the domain reference; the others are our defaults.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy.bounds import Score
from domain.policy.fingerprint import fingerprint
from domain.policy.sections import Section

Number = Annotated[int, Field(ge=1, le=10_000_000)]
Step = Annotated[float, Field(ge=1e-6, le=10)]


class PropensityRules(Section):
    """How a mailing is answered, how the model learns, and from when on it is believed.

    A mailing is answered by a click or a conversion within ``answer_days``. The n-th example moves
    weights by ``first_step`` / sqrt(n), and by ``least_step`` at the least; no feature counts for
    more than ``widest`` standard deviations. Quality is that of the newest ``judged_examples`` to
    twice as many, each predicted before it was learnt. Without ``least_examples`` of them, with
    ``least_each`` both answered and not, or with an AUC below ``least_auc``, the model knows too
    little. ``unknown_satisfaction`` stands for that of who never said. Examples of all partitions
    are learnt in one order; a partition that is ``wait_hours`` behind the foremost is not waited
    for.
    """

    answer_days: Annotated[float, Field(ge=0.01, le=90)] = 7.0
    least_auc: Annotated[float, Field(ge=0.5, le=1)] = 0.55
    least_examples: Number = 1_000
    least_each: Number = 100
    judged_examples: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    first_step: Step = 0.3
    least_step: Step = 0.003
    widest: Annotated[float, Field(ge=1, le=100)] = 5.0
    unknown_satisfaction: Score = 5.0
    wait_hours: Annotated[float, Field(ge=1, le=24 * 90)] = 24.0

    @field_validator("least_step")
    @classmethod
    def _falls(cls, value: float, info: ValidationInfo) -> float:
        first = info.data.get("first_step")
        if first is not None and value > first:
            raise ValueError(f"must not be greater than first_step ({first:g}): steps fall")
        return value

    @cached_property
    def answer_ms(self) -> int:
        """How long after it was sent a mailing may be answered, in milliseconds."""
        return round(self.answer_days * MS_PER_DAY)

    @cached_property
    def wait_ms(self) -> int:
        """How far behind a partition is waited for, in milliseconds."""
        return round(self.wait_hours * MS_PER_HOUR)

    @cached_property
    def rules_id(self) -> str:
        """The same for the same numbers: what was learnt under others is not gone on with."""
        return fingerprint(self)

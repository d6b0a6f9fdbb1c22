"""The policy of retention: how long Kafka's topics hold a record, as the operator has set them.

The record of an erasure names the dates by it; `touchline doctor` compares it with the broker.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field

from domain.kernel.units import MS_PER_DAY
from domain.policy.sections import Section
from schemas.topics import DEAD_LETTERS, RETAINED_TOPICS, SOURCE_TOPICS

Days = Annotated[float, Field(ge=1, le=3_650, allow_inf_nan=False)]


class Retention(Section):
    """How many days a record stays at the most, by kind of topic.

    That is the topic's retention.ms and the time of one segment (segment.ms, a day by default), for
    Kafka deletes a segment at a time. What the workers read back themselves is held as inputs are.
    """

    input_days: Days = 15.0
    output_days: Days = 31.0
    dead_letter_days: Days = 91.0

    @cached_property
    def ms_of(self) -> dict[str, int]:
        """How long each topic whose records go by age holds one, in milliseconds."""
        days = {topic: self.output_days for topic in RETAINED_TOPICS}
        days |= dict.fromkeys(SOURCE_TOPICS, self.input_days) | {
            DEAD_LETTERS: self.dead_letter_days
        }
        return {topic: round(days[topic] * MS_PER_DAY) for topic in RETAINED_TOPICS}

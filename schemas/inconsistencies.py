"""The record of inconsistent treatment: on which day each tier was last signalled.

One compacted record under one key, beside the standings. It lets the task that signals go on
where its predecessor stopped.
"""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import OutputId, Tier
from schemas.published import Count

INCONSISTENCIES_KEY: Final = b"inconsistencies"


class Inconsistencies(CommonRecord):
    """The UTC day (since 1970) on which each tier was last signalled as treated unlike."""

    topic = topics.PORTFOLIO
    id_field = "inconsistencies_id"
    kind: ClassVar[str] = "inconsistencies"

    inconsistencies_id: OutputId
    version: Annotated[int, Field(ge=1)]
    days: dict[Tier, Count] = Field(default_factory=dict)

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest record is kept."""
        return INCONSISTENCIES_KEY

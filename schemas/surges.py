"""The record of systemic issues: which hours of which complaints have been signalled.

One compacted record under one key, beside the standings. It lets the task that signals go
on where its predecessor stopped; its newest entries are for people too.
"""

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import Instant, Label, OutputId
from schemas.published import Count, Figure

SURGES_KEY: Final = b"surges"
MAX_SIGNALLED: Final = 257 * 48
"""So many series (256, and all others as one) times the hours looked back."""


class Surge(BaseModel):
    """An hour in which complaints of one kind stood out.

    Without `category` it is of all kinds beyond those kept apart. `mean`, `sigma` and `line`
    are complaints an hour, as of the `history_hours` before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: Label | None = None
    product: Label | None = None
    channel: Label | None = None
    hour: Instant
    complaints: Count
    mean: Figure
    sigma: Figure
    line: Figure
    history_hours: Count


class Surges(CommonRecord):
    """What was signalled in the last two days, ascending."""

    topic = topics.PORTFOLIO
    id_field = "surges_id"
    kind: ClassVar[str] = "surges"

    surges_id: OutputId
    version: Annotated[int, Field(ge=1)]
    signalled: Annotated[tuple[Surge, ...], Field(max_length=MAX_SIGNALLED)] = ()

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest record is kept."""
        return SURGES_KEY

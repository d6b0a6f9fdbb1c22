"""What a rule may look at besides the customer and the event."""

from __future__ import annotations

from domain.aggregates import Aggregates
from domain.experience.scorecards import Scorecards
from domain.policy import Policy
from domain.segments import Segments
from domain.surges.hourly import Hourly
from domain.value.standing import Standing
from schemas.standings import Standings


class Context:
    """Policy, what the partition keeps over its customers, and the task clock (``now``, ms).

    That is aggregates, scorecards, segments, who stands where in value (``standing``), and
    complaints by hour (``hourly``).
    ``late`` says that the event comes from a backlog, so alerts of it are marked late.
    """

    __slots__ = (
        "aggregates", "hourly", "late", "now", "policy", "scorecards", "segments", "standing",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy,
        aggregates: Aggregates,
        now: int = 0,
        late: bool = False,
        *,
        hourly: Hourly | None = None,
        scorecards: Scorecards | None = None,
    ) -> None:
        self.policy = policy
        self.aggregates = aggregates
        self.scorecards = Scorecards() if scorecards is None else scorecards
        self.segments = Segments(policy.segments)
        self.standing = Standing(policy.value)
        self.hourly = Hourly() if hourly is None else hourly
        self.now = now
        self.late = late

    @property
    def standings(self) -> Standings | None:
        """By which lines customers are classed among all; ``None`` before they are known."""
        return self.standing.standings

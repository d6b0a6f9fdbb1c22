"""What a rule may look at besides the customer and the event."""

from __future__ import annotations

from domain.aggregates import Aggregates
from domain.policy import Policy
from domain.segments import Segments


class Context:
    """Policy, the partition's aggregates and segments, and the task clock (``now``, ms).

    ``late`` says that the event comes from a backlog, so alerts of it are marked late.
    """

    __slots__ = ("aggregates", "late", "now", "policy", "segments")

    def __init__(
        self, policy: Policy, aggregates: Aggregates, now: int = 0, late: bool = False
    ) -> None:
        self.policy = policy
        self.aggregates = aggregates
        self.segments = Segments(policy.segments)
        self.now = now
        self.late = late

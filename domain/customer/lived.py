"""What the steps of a complaint amount to: forms only, kept in memory beside the customer.

``domain.complaints.cycles`` works them out; they stand here since the customer's state remembers
them until a step comes or the tiers move.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from domain.customer.parts import Case, Moment
from schemas.figures.complaints import Status

STATUS_INDEX: Final[dict[Status | Literal[""], int]] = {
    "": 0, "opened": 1, "acknowledged": 2, "resolved": 3, "reopened": 4, "withdrawn": 5,
}  # fmt: skip
"""The number of a status in a step's record; "" stands for none."""
STATUSES: Final[tuple[Status | Literal[""], ...]] = tuple(STATUS_INDEX)
UNSEEN, OPENED, ACKNOWLEDGED, RESOLVED, REOPENED, WITHDRAWN = range(6)
CLOSED: Final = (RESOLVED, WITHDRAWN)


class Cycle(NamedTuple):
    """One time of waiting; ``None`` stands for what has not happened. Times in ms."""

    start: int
    event_id: str
    channel: int
    reopened: bool
    acknowledged: int | None
    ended: int | None
    end_status: int
    end_channel: int
    end_event_id: str


class Life(NamedTuple):
    """A complaint as of its newest step; ``severity`` 0 = unknown, ``factor`` 0 = none."""

    status: int
    cycles: list[Cycle]
    severity: int
    factor: int
    complex: bool

    @property
    def open(self) -> bool:
        """Whether it waits for a resolution."""
        return self.status not in CLOSED


class Dues(NamedTuple):
    """When each promise of a cycle is due (ms): by acknowledgement, resolution, regulator."""

    acknowledge: int
    resolve: int
    regulator: int


class Judged(NamedTuple):
    """A complaint with what its steps amount to; ``dues`` stand beside the cycles."""

    case: Case
    life: Life
    dues: list[Dues]
    moments: list[Moment]

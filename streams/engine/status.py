"""Where the task of a partition number stands, and where it may go from there."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Status(Enum):
    """Where a task stands. It moves as drawn, and from wherever it is to ``OVER``::

                      restored                revoked
        -> OPENING --------------->  OPEN  ------------> PARKED
            |   ^                    |  ^  <------------    |
            |   +--- commit failed --+  |  assigned again   |
            | input lost, right missing |                   |
            +-----------> STOPPED ------+                   |
                             |     input, right is there    v
                             +--------------------------> OVER

    ``OPENING``: its producer is opened, its state restored. ``OPEN``: it fetches, applies and
    commits. ``PARKED``: revoked; all is committed, the state stays for a quick return. ``STOPPED``:
    input or a right is missing: an operator must act. ``OVER``: closed, fenced, failed or without
    one of them; its number is opened again by another task alone.
    """

    OPENING = "opening"
    OPEN = "open"
    PARKED = "parked"
    STOPPED = "stopped"
    OVER = "over"


MOVES: Final[Mapping[Status, frozenset[Status]]] = {
    Status.OPENING: frozenset((Status.OPEN, Status.STOPPED, Status.OVER)),
    Status.STOPPED: frozenset((Status.OPEN, Status.OVER)),
    Status.OPEN: frozenset((Status.PARKED, Status.OPENING, Status.OVER)),
    Status.PARKED: frozenset((Status.OPEN, Status.OVER)),
    Status.OVER: frozenset(),
}
"""Where a task may go from where it stands."""

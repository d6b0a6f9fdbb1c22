"""What an event does beyond its customer, as values that the dispatch acts on once, at the end.

A rule changes its customer and nothing else: what is to be told to people, and what the whole
partition counts, is stated here and leaves the rule with its cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from domain.customer.labels import Labels
from domain.customer.parts import Awaited, Moment, Promise
from domain.policy import AlertKind
from schemas.outputs import Step
from schemas.told import Told


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alert as a rule wants it told; whether and how it is raised is judged at the end.

    ``at`` (ms) is when its cause happened or fell due, ``tier`` the index of the tier that
    counts. ``of`` names the cause in the alert's id where it is not the event (same cause, same
    id); ``steps`` are the event ids behind it where there are several; ``channel`` is what it
    comes through; ``about`` names the campaign that it is an offer of.
    """

    kind: AlertKind
    at: int
    event_id: str | None
    event_type: str
    channel: str | None
    reason: Told
    tier: int
    of: tuple[str | int, ...] | None = None
    severe: bool = False
    steps: tuple[str, ...] | None = None
    figures: dict[str, float] | None = None
    about: str = ""
    complaint_id: str | None = None
    level: int | None = None
    overdue_seconds: float | None = None
    history: tuple[Step, ...] | None = None


class Scored(NamedTuple):
    """A moment counts in the scorecards of ``labels``, or (``sign`` -1) does so no more.

    With ``wait_seconds`` it is that of waiting for a contact, which is counted with it.
    """

    moment: Moment
    labels: Labels
    sign: float = 1.0
    wait_seconds: float | None = None


class Kept(NamedTuple):
    """A callback promise was kept or broken, or (``sign`` -1) is so no more; 0: no factor."""

    promise: Promise
    kept: bool
    factor: int
    labels: Labels
    sign: float


class Reported(NamedTuple):
    """A complaint was opened at ``at`` (ms): counted by category, product and channel."""

    at: int
    category: str
    product: str
    channel: str
    event_id: str


class Campaigned(NamedTuple):
    """What a campaign is counted more by at ``at`` (ms), or below 0 less: by name of a sum."""

    campaign_id: str
    at: int
    added: dict[str, int]


class Mailed(NamedTuple):
    """A mailing was sent: whether it is answered will be known."""

    mailing: Awaited


class Settled(NamedTuple):
    """It is known since ``at`` (ms) whether a mailing was answered: an example to learn from.

    Before it ``sent`` mailings had been sent to the customer, of which ``answered`` were.
    """

    at: int
    mailing: Awaited
    sent: int
    answered: int


class LeftOut(NamedTuple):
    """A mailing is not waited for, since too many are: nothing is learnt from it."""


Effect = Scored | Kept | Reported | Campaigned | Mailed | Settled | LeftOut

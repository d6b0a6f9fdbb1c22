"""What is being judged: one event, or one time that something was due."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from domain.customer.effects import Effect, Wanted
from domain.customer.state import Customer
from domain.kernel.order import mark_of
from domain.kernel.units import MS_PER_DAY
from domain.policy import AlertKind, Policy
from schemas.codec import Event
from schemas.fields import TimeText, moment, rfc3339
from schemas.outputs import Output, Signal, Step, output_id
from schemas.quick import Quick
from schemas.standings import Standings
from schemas.told import Told

AnyEvent = Event | Quick
"""An event, however it was decoded."""

SIGNAL_INDEX: Final = {
    "repeat_memory_overflow": 0,
    "unknown_currency": 1,
    "account_overflow": 2,
    "complaint_overflow": 3,
    "merge_circle": 4,
    "inspection_overdue": 5,
    "care_unknown": 6,
    "care_out_of_order": 7,
    "unmatched_step": 8,
    "unknown_step": 9,
}
"""The number of each kind of signal in a customer's core record; new ones are appended."""
ABOUT_FROM: Final = 1_000
"""From this number on stand what signals of one kind are about: currencies without a rate."""


class Given:
    """What every rule is given beside its customer: the policy and the task clock (``now``, ms).

    ``late`` says that the event comes from a backlog, so alerts of it are marked late. ``wall`` is
    the wall clock (ms), by which something is too late to be sent; 0 where events have their own.
    """

    __slots__ = ("late", "now", "policy", "wall")

    def __init__(self, policy: Policy, now: int = 0, late: bool = False) -> None:
        self.policy = policy
        self.now = now
        self.late = late
        self.wall = 0

    @property
    def standings(self) -> Standings | None:
        """By which lines customers are classed among all; ``None`` before they are known."""
        return None


class Cause:
    """An event (or a due time) on its way through the rules, and what they made of it so far.

    ``at`` is when it happened or fell due (ms), ``event_id`` and ``event_type`` name the event and
    ``mark`` is what tells its place (``domain.kernel.order``); ``None`` and "" for a due time. A
    ``quiet`` one lies more than 24 hours behind the customer's newest event: it counts, but raises
    no alert. ``channel`` is the event's.

    Rules add ``outputs``, alerts they want told, and effects beyond the customer; they note that
    it was entered as a purchase (``bought``) or gave one back (``refunded``), that the customer's
    value is to be measured anew among all (``value_moved``), and that the tiers known of it are
    others (``tiers_moved``).
    """

    __slots__ = (
        "_event", "_mark", "_when", "at", "bought", "channel", "ctx", "effects", "event_id",
        "event_type", "outputs", "policy", "quiet", "refunded", "tiers_moved", "value_moved",
        "wanted",
    )  # fmt: skip

    def __init__(
        self,
        ctx: Given,
        at: int,
        event: AnyEvent | None = None,
        quiet: bool = False,
    ) -> None:
        self.ctx = ctx
        self.policy = ctx.policy
        self.at = at
        self.event_id = None if event is None else event.event_id
        self.event_type = "" if event is None else event.type
        self._event = event
        self._mark: str | None = None
        self.quiet = quiet
        self.channel = None if event is None else event.channel
        self.bought = self.refunded = self.value_moved = self.tiers_moved = False
        self.outputs: list[Output] = []
        self.wanted: list[Wanted] = []
        self.effects: list[Effect] = []
        self._when: TimeText | None = None

    @property
    def mark(self) -> str:
        """What state keeps of the event for its place within a millisecond; "" for a due time."""
        if self._mark is None:
            event = self._event
            if event is None or (event.sequence is None and type(event.occurred_at) is int):
                self._mark = self.event_id or ""
            else:
                self._mark = _mark(event)
        return self._mark

    @property
    def when(self) -> TimeText:
        """``at`` as outputs bear it."""
        if self._when is None:
            self._when = rfc3339(moment(self.at))
        return self._when

    @property
    def named(self) -> tuple[str | int, ...]:
        """What names it in the ids of outputs: the event's type and id, or when it fell due."""
        return (self.at,) if self.event_id is None else (self.event_type, self.event_id)

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The event behind it; empty for a due time."""
        return () if self.event_id is None else (self.event_id,)

    def want(
        self,
        kind: AlertKind,
        reason: Told,
        *,
        tier: int,
        at: int | None = None,
        of: tuple[str | int, ...] | None = None,
        severe: bool = False,
        steps: tuple[str, ...] | None = None,
        figures: dict[str, float] | None = None,
        channel: str | None = None,
        about: str = "",
        complaint_id: str | None = None,
        level: int | None = None,
        overdue_seconds: float | None = None,
        history: tuple[Step, ...] | None = None,
    ) -> None:
        """Want an alert told (see `Wanted`); one that is due at ``at`` (ms) is of no event."""
        if self.quiet:
            return
        due = at is not None
        self.wanted.append(
            Wanted(
                kind,
                self.at if at is None else at,
                None if due else self.event_id,
                "" if due else self.event_type,
                channel if due else channel or self.channel,
                reason,
                tier,
                of=of,
                severe=severe,
                steps=steps,
                figures=figures,
                about=about,
                complaint_id=complaint_id,
                level=level,
                overdue_seconds=overdue_seconds,
                history=history,
            )
        )


def _mark(event: AnyEvent) -> str:
    """What tells the event's place within its millisecond."""
    occurred, sequence = event.occurred_at, event.sequence
    beyond = occurred.microsecond % 1_000 if isinstance(occurred, datetime) else 0
    if not beyond and sequence is None:
        return event.event_id
    return mark_of(event.event_id, beyond, sequence)


def signal(
    customer: Customer,
    cause: Cause,
    kind: str,
    reason: Told,
    labels: dict[str, str] | None = None,
    *,
    about: tuple[str, int] | None = None,
) -> None:
    """Tell the operator, at most once for each customer, kind and UTC day.

    Of a kind that is told of several things, each of them, ``about`` names this one and gives the
    number that its day is kept under: from `ABOUT_FROM` on. How many are kept is for the rule to
    bound. The first of a day has the id of its kind alone.
    """
    day = cause.at // MS_PER_DAY
    signalled = customer.core.signalled
    number = SIGNAL_INDEX[kind]
    names: tuple[str, ...] = ()
    told = signalled.get(number, -1) >= day
    if about is not None:
        names = about[:1] if told else ()
        told = signalled.get(about[1], -1) >= day
    if told:
        return
    if about is not None:
        signalled[about[1]] = day
    signalled[number] = max(day, signalled.get(number, -1))
    cause.outputs.append(
        Signal(
            signal_id=output_id("signal", kind, customer.customer_id, day, *names),
            kind=kind,
            customer_id=customer.customer_id,
            occurred_at=cause.when,
            labels=labels or {},
            reason=reason,
            cause=cause.event_ids,
        )
    )

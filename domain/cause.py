"""What is being judged: one event, or one time that something was due."""

from __future__ import annotations

from datetime import datetime

from domain.context import Context
from domain.policy import MS_PER_DAY
from domain.state import Customer
from schemas.fields import moment
from schemas.outputs import Output, Signal, output_id

SIGNAL_KINDS = (
    "repeat_memory_overflow",
    "unknown_currency",
    "account_overflow",
    "complaint_overflow",
)


class Cause:
    """An event (or a due time) on its way through the rules, and the outputs it has so far.

    ``at`` is when it happened or fell due (ms). A ``quiet`` one lies more than 24 hours behind
    the customer's newest event: it counts, but raises no alert. ``channel`` is the event's;
    ``bought`` says that it was entered as a purchase.
    """

    __slots__ = (
        "_when", "at", "bought", "channel", "ctx", "event_id", "outputs", "policy", "quiet"
    )  # fmt: skip

    def __init__(
        self,
        ctx: Context,
        at: int,
        event_id: str | None,
        quiet: bool = False,
        channel: str | None = None,
    ) -> None:
        self.ctx = ctx
        self.policy = ctx.policy
        self.at = at
        self.event_id = event_id
        self.quiet = quiet
        self.channel = channel
        self.bought = False
        self.outputs: list[Output] = []
        self._when: datetime | None = None

    @property
    def when(self) -> datetime:
        """``at`` as an aware datetime."""
        if self._when is None:
            self._when = moment(self.at)
        return self._when

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The event behind it; empty for a due time."""
        return () if self.event_id is None else (self.event_id,)


def signal(
    customer: Customer, cause: Cause, kind: str, reason: str, labels: dict[str, str] | None = None
) -> None:
    """Tell the operator, at most once for each customer, kind and UTC day."""
    day = cause.at // MS_PER_DAY
    signalled = customer.core.signalled
    number = SIGNAL_KINDS.index(kind)
    if signalled.get(number, -1) >= day:
        return
    signalled[number] = day
    cause.outputs.append(
        Signal(
            signal_id=output_id("signal", kind, customer.customer_id, day),
            kind=kind,
            customer_id=customer.customer_id,
            occurred_at=cause.when,
            labels=labels or {},
            reason=reason,
            cause=cause.event_ids,
        )
    )

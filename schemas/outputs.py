"""What our own rules send out, as they make it: by the thousand, so nothing is asked twice.

A record here has the fields of the model of the same name in `schemas.published`, in the same
order, with the same defaults; times are text as they are written (`schemas.fields.rfc3339`).
Nothing is checked or converted when one is made: rules give what the published model asks for,
and tests hold every output that they see to it.

A field that may be missing is `None` and is then not written; one with another default always is.
For msgspec leaves out what is its field's default, hence the factories.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr
from xxhash import xxh3_128_hexdigest

from schemas import topics
from schemas.fields import Channel, Cost, Id, Label, Note, OutputId, Tier, TimeText
from schemas.published import AlertStatus, CareState, Cause, Figure, Figures, Labels, Sentence
from schemas.told import Argument, Told


def output_id(*parts: str | int) -> str:
    """32 hex digits that depend on nothing but `parts`: the same cause gives the same id.

    Each part goes in with its length, so no two lists of parts make one text, whatever they hold.

    >>> output_id("vip_new", "c-1", 3) == output_id("vip_new", "c-1", 3)
    True
    >>> output_id("ab", "c") == output_id("a", "bc")
    False
    """
    return xxh3_128_hexdigest("".join([f"{len(part)}:{part}" for part in map(str, parts)]).encode())


def _no_cause() -> tuple[str, ...]:
    return ()  # made by `tuple` itself it would not be written


def _proposed() -> CareState:
    return "proposed"


def _no_labels() -> dict[str, str]:
    return {}


class Output(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every output has; `key` is its Kafka key.

    A reason that other languages can tell too is given as it is: its key and its arguments then
    stand beside its English.
    """

    topic: ClassVar[str]
    id_field: ClassVar[str]
    by_key: ClassVar[bool] = False
    """Whether its key chooses the partition; else it lies where what caused it did."""
    deletes: ClassVar[bool] = False
    """Whether it is sent without a value: what lies under its key in a compacted topic goes."""

    occurred_at: TimeText
    reason: Sentence
    reason_key: Label | None = None
    reason_args: dict[str, Argument] | None = None

    def __post_init__(self) -> None:
        """Take apart a reason that can be told."""
        told = self.reason
        if isinstance(told, Told):
            force_setattr(self, "reason", str(told))
            force_setattr(self, "reason_key", told.key or None)
            force_setattr(self, "reason_args", told.args or None)

    @property
    def output_id(self) -> str:
        """This record's own id."""
        return str(getattr(self, self.id_field))

    @property
    def key(self) -> bytes | None:
        """The customer, so that a customer's outputs stay in order in one partition."""
        customer_id: str | None = getattr(self, "customer_id", None)
        return None if customer_id is None else customer_id.encode()


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One step in a complaint's history."""

    status: Label
    occurred_at: TimeText
    event_id: Id | None = None


class Alert(Output, frozen=True, kw_only=True, gc=False):
    """Something a person should look at now."""

    topic = topics.ALERTS
    id_field = "alert_id"

    alert_id: OutputId
    kind: Label
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    segment: Label | None = None
    priority: int
    priority_reason: Sentence | None = None
    raised_at: TimeText
    late: bool = field(default_factory=bool)
    level: int | None = None
    raises_again: OutputId | None = None
    cause: Cause = field(default_factory=_no_cause)
    suggested_action: Sentence
    complaint_id: Id | None = None
    overdue_seconds: float | None = None
    history: tuple[Step, ...] | None = None
    figures: Figures | None = None
    next_step: Label | None = None
    solution: Label | None = None


class AlertState(Output, frozen=True, kw_only=True, gc=False):
    """How an alert stands, and what people did about it."""

    topic = topics.ALERT_STATES
    id_field = "alert_id"

    alert_id: OutputId
    newest_id: OutputId
    kind: Label
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    segment: Label | None = None
    priority: int
    priority_reason: Sentence | None = None
    status: AlertStatus
    level: int
    raised_at: TimeText
    changed_at: TimeText
    by: Id | None = None
    note: Note | None = None
    assignee: Id | None = None
    due_at: TimeText | None = None
    until: TimeText | None = None
    complaint_id: Id | None = None
    cause: Cause = field(default_factory=_no_cause)
    suggested_action: Sentence
    late: bool = field(default_factory=bool)
    next_step: Label | None = None
    solution: Label | None = None

    @property
    def key(self) -> bytes | None:
        """The alert: only its newest state is kept."""
        return self.alert_id.encode()


class AlertStateDeleted(Output, frozen=True, kw_only=True, gc=False):
    """The state of an alert is to go: a record with its key and no value."""

    topic = topics.ALERT_STATES
    id_field = "alert_id"
    deletes = True

    alert_id: OutputId
    kind: Label

    @property
    def key(self) -> bytes | None:
        """The alert."""
        return self.alert_id.encode()


class CustomerTransition(Output, frozen=True, kw_only=True, gc=False):
    """A customer moved from one state to another in one dimension, such as `tier`."""

    topic = topics.CUSTOMER_TRANSITIONS
    id_field = "transition_id"

    transition_id: OutputId
    customer_id: Id
    dimension: Label
    from_state: Label | None = None
    to_state: Label
    late: bool = field(default_factory=bool)
    cause: Cause = field(default_factory=_no_cause)
    figures: Figures | None = None
    held_until: dict[str, TimeText] | None = None


class Signal(Output, frozen=True, kw_only=True, gc=False):
    """Something about the whole, or about the flow itself, that an operator should know."""

    topic = topics.SIGNALS
    id_field = "signal_id"

    signal_id: OutputId
    kind: Label
    customer_id: Id | None = None
    value: Figure | None = None
    labels: Labels = field(default_factory=_no_labels)
    cause: Cause = field(default_factory=_no_cause)


class SegmentUpdate(Output, frozen=True, kw_only=True, gc=False):
    """A customer entered, left or changed segment; `figures` are the features that moved."""

    topic = topics.SEGMENT_UPDATES
    id_field = "update_id"

    update_id: OutputId
    customer_id: Id
    from_segment: Label | None = None
    to_segment: Label | None = None
    segment_name: Label | None = None
    model_version: int
    figures: Figures | None = None


class CareTask(Output, frozen=True, kw_only=True, gc=False):
    """Something kind to do for a customer, for a person to approve; later, how far it has come."""

    topic = topics.CARE_TASKS
    id_field = "task_id"

    task_id: OutputId
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    occasion: Label
    means: Label
    channel: Channel | None = None
    budget: Cost = field(default_factory=float)
    text_key: Label
    due_at: TimeText
    state: CareState = field(default_factory=_proposed)
    cause: Cause = field(default_factory=_no_cause)
    plan: Label | None = None
    approver: Label | None = None
    cost: Cost | None = None
    score: float | None = None
    feedback_due_at: TimeText | None = None


class Purchases(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the models of purchases know of the referred customer."""

    repeats: int
    first_day: date
    last_day: date
    mean_spend: Figure | None = None


class Referral(Output, frozen=True, kw_only=True, gc=False):
    """What a customer is worth whom another one referred, told to the one who did."""

    topic = topics.REFERRALS
    id_field = "referral_id"
    by_key = True

    referral_id: OutputId
    referrer: Id
    referred: Id
    state: Literal["referred", "withdrawn"] = field(default_factory=lambda: "referred")
    clv: Figure
    purchases: Purchases | None = None
    version: int
    cause: Cause = field(default_factory=_no_cause)

    @property
    def key(self) -> bytes | None:
        """The referrer, so that the record comes to the partition with that customer's state."""
        return self.referrer.encode()

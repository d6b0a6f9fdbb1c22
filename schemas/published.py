"""The published schema of what Touchline sends out: the pydantic models of its records.

JSON Schema and AsyncAPI are made of these, and whoever reads such a record back reads it by them.
What our own rules make by the thousand is made as `schemas.outputs` has it, field by field the
same; tests hold the two together, and every output they see to its model here.

Every record names its topic, carries `occurred_at` (the time it speaks of), an id that is the
same whenever the same cause is worked out again, and a `reason` in words with the numbers. Where
a rule made the reason, `reason_key` names the sentence and `reason_args` are what it is filled
with, so that it can be told in another language. A sentence within it is an argument that holds
its key; its own arguments stand beside it, their names after its name and a dot.
Times may be given as milliseconds since 1970, as aware datetimes or as RFC 3339 text; they are
written as RFC 3339 in UTC with milliseconds and `Z`.
"""

import base64
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas import topics
from schemas.fields import Channel, Cost, Day, Id, Instant, Label, Note, OutputId, Tier
from schemas.told import Arguments

CAUSES: Final = 32
"""Most event ids that an output names as its cause."""
HISTORY_STEPS: Final = 32
"""Most steps of a complaint that an escalation carries (the newest)."""

Reason = Literal[
    "not_json",
    "invalid",
    "missing_key",
    "key_mismatch",
    "too_large",
    "wrong_topic",
    "in_future",
    "too_late",
    "empty",
    "wrong_partition",
    "wrong_customer",
    "merge_refused",
]
"""`schemas.codec.REASONS` as a type."""
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Cause = Annotated[tuple[Id, ...], Field(max_length=CAUSES)]
Figure = Annotated[float, Field(allow_inf_nan=False)]
Figures = Annotated[dict[Label, Figure], Field(max_length=32)]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Count = Annotated[int, Field(ge=0)]
Labels = Annotated[dict[Label, Label], Field(max_length=16)]


class Published(BaseModel):
    """What every published record has; `key` is its Kafka key."""

    # most processes make none of most: each is built when it is first asked for
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    topic: ClassVar[str]
    id_field: ClassVar[str]

    occurred_at: Instant
    reason: Sentence
    reason_key: Label | None = None
    reason_args: Arguments | None = None

    @property
    def output_id(self) -> str:
        """This record's own id."""
        return str(getattr(self, self.id_field))

    @property
    def key(self) -> bytes | None:
        """The customer, so that a customer's outputs stay in order in one partition."""
        customer_id: str | None = getattr(self, "customer_id", None)
        return None if customer_id is None else customer_id.encode()


class Step(BaseModel):
    """One step in a complaint's history."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Label
    occurred_at: Instant
    event_id: Id | None = None


class Alert(Published):
    """Something a person should look at now.

    `occurred_at` is when its cause happened or fell due, `raised_at` when it was worked out;
    `late` marks one worked out from a backlog. Escalations have `level` 1-3, the complaint, the
    time overdue and the complaint's history. An alert of priority 1 that nobody acknowledged in
    time comes again with a higher `level` and an id of its own, past level 3 only where it was
    reopened there; `raises_again` is the first's. One about a complaint says which step of its
    playbook comes next (`next_step`), and the text key of what solves its kind (`solution`).
    """

    topic = topics.ALERTS
    id_field = "alert_id"

    alert_id: OutputId
    kind: Label
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    segment: Label | None = None
    priority: Annotated[int, Field(ge=1, le=5)]
    priority_reason: Sentence | None = None
    raised_at: Instant
    late: bool = False
    level: Annotated[int, Field(ge=1, le=9)] | None = None
    raises_again: OutputId | None = None
    cause: Cause = ()
    suggested_action: Sentence
    complaint_id: Id | None = None
    overdue_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    history: Annotated[tuple[Step, ...], Field(max_length=HISTORY_STEPS)] | None = None
    figures: Figures | None = None
    next_step: Label | None = None
    solution: Label | None = None


AlertStatus = Literal["open", "acknowledged", "snoozed", "resolved", "settled"]


class AlertState(Published):
    """How an alert stands, and what people did about it; deleted once it is closed and old.

    The newest record under the key `alert_id` (that of its first level) in a partition is in
    force there; one without a value says that the alert is not kept in that partition any more.
    `newest_id` is the id of its newest level, `occurred_at` when its cause happened, `raised_at`
    when it came out first, `due_at` when it comes again unless somebody acts.

    `resolved` was done at the desk; `settled` is an alert whose complaint is resolved or
    withdrawn, or whose broken promise was called back. `changed_at` is since when it has this
    `status`, `by` who gave it that. `note` and `assignee` are the newest. Tier, owner and segment
    are the customer's when the record was made, `reason` at most 300 characters of the alert's,
    `cause` at most 3 of its events. `next_step` and `solution` are those of its complaint now.
    """

    topic = topics.ALERT_STATES
    id_field = "alert_id"

    alert_id: OutputId
    newest_id: OutputId
    kind: Label
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    segment: Label | None = None
    priority: Annotated[int, Field(ge=1, le=5)]
    priority_reason: Sentence | None = None
    status: AlertStatus
    level: Annotated[int, Field(ge=1, le=9)]
    raised_at: Instant
    changed_at: Instant
    by: Id | None = None
    note: Note | None = None
    assignee: Id | None = None
    due_at: Instant | None = None
    until: Instant | None = None
    complaint_id: Id | None = None
    cause: Cause = ()
    suggested_action: Sentence
    late: bool = False
    next_step: Label | None = None
    solution: Label | None = None

    @property
    def key(self) -> bytes | None:
        """The alert: only its newest state is kept."""
        return self.alert_id.encode()


class CustomerTransition(Published):
    """A customer moved from one state to another in one dimension, such as `tier`.

    That of an erasure (`customer`, to `erased`) has in `held_until`, by topic, until when at the
    latest Kafka holds records of the customer.
    """

    topic = topics.CUSTOMER_TRANSITIONS
    id_field = "transition_id"

    transition_id: OutputId
    customer_id: Id
    dimension: Label
    from_state: Label | None = None
    to_state: Label
    late: bool = False
    cause: Cause = ()
    figures: Figures | None = None
    held_until: Annotated[dict[Label, Instant], Field(max_length=64)] | None = None


class Signal(Published):
    """Something about the whole, or about the flow itself, that an operator should know."""

    topic = topics.SIGNALS
    id_field = "signal_id"

    signal_id: OutputId
    kind: Label
    customer_id: Id | None = None
    value: Figure | None = None
    labels: Labels = {}
    cause: Cause = ()


class SegmentUpdate(Published):
    """A customer entered, left or changed segment; `figures` are the features that moved."""

    topic = topics.SEGMENT_UPDATES
    id_field = "update_id"

    update_id: OutputId
    customer_id: Id
    from_segment: Label | None = None
    to_segment: Label | None = None
    segment_name: Label | None = None
    model_version: Annotated[int, Field(ge=0)]
    figures: Figures | None = None


CareState = Literal["proposed", "approved", "done", "declined", "feedback", "expired"]


class CareTask(Published):
    """Something kind to do for a customer, for a person to approve; later, how far it has come.

    A record of the same `task_id` tells each further `state`: `cost` is what was paid (base
    currency), `feedback_due_at` until when feedback is awaited, `score` what it said (1-5).
    `plan` is the policy's plan that made it, `approver` who is to approve it.
    """

    topic = topics.CARE_TASKS
    id_field = "task_id"

    task_id: OutputId
    customer_id: Id
    tier: Tier
    owner_id: Id | None = None
    occasion: Label
    means: Label
    channel: Channel | None = None
    budget: Cost = 0.0
    text_key: Label
    due_at: Instant
    state: CareState = "proposed"
    cause: Cause = ()
    plan: Label | None = None
    approver: Label | None = None
    cost: Cost | None = None
    score: Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)] | None = None
    feedback_due_at: Instant | None = None


class Purchases(BaseModel):
    """What the models of purchases know of the referred customer; purchases of a day are one.

    `mean_spend` (base currency) is that of the `repeats` purchases after the first day, null
    without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeats: Count
    first_day: Day
    last_day: Day
    mean_spend: Figure | None = None


class Referral(Published):
    """What a customer is worth whom another one referred, told to the one who did.

    `referred` counts for `referrer` until a record `withdrawn` says that it does no more: another
    referrer was named, or the customer was erased. `clv` is in base currency as of `occurred_at`,
    0 before the first purchase; `purchases` is what it follows from. Records of one referred
    customer count up in `version`.
    """

    topic = topics.REFERRALS
    id_field = "referral_id"

    referral_id: OutputId
    referrer: Id
    referred: Id
    state: Literal["referred", "withdrawn"] = "referred"
    clv: Figure
    purchases: Purchases | None = None
    version: Annotated[int, Field(ge=1)]
    cause: Cause = ()

    @property
    def key(self) -> bytes | None:
        """The referrer, so that the record comes to the partition with that customer's state."""
        return self.referrer.encode()


class Header(BaseModel):
    """One header of a record; its value in base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    value: Base64 | None = None


class Truncated(BaseModel):
    """What is kept of a record too large to be kept whole.

    `sha256` and `size` (bytes) are of the value, `head` is its first 1,024 bytes in base64.
    A key over 1,024 bytes and headers over 8,192 bytes are left out; their sizes remain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    size: Count
    head: Base64
    key_size: Count
    headers_size: Count


class DeadLetter(Published):
    """A refused record: where it stood, its bytes in base64, why it was refused.

    `occurred_at` is the record's Kafka timestamp (in `timestamp` as milliseconds too);
    `customer_id` is its key, where that can be one. Without `truncated` the record is whole.
    Here `reason` is the short label of the metrics, and `detail` the sentence.
    """

    topic = topics.DEAD_LETTERS
    id_field = "dead_letter_id"

    dead_letter_id: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    reason: Reason
    detail: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    customer_id: Id | None = None
    source_topic: Annotated[str, StringConstraints(min_length=1, max_length=249)]
    partition: Count
    offset: Count
    timestamp: int
    record_key: Base64 | None = None
    value: Base64 | None = None
    headers: tuple[Header, ...] = ()
    truncated: Truncated | None = None

    @property
    def key(self) -> bytes | None:
        """The refused record's key, so that a letter lies where its customer's records do."""
        return None if self.record_key is None else base64.b64decode(self.record_key)

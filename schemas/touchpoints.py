"""The touchpoint events: one strict pydantic model for each type, and their union `Touchpoint`.

Unknown fields, wrong JSON types, text without bound, NaN and infinity are refused. Rules of the
kind "`launch` needs `source`" are data (`CASES`): the validator and the JSON Schema read the
same table.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.cases import Case, Cases, TouchpointBase, TouchpointWithCases, refusal
from schemas.fields import (
    ID_CHARACTERS,
    Amount,
    Assignee,
    Channel,
    Currency,
    Day,
    Emotion,
    Factor,
    Label,
    LocalTime,
    Money,
    Note,
    OccurredAt,
    Origin,
    OutputId,
    PaidCost,
    Seconds,
    SourceId,
    Stage,
    Text,
    Tier,
    TimeZone,
)

ClickAction = Literal[
    "launch",
    "tab_switch",
    "function_visit",
    "account_message",
    "news_message",
    "news_view",
    "error",
]


class AppClick(TouchpointWithCases):
    """Something done, received or failed in the app."""

    DECIDES = "action"
    CASES: ClassVar[Cases] = {
        "launch": Case(needs=("source",)),
        "function_visit": Case(needs=("function",)),
        "error": Case(needs=("function",)),
    }

    topic: ClassVar[str] = "touchpoints.app"

    type: Literal["app_click"] = "app_click"
    action: ClickAction
    source: Literal["icon", "push"] | None = None
    function: Label | None = None


class Transaction(TouchpointWithCases):
    """Money moved on an account; `balance_after` is in the same currency.

    A credit with `refund_of`, the id of the transaction that it gives back, is a refund.
    """

    DECIDES = "direction"
    CASES: ClassVar[Cases] = {"credit": Case(may=("refund_of",))}

    topic: ClassVar[str] = "touchpoints.transactions"

    type: Literal["transaction"] = "transaction"
    amount: Amount
    currency: Currency
    direction: Literal["credit", "debit"]
    account_id: SourceId
    refund_of: SourceId | None = None
    balance_after: Money | None = None
    product: Label | None = None
    category: Label | None = None
    margin: Money | None = None


class Complaint(TouchpointWithCases):
    """A step in the life of a complaint; of `severity` and `complex` the newest by time count."""

    DECIDES = "status"
    CASES: ClassVar[Cases] = {
        "opened": Case(("severity", "factor", "category"), may=("product", "complex")),
        "acknowledged": Case(may=("severity", "complex")),
        "resolved": Case(may=("severity", "complex", "compensation")),
        "reopened": Case(may=("severity", "complex")),
        "withdrawn": Case(may=("severity", "complex")),
    }

    topic: ClassVar[str] = "touchpoints.complaints"

    type: Literal["complaint"] = "complaint"
    complaint_id: SourceId
    status: Literal["opened", "acknowledged", "resolved", "reopened", "withdrawn"]
    severity: Annotated[int, Field(ge=1, le=5)] | None = None
    factor: Factor | None = None
    category: Label | None = None
    product: Label | None = None
    complex: bool | None = None
    compensation: PaidCost | None = None


_RATING: Final = ("experience", "expectation", "importance", "ideal")
_SERVQUAL: Final = ("reliability", "responsiveness", "assurance", "empathy", "tangibles")


class Survey(TouchpointWithCases):
    """One answer of a survey; `score` may be left out for `visit_reason` only."""

    DECIDES = "instrument"
    CASES: ClassVar[Cases] = {
        "csat": Case(("score",), score=(1, 5), may=("factor",)),
        "nps": Case(("score",), score=(0, 10), may=("factor",)),
        "ces": Case(("score",), score=(1, 7), may=("factor",)),
        "factor_rating": Case(("score", "factor"), {"measure": _RATING}, (0, 10)),
        "servqual": Case(
            ("score", "dimension"), {"measure": ("perception", "expectation")}, (1, 7)
        ),
        "acsi": Case(("score", "item"), score=(1, 10)),
        "trust": Case(("score", "aspect"), score=(0, 10)),
        "commitment": Case(("score",), score=(0, 10)),
        "repurchase": Case(("score",), score=(1, 5)),
        "wallet_share": Case(("score",), score=(0, 1)),
        "brands_used": Case(("score",), score=(1, 1_000)),
        "visit_reason": Case(("factor",), score=(0, 10), may=("score",)),
        "emotion": Case(("score", "emotion"), score=(0, 10), may=("factor",)),
    }

    topic: ClassVar[str] = "touchpoints.surveys"

    type: Literal["survey"] = "survey"
    instrument: Literal[
        "csat",
        "nps",
        "ces",
        "factor_rating",
        "servqual",
        "acsi",
        "trust",
        "commitment",
        "repurchase",
        "wallet_share",
        "brands_used",
        "visit_reason",
        "emotion",
    ]
    score: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] | None = None
    factor: Factor | None = None
    measure: Literal["experience", "expectation", "importance", "ideal", "perception"] | None = None
    dimension: (
        Literal["reliability", "responsiveness", "assurance", "empathy", "tangibles"] | None
    ) = None
    item: Literal["overall", "expectancy", "ideal"] | None = None
    aspect: Literal["goodwill", "integrity", "ability"] | None = None
    emotion: Emotion | None = None
    stage: Stage | None = None
    campaign_id: SourceId | None = None


class ServiceContact(TouchpointWithCases):
    """A call or visit, when it ended; an `unresolved` one promises a callback by `callback_by`.

    That is not before `occurred_at`.
    """

    DECIDES = "outcome"
    CASES: ClassVar[Cases] = {"unresolved": Case(may=("callback_by",))}

    topic: ClassVar[str] = "touchpoints.service"

    type: Literal["service_contact"] = "service_contact"
    contact_id: SourceId
    wait_seconds: Seconds
    handle_seconds: Seconds
    outcome: Literal["resolved", "unresolved", "abandoned"]
    agent_id: SourceId | None = None
    branch_id: SourceId | None = None
    stage: Stage | None = None
    callback_by: OccurredAt | None = None

    @model_validator(mode="after")
    def _due_after_the_contact(self) -> Self:
        due = self.callback_by
        if due is not None and due < self.occurred_at:
            raise PydanticCustomError(
                "case",
                "callback_by: got {due}; must not be before occurred_at ({at})",
                {"due": due.isoformat(), "at": self.occurred_at.isoformat()},
            )
        return self


class Feedback(TouchpointWithCases):
    """Something the customer said unasked; `text` never appears in logs or dead-letter reasons.

    A suggestion or comment card is owed an answer; `answered` says that the one whose event id is
    `answers` has got it.
    """

    DECIDES = "kind"
    CASES: ClassVar[Cases] = {
        "praise": Case(may=("factor",)),
        "suggestion": Case(may=("factor",)),
        "comment_card": Case(may=("factor",)),
        "callback_done": Case(needs=("contact_id",)),
        "answered": Case(needs=("answers",)),
    }

    topic: ClassVar[str] = "touchpoints.feedback"

    type: Literal["feedback"] = "feedback"
    kind: Literal["praise", "suggestion", "comment_card", "callback_done", "answered"]
    contact_id: SourceId | None = None
    answers: SourceId | None = None
    factor: Factor | None = None
    text: Text | None = Field(default=None, repr=False)


def _only_true(value: bool) -> bool:
    if not value:
        raise PydanticCustomError("only_true", "Input should be true, or not be given")
    return value


OnlyTrue = Annotated[bool, AfterValidator(_only_true), Field(json_schema_extra={"const": True})]
"""True; unlike `Literal[True]` it does not also take 1."""


class QuietHours(BaseModel):
    """From `start` to `end` in the customer's time zone; over midnight when start > end."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    start: LocalTime
    end: LocalTime


class Profile(TouchpointBase):
    """What is known of the customer. A field given as null is cleared; one not given stays.

    `model_fields_set` tells the two apart. `erase: true` stands alone, and so does `merged_into`:
    the id of the same person that everything of this one counts for from now on. Of a channel in
    `consent` a value that differs from the one before is news; one that is repeated is not, and
    lets an opt-out of the customer stand.
    """

    topic: ClassVar[str] = "touchpoints.profiles"

    type: Literal["profile"] = "profile"
    birth_date: Day | None = None
    sex: Label | None = None
    occupation: Label | None = None
    position: Label | None = None
    region: Label | None = None
    first_seen: Day | None = None
    time_zone: TimeZone | None = None
    consent: dict[Channel, bool] | None = None
    quiet_hours: QuietHours | None = None
    referred_by: SourceId | None = None
    owner_id: SourceId | None = None
    tier_pin: Tier | None = None
    organisation_id: SourceId | None = None
    key_person: bool | None = None
    source: Origin | None = None
    erase: OnlyTrue | None = None
    merged_into: SourceId | None = None

    @model_validator(mode="after")
    def _orders_stand_alone(self) -> Self:
        if self.erase is None and self.merged_into is None:
            return self
        for order in _ORDERS:
            given = getattr(self, order)
            others = self.model_fields_set - _COMMON - {order}
            if given and others:
                raise refusal(order, "given", min(others), "a value", "not be given")
        if self.merged_into == self.customer_id:
            raise PydanticCustomError("same", "merged_into should name another customer_id")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = super().__get_pydantic_json_schema__(schema, handler)
        made["allOf"] = [
            {
                "if": {"properties": {order: given}, "required": [order]},
                "then": {"not": {"anyOf": [{"required": [name]} for name in _others(order)]}},
            }
            for order, given in _ORDERS.items()
        ]
        return made


_ORDERS: Final[dict[str, dict[str, Any]]] = {
    "erase": {"const": True},
    "merged_into": {"type": "string"},
}
"""Fields that say what is to be done with the whole customer, and what JSON Schema calls given."""
_COMMON: Final = frozenset({*TouchpointBase.model_fields, "type"})


def _others(order: str) -> list[str]:
    return [name for name in Profile.model_fields if name not in _COMMON | {order}]


CAMPAIGN_KEY: Final = "campaign:"
"""What the `customer_id` of a campaign's expenses begins with; no customer is called so."""


def expenses_of(campaign_id: str) -> str:
    """The `customer_id`, and so the key, that all expenses of a campaign come under.

    >>> expenses_of("m-2026-01"), len(expenses_of("m" * 64))
    ('campaign:m-2026-01', 64)
    """
    return f"{CAMPAIGN_KEY}{campaign_id}"[:ID_CHARACTERS].rstrip()


class Campaign(TouchpointWithCases):
    """A step of a campaign with one customer, or an `expense` of the campaign, which is of nobody.

    `opted_out` and `opted_in` are the customer's own word about `channel`: nothing more through
    it, or again. A profile that repeats its old consent does not undo an opt-out. The
    `customer_id` of an `expense` is `campaign:` and the `campaign_id`, cut at 64 characters.
    """

    DECIDES = "action"
    CASES: ClassVar[Cases] = {
        "sent": Case(may=("cost",)),
        "opened": Case(may=("cost",)),
        "clicked": Case(may=("cost",)),
        "converted": Case(needs=("revenue",), may=("cost",)),
        "opted_out": Case(may=("cost",)),
        "opted_in": Case(may=("cost",)),
        "expense": Case(needs=("cost",)),
    }

    topic: ClassVar[str] = "touchpoints.campaigns"

    type: Literal["campaign"] = "campaign"
    campaign_id: SourceId
    action: Literal["sent", "opened", "clicked", "converted", "opted_out", "opted_in", "expense"]
    revenue: PaidCost | None = None
    cost: PaidCost | None = None
    offer_id: SourceId | None = None

    @model_validator(mode="after")
    def _of_the_campaign(self) -> Self:
        """An expense is of its campaign."""
        key = expenses_of(self.campaign_id)
        if self.action == "expense" and self.customer_id != key:
            raise refusal("action", self.action, "customer_id", self.customer_id, f"be {key}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Of the key of an expense a schema can tell the beginning alone."""
        made = super().__get_pydantic_json_schema__(schema, handler)
        (of_expenses,) = (
            case["then"]
            for case in made["allOf"]
            if case["if"]["properties"]["action"]["const"] == "expense"
        )
        of_expenses["properties"]["customer_id"] = {"pattern": f"^{CAMPAIGN_KEY}"}
        return made


class Care(TouchpointWithCases):
    """What became of a care task.

    An inspection of the service that a customer gets may be `done` without a task, and says what
    was `found`.
    """

    DECIDES = "action"
    CASES: ClassVar[Cases] = {
        "approved": Case(("task_id",), may=("cost",)),
        "done": Case(may=("task_id", "cost", "occasion", "found")),
        "declined": Case(("task_id",)),
        "feedback": Case(("task_id", "score"), score=(1, 5)),
    }

    topic: ClassVar[str] = "touchpoints.care"

    type: Literal["care"] = "care"
    task_id: OutputId | None = None
    action: Literal["approved", "done", "declined", "feedback"]
    score: Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)] | None = None
    cost: PaidCost | None = None
    occasion: Literal["inspection"] | None = None
    found: Note | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _of_a_task_or_an_inspection(self) -> Self:
        if self.occasion is None and self.task_id is None:
            raise refusal("occasion", "not given", "task_id", None, "be given")
        if self.occasion is None and self.found is not None:
            raise refusal("occasion", "not given", "found", "a text", "not be given")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = super().__get_pydantic_json_schema__(schema, handler)
        inspected = {"properties": {"occasion": {"const": "inspection"}}, "required": ["occasion"]}
        made["allOf"].append(
            {
                "if": {"not": inspected},
                "then": {
                    "required": ["task_id"],
                    "properties": {"task_id": {"not": {"type": "null"}}, "found": {"type": "null"}},
                },
            }
        )
        return made


class Desk(TouchpointWithCases):
    """What a person at the desk did about an alert, or about a complaint.

    `reopened` begins anew: what was done before counts no more. Every action may say a `note`;
    `assigned` names who is to see to the alert, and nobody with an empty `assign_to`. `ticked` says
    that a `step` of the playbook of a complaint is done; an alert need not be named then.
    """

    DECIDES = "action"
    CASES: ClassVar[Cases] = {
        "acknowledged": Case(("alert_id",), may=("note",)),
        "resolved": Case(("alert_id",), may=("note",)),
        "snoozed": Case(("alert_id", "until"), may=("note",)),
        "reopened": Case(("alert_id",), may=("note",)),
        "assigned": Case(("alert_id", "assign_to"), may=("note",)),
        "noted": Case(("alert_id", "note")),
        "ticked": Case(("complaint_id", "step"), may=("alert_id", "note")),
    }

    topic: ClassVar[str] = "touchpoints.desk"

    type: Literal["desk"] = "desk"
    alert_id: OutputId | None = None
    action: Literal[
        "acknowledged", "resolved", "snoozed", "reopened", "assigned", "noted", "ticked"
    ]
    until: OccurredAt | None = None
    note: Note | None = Field(default=None, repr=False)
    assign_to: Assignee | None = None
    by: SourceId
    complaint_id: SourceId | None = None
    step: Label | None = None


# State holds types by their number in this order: a new one goes to the end, and none is taken out.
Touchpoint = Annotated[
    AppClick
    | Transaction
    | Complaint
    | Survey
    | ServiceContact
    | Feedback
    | Profile
    | Campaign
    | Care
    | Desk,
    Field(discriminator="type"),
]
"""Any touchpoint event; `type` says which."""

MODEL_OF_TYPE: Final[dict[str, type[TouchpointBase]]] = {
    model.model_fields["type"].default: model for model in get_args(get_args(Touchpoint)[0])
}
"""The model of each event type, in the order above."""

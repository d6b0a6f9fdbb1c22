"""Rules of the kind "`launch` needs `source`", as data that validator and JSON Schema share."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.fields import Attributes, Channel, OccurredAt, Sequence, SourceId


def refusal(decides: str, value: str, name: str, got: object, must: str) -> PydanticCustomError:
    """The error of the field `name`, of which `decides` having `value` asks what it is not."""
    shown = "missing" if got is None else f"got {got}"
    return PydanticCustomError(
        "case",
        "{name}: {shown}; must {must} where {decides} is {value}",
        {"name": name, "shown": shown, "must": must, "decides": decides, "value": value},
    )


class Case(NamedTuple):
    """What one value of a model's deciding field asks of the other fields.

    Those that some value ``needs``, names in ``choices`` or lets be given (``may``) mean nothing
    where another does neither, and must not be given there.
    """

    needs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = {}
    score: tuple[float, float] | None = None
    may: tuple[str, ...] = ()

    @property
    def named(self) -> frozenset[str]:
        """The fields that mean something here."""
        return frozenset((*self.needs, *self.choices, *self.may))

    def failure(self, event: BaseModel, others: Iterable[str]) -> tuple[str, str] | None:
        """The first field that fails and what must hold of it; None when all is well.

        ``others`` are the fields that mean nothing here.
        """
        for name in self.needs:
            if getattr(event, name) is None:
                return name, "be given"
        for name, allowed in self.choices.items():
            if getattr(event, name) not in allowed:
                return name, "be one of " + ", ".join(allowed)
        if self.score is not None:
            score, (low, high) = getattr(event, "score", None), self.score
            if score is not None and not low <= score <= high:
                return "score", f"be from {low:g} to {high:g}"
        for name in others:
            if getattr(event, name) is not None:
                return name, "not be given"
        return None

    def json_schema(self, others: Iterable[str]) -> dict[str, Any]:
        """The same rules as a JSON Schema."""
        properties: dict[str, Any] = {
            name: {"enum": list(allowed)} for name, allowed in self.choices.items()
        }
        properties |= {name: {"not": {"type": "null"}} for name in self.needs}
        if self.score is not None:
            low, high = self.score
            properties.setdefault("score", {}).update(minimum=low, maximum=high)
        properties |= {name: {"type": "null"} for name in others}
        return {"required": [*self.needs, *self.choices], "properties": properties}


Cases = Mapping[str, Case]
"""By value of the deciding field."""


class TouchpointBase(BaseModel):
    """The fields common to all types; ``topic`` is the one input topic that a type is read from."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    topic: ClassVar[str]

    event_id: SourceId
    customer_id: SourceId
    occurred_at: OccurredAt
    channel: Channel
    schema_version: Annotated[int, Field(ge=1, le=1)] = 1
    sequence: Sequence | None = None
    attributes: Attributes | None = None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """`type` has a default for Python code only: in JSON it must be there."""
        made = handler.resolve_ref_schema(handler(schema))
        made["required"] = [*made["required"], "type"]
        return made


class TouchpointWithCases(TouchpointBase):
    """A touchpoint one of whose fields decides what the others must be."""

    DECIDES: ClassVar[str]
    CASES: ClassVar[Cases]
    OTHERS: ClassVar[Mapping[str, tuple[str, ...]]]
    """By value of the deciding field, the fields that mean nothing there."""

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Every value of the deciding field has its case."""
        super().__pydantic_init_subclass__(**given)
        values = get_args(cls.model_fields[cls.DECIDES].annotation)
        assert set(cls.CASES) <= set(values), "a case of a value that cannot be"
        cls.CASES = {value: cls.CASES.get(value, Case()) for value in values}
        named = frozenset[str]().union(*(case.named for case in cls.CASES.values()))
        cls.OTHERS = {value: tuple(sorted(named - case.named)) for value, case in cls.CASES.items()}

    @model_validator(mode="after")
    def _case(self) -> Self:
        value = getattr(self, self.DECIDES)
        if (failure := self.CASES[value].failure(self, self.OTHERS[value])) is not None:
            name, must = failure
            raise refusal(self.DECIDES, value, name, getattr(self, name), must)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = super().__get_pydantic_json_schema__(schema, handler)
        made["allOf"] = [
            {
                "if": {
                    "properties": {cls.DECIDES: {"const": value}},
                    "required": [cls.DECIDES],
                },
                "then": case.json_schema(cls.OTHERS[value]),
            }
            for value, case in cls.CASES.items()
        ]
        return made

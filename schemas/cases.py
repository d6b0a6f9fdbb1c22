"""Rules of the kind "`launch` needs `source`", as data that validator and JSON Schema share."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.fields import Attributes, Channel, Id, OccurredAt, Sequence


def refusal(decides: str, value: str, name: str, got: object, must: str) -> PydanticCustomError:
    """The error of the field `name`, of which `decides` having `value` asks what it is not."""
    shown = "missing" if got is None else f"got {got}"
    return PydanticCustomError(
        "case",
        "{name}: {shown}; must {must} where {decides} is {value}",
        {"name": name, "shown": shown, "must": must, "decides": decides, "value": value},
    )


class Case(NamedTuple):
    """What one value of a model's deciding field asks of the other fields."""

    needs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = {}
    score: tuple[float, float] | None = None

    def failure(self, event: BaseModel) -> tuple[str, str] | None:
        """The first field that fails and what must hold of it; None when all is well."""
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
        return None

    def json_schema(self) -> dict[str, Any]:
        """The same rules as a JSON Schema."""
        properties: dict[str, Any] = {
            name: {"enum": list(allowed)} for name, allowed in self.choices.items()
        }
        properties |= {name: {"not": {"type": "null"}} for name in self.needs}
        if self.score is not None:
            low, high = self.score
            properties.setdefault("score", {}).update(minimum=low, maximum=high)
        return {"required": [*self.needs, *self.choices], "properties": properties}


Cases = Mapping[str, Case]
"""By value of the deciding field."""


class TouchpointBase(BaseModel):
    """The fields common to all types; ``topic`` is the one input topic that a type is read from."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    topic: ClassVar[str]

    event_id: Id
    customer_id: Id
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

    @model_validator(mode="after")
    def _case(self) -> Self:
        value = getattr(self, self.DECIDES)
        case = self.CASES.get(value)
        if case is not None and (failure := case.failure(self)) is not None:
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
                "then": case.json_schema(),
            }
            for value, case in cls.CASES.items()
        ]
        return made

"""Bytes to events and records to bytes.

`decode` never raises on bytes, whatever they hold: what is not a valid touchpoint becomes a
`Bad` with a reason for the metrics and a sentence for a person. The pydantic models are the one
truth of what is valid; `schemas.quick` decodes some of what they accept sooner, and refuses none.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from msgspec.json import Encoder
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from schemas.cases import TouchpointBase
from schemas.fields import PATTERN_MEANS, milliseconds
from schemas.foreign import foreign
from schemas.outputs import Output
from schemas.quick import Quick, quick
from schemas.topics import TOPIC_OF_TYPE
from schemas.touchpoints import (
    MODEL_OF_TYPE,
    AppClick,
    Campaign,
    Care,
    Complaint,
    Desk,
    Feedback,
    Profile,
    ServiceContact,
    Survey,
    Touchpoint,
    Transaction,
)

MAX_RECORD_BYTES: Final = 262_144
"""Largest value of an input record, in bytes."""

REASONS: Final = (
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
)
"""Every reason a record can go to the dead letters for; a metrics label."""

_SHOWN_CHARACTERS: Final = 100
_SHOWN_ERRORS: Final = 3

_TYPES: Final = ", ".join(TOPIC_OF_TYPE)
_MUST: Final = {
    "string_type": "be text, in quotes",
    "string_too_short": "have at least {min_length} character(s)",
    "string_too_long": "have at most {max_length} characters",
    "too_long": "have at most {max_length} entries",
}
_UNQUOTED: Final = {
    "float_type": "a number without quotes, such as 12.5",
    "int_type": "a whole number without quotes, such as 3",
    "bool_type": "true or false without quotes",
}
"""What text stands in the place of, by pydantic's kind of error."""


class Bad(NamedTuple):
    """Why a record is refused: `reason` is one of `REASONS`, `detail` says what must change."""

    reason: str
    detail: str


Event = (
    AppClick | Transaction | Complaint | Survey | ServiceContact
    | Feedback | Profile | Campaign | Care | Desk
)  # fmt: skip
"""`Touchpoint` without its discriminator, for annotations."""

_adapter: Final[TypeAdapter[Event]] = TypeAdapter(Touchpoint)
_encode: Final = Encoder().encode
_validate: Final = cast(Callable[[bytes], Event], _adapter.validator.validate_json)


def decode(value: bytes | None) -> Event | Bad:
    """The event in a record's value, or why it is refused. Never raises."""
    if not value:
        return Bad("empty", "the record has no value; it must hold one JSON object")
    if len(value) > MAX_RECORD_BYTES:
        return Bad(
            "too_large",
            f"the value has {len(value)} bytes; it must have at most {MAX_RECORD_BYTES}",
        )
    try:
        return _validate(value)
    except ValidationError as error:
        return _refusal(error, value)


def decode_many(values: Sequence[bytes | None]) -> list[Event | Quick | Bad]:
    """`decode` of each value, in order; the busiest types as `schemas.quick` has them."""
    largest = MAX_RECORD_BYTES
    return [
        (quick(value) if value and len(value) <= largest else None) or decode(value)
        for value in values
    ]


def encode(record: Output | BaseModel) -> bytes:
    """Compact JSON of a record; fields that are None are left out.

    A `Profile` keeps the nulls it was given: there a null clears what was known.
    """
    if isinstance(record, Output):
        return _encode(record)
    if isinstance(record, Profile):
        fields = record.model_fields_set | {"type"}
        return record.__pydantic_serializer__.to_json(record, include=fields)
    return record.__pydantic_serializer__.to_json(record, exclude_none=True)


def at_ms(event: TouchpointBase | Quick) -> int:
    """`occurred_at` in whole milliseconds since 1970-01-01T00:00Z, rounded down, exact."""
    at = event.occurred_at
    return at if type(at) is int else milliseconds(cast(datetime, at))


def misplaced(event: TouchpointBase | Quick, topic: str, key: bytes | None) -> Bad:
    """Why an event must not stand in `topic` under `key`, which the caller found it must not."""
    if key is None:
        return Bad("missing_key", "the record has no key; it must be the event's customer_id")
    if key != event.customer_id.encode():
        shown = _quoted(key[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace"))
        return Bad(
            "key_mismatch",
            f"the key is {shown}; it must be the event's customer_id"
            f" {_quoted(event.customer_id)} in UTF-8",
        )
    kind = cast(Event | Quick, event).type
    assert TOPIC_OF_TYPE[kind] != topic, "neither key nor topic is wrong"
    return Bad(
        "wrong_topic",
        f"the event's type is {kind}, its topic {_quoted(topic)};"
        f" such events must go to {TOPIC_OF_TYPE[kind]}",
    )


def _refusal(error: ValidationError, value: bytes) -> Bad:
    found = error.errors(include_url=False)
    first = found[0]
    if first["type"] == "json_invalid":
        strange = foreign(value)
        got = first["msg"] if strange is None else f"the value {strange}"
        return Bad("not_json", f"{got}; the value must be one JSON object in UTF-8")
    if value.lstrip()[:1] == b"[":
        return Bad("invalid", "the record: got a JSON array; must be one event, a record each")
    sentences = [_sentence(one) for one in found[:_SHOWN_ERRORS]]
    if len(found) > _SHOWN_ERRORS:
        sentences.append(f"and {len(found) - _SHOWN_ERRORS} more")
    return Bad("invalid", "; ".join(sentences))


def _sentence(error: ErrorDetails) -> str:
    """`field: got this; must be that` for one error."""
    kind, context, place = error["type"], error.get("ctx", {}), error["loc"]
    if kind.startswith("union_tag"):
        got = _quoted(str(context["tag"])) if "tag" in context else "nothing"
        return f"type: got {got}; must be one of {_TYPES}"
    if kind == "case":
        return error["msg"]
    path = place[1:] if place and place[0] in MODEL_OF_TYPE else place
    field = ".".join(_short(str(part), 64) for part in path) or "the record"
    if kind == "extra_forbidden":
        return f"{_quoted(field)}: unknown field; must not be given, or go under attributes"
    if kind == "missing":
        return f"{field}: missing; must be given"
    return f"{field}: got {_shown(path, error['input'])}; must {_must(error)}"


def _must(error: ErrorDetails) -> str:
    """What must hold: in our words where pydantic's are not plain enough."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _UNQUOTED and isinstance(error["input"], str):
        return f"be {_UNQUOTED[kind]}"
    if kind == "string_pattern_mismatch":
        return PATTERN_MEANS[context["pattern"]]
    if kind == "value_error":
        return f"be in the calendar ({_short(str(context['error']), 80)})"
    if kind in _MUST:
        return _MUST[kind].format(**context)
    _, should, rest = error["msg"].partition(" should ")
    return rest if should else _short(error["msg"], _SHOWN_CHARACTERS)


def _shown(path: Iterable[int | str], got: Any) -> str:
    """The value at fault, shortened; never what a customer wrote freely."""
    names = tuple(path)
    if not names or "text" in names or "attributes" in names:
        return "a value not shown here"
    if isinstance(got, dict | list):
        return "an object" if isinstance(got, dict) else "a list"
    if isinstance(got, int) and abs(got) >= 10**_SHOWN_CHARACTERS:
        return "a very long number"
    return _quoted(got) if isinstance(got, str) else json.dumps(got)


def _short(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}..."


def _quoted(text: str) -> str:
    return json.dumps(_short(text, _SHOWN_CHARACTERS), ensure_ascii=False)

"""What every output that is made without pydantic's checks is held to, in all tests."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel

from schemas.made import plain_json
from schemas.outputs import Output


def check_made(output: Output) -> None:
    """Valid, the same after a validation, and the JSON that pydantic writes of it."""
    again = type(output).model_validate(output.__dict__)
    assert shown(again) == shown(output)
    assert list(output.__dict__) == list(type(output).model_fields)
    written: dict[str, Any] = msgspec.json.decode(plain_json(output))
    expected = msgspec.json.decode(
        output.__pydantic_serializer__.to_json(output, exclude_none=True)
    )
    assert list(written.items()) == list(expected.items())


def shown(model: BaseModel) -> dict[str, tuple[type, str]]:
    """Type and value of every field: 1 is not 1.0."""
    return {name: (type(value), repr(value)) for name, value in model.__dict__.items()}

"""What every output that our rules make is held to, in all tests that see one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.json import Encoder
from pydantic import BaseModel

from schemas import outputs, published
from schemas.moves import CustomerMove, decode_moves
from schemas.outputs import AlertStateDeleted, Output

T = TypeVar("T", bound=Output)

PAIRS: Final[dict[type[Struct], type[BaseModel]]] = {
    outputs.Alert: published.Alert,
    outputs.Step: published.Step,
    outputs.AlertState: published.AlertState,
    outputs.CustomerTransition: published.CustomerTransition,
    outputs.Signal: published.Signal,
    outputs.SegmentUpdate: published.SegmentUpdate,
    outputs.CareTask: published.CareTask,
    outputs.Referral: published.Referral,
    outputs.Purchases: published.Purchases,
}
"""What is made, and the model that is its published schema."""

_encode: Final = Encoder().encode


def checked(made: Iterable[T]) -> list[T]:
    """The outputs, each of them valid by its published model and written as that writes it."""
    found = list(made)
    for output in found:
        check_bytes(output)
    return found


def check_bytes(output: object) -> bytes:
    """The JSON of an output, once its published model reads it and writes the same again.

    Only an exponent above zero is written apart: 1e16 here, 1e+16 by pydantic.
    """
    written = _encode(output)
    if isinstance(output, CustomerMove):  # internal: nobody but its own decoder reads it
        assert decode_moves([written]) == [output]
        return written
    if isinstance(output, AlertStateDeleted):  # sent without a value
        return b""
    model = PAIRS.get(type(output))  # type: ignore[arg-type]
    assert model is not None, f"{type(output).__name__} has no published model"
    read = model.model_validate_json(written)
    expected = read.__pydantic_serializer__.to_json(read, exclude_none=True)
    assert written.replace(b"e+", b"e") == expected.replace(b"e+", b"e")
    return written

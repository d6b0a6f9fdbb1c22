"""The published JSON Schema of a customer's public record, and an example of one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from inspect import cleandoc
from typing import Any, Final

import msgspec

from schemas.figures.customer import CustomerFigures, decode

NAME: Final = CustomerFigures.__name__
Schema = dict[str, Any]


def schema() -> Schema:
    """The schema, standing alone, of what is written: every field is there, and no other.

    Readers take less: a field that this version does not know is passed over.
    """
    (_,), parts = msgspec.json.schema_components([CustomerFigures], ref_template="#/$defs/{name}")
    for part in parts.values():
        part["description"] = cleandoc(part["description"])
        part["required"] = list(part["properties"])
        part["additionalProperties"] = False
    return {**parts.pop(NAME), "$defs": parts}


@cache
def example() -> CustomerFigures:
    """A customer with something of everything."""
    return decode(files("schemas.figures").joinpath("example.json").read_bytes())

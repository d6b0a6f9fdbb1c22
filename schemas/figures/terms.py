"""What the figures of several subjects are made of: how a field is described, times, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from schemas.fields import OUTPUT_TIME


def says(description: str) -> Meta:
    """What a figure is, with its unit: the field's description in the published schema."""
    return Meta(description=description)


def among(names: Iterable[str]) -> Meta:
    """Names that the keys of an object are among, in the published schema."""
    return Meta(extra_json_schema={"propertyNames": {"enum": list(names)}})


Time = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": OUTPUT_TIME})]
"""RFC 3339 in UTC with milliseconds, such as 2026-03-02T10:00:00.000Z."""

Count = Annotated[int, Meta(ge=0)]
"""How many; never below 0."""

Reason = Annotated[str, says("Why the figure is what it is, or which input it lacks; a sentence.")]

"""Outputs that our own rules make by the thousand, built and written without pydantic's checks.

Validating what we have just made costs more than making it. So these are only checked where
`check` is set, as all tests do: every output that any of them makes is valid, says the same after
a validation, and is the same JSON as pydantic writes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from pydantic_core import PydanticUndefined

from schemas.fields import rfc3339
from schemas.outputs import CustomerTransition, Output, SegmentUpdate

T = TypeVar("T", CustomerTransition, SegmentUpdate)

check: Callable[[Output], None] | None = None
"""Asked for each output that is made; `None` outside of tests."""

_encode: Final = msgspec.json.Encoder().encode
_set: Final = object.__setattr__


def _template(kind: type[Output]) -> dict[str, Any]:
    """The fields in their order, with their defaults."""
    fields = kind.model_fields.items()
    return {
        name: None if field.default is PydanticUndefined else field.default
        for name, field in fields
    }


_templates: Final = {kind: _template(kind) for kind in (CustomerTransition, SegmentUpdate)}
_fields: Final = {kind: frozenset(template) for kind, template in _templates.items()}


def made(kind: type[T], **fields: Any) -> T:
    """An output of these fields, each already of the type that validation would give it.

    >>> from schemas.fields import moment
    >>> made(CustomerTransition, transition_id="t", customer_id="c", dimension="tier",
    ...     to_state="vip", occurred_at=moment(0), reason="-").late
    False
    """
    output = kind.__new__(kind)
    _set(output, "__dict__", {**_templates[kind], **fields})
    _set(output, "__pydantic_fields_set__", _fields[kind])
    _set(output, "__pydantic_extra__", None)
    _set(output, "__pydantic_private__", None)
    if check is not None:
        check(output)
    return output


def plain_json(output: Output) -> bytes:
    """Compact JSON of an output of these kinds; fields that are None are left out."""
    fields = {name: value for name, value in output.__dict__.items() if value is not None}
    fields["occurred_at"] = _text(fields["occurred_at"])
    return _encode(fields)


class _Texts:
    """The time last written: what a tick or a commit makes mostly bears the same."""

    __slots__ = ("moment", "text")

    def __init__(self) -> None:
        self.moment: datetime | None = None
        self.text = ""


_last: Final = _Texts()


def _text(moment: datetime) -> str:
    if moment is not _last.moment:
        _last.moment, _last.text = moment, rfc3339(moment)
    return _last.text


PLAIN: Final = frozenset(_templates)
"""What `plain_json` writes."""

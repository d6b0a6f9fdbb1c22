"""The fingerprint of stored forms: it moves when a field is appended to one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import inspect
from xxhash import xxh3_64_hexdigest


def fingerprint_of(forms: Iterable[type], numbers: Iterable[int] = ()) -> str:
    """16 hex digits of the fields of these Structs and tuples, by name, place and kind.

    Those of whatever they hold count as well. ``numbers`` are the forms' versions.

    >>> from typing import NamedTuple
    >>> class Point(NamedTuple):
    ...     x: int
    >>> class Named(NamedTuple):
    ...     x: int
    ...     name: str = ""
    >>> fingerprint_of([Point]) == fingerprint_of([Named])
    False
    """
    told: dict[str, str] = {}
    for form in inspect.multi_type_info(list(forms)):
        _tell(form, told)
    parts = [*(f"{name}({fields})" for name, fields in sorted(told.items())), *map(str, numbers)]
    return xxh3_64_hexdigest("\n".join(parts).encode())


def _tell(form: Any, told: dict[str, str]) -> str:
    """What a type is called; a Struct's or tuple's fields are told in ``told``."""
    if isinstance(form, inspect.StructType | inspect.NamedTupleType):
        name = form.cls.__name__
        if name not in told:
            told[name] = ""
            told[name] = ",".join(f"{one.name}:{_tell(one.type, told)}" for one in form.fields)
        return name
    kind = type(form).__name__.removesuffix("Type").lower()
    inner = [getattr(form, part, None) for part in ("key_type", "value_type", "item_type")]
    inner += [*getattr(form, "item_types", ()), *getattr(form, "types", ())]
    held = [_tell(one, told) for one in inner if isinstance(one, inspect.Type)]
    return f"{kind}[{','.join(held)}]" if held else kind

"""A policy's fingerprint: the same for the same numbers, however a file wrote them down."""

from __future__ import annotations

import json
from typing import Any

from xxhash import xxh3_64_hexdigest

from domain.policy.sections import Section


def fingerprint(policy: Section) -> str:
    """16 hex digits that depend on every field of a policy, and on nothing else.

    Not on the order of names in a file, on comments, on what was left to its default, nor on
    whether a number was written 1, 1.0 or 1e0. Another version gives the same while it has the
    same fields: with a field more there is a number more that customers are judged by. Fields by
    which nobody is judged (`Section.judges_nobody`) are left out: who gets the briefing.

    >>> from domain.policy.retention import Retention
    >>> fingerprint(Retention()) == fingerprint(Retention(input_days=15))
    True
    >>> fingerprint(Retention()) == fingerprint(Retention(input_days=16))
    False
    """
    plain = _plain(policy.model_dump(mode="json", exclude=set(policy.judges_nobody)))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return xxh3_64_hexdigest(text.encode())


def _plain(value: Any) -> Any:
    """Numbers as one kind, without a zero below zero; names sort when they are written."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0
    return value

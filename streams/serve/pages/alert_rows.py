"""A line of the desk: an alert's state as its template is given it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, get_args

import msgspec

from schemas.fields import Tier
from streams.readmodel.rows import AlertRow
from streams.serve.pages.templating import instant

RANK: Final = {tier: rank for rank, tier in enumerate(get_args(Tier))}
BLANK: Final = dict.fromkeys(
    ("owner_id", "segment", "priority_reason", "by", "note", "assignee", "due_at", "until", "late")
)
"""What a state need not say."""
NEXT: Final = {
    "open": ("acknowledged", "resolved"),
    "acknowledged": ("resolved", "reopened"),
    "snoozed": ("acknowledged", "reopened"),
    "resolved": ("reopened",),
    "settled": ("reopened",),
}
"""What a line offers at once: the likeliest step first."""


class Line(NamedTuple):
    """``order`` sorts as text as the read model sorts alerts; ``steps`` are actions it offers."""

    id: str
    order: str
    record: Mapping[str, Any]
    steps: tuple[str, ...]


def line(row: AlertRow) -> Line:
    """An alert's line.

    >>> state = '{"priority":2,"tier":"vip","raised_at":"1970-01-01T00:00:01Z","status":"open"}'
    >>> line(AlertRow("a1", "c-1", "open", state.encode())).order
    '21000000000001000a1'
    """
    record: dict[str, Any] = BLANK | msgspec.json.decode(row.value)
    raised = instant(record.get("raised_at")) or 0
    rank = RANK.get(record.get("tier", ""), 0)
    order = f"{record.get('priority', 5)}{len(RANK) - 1 - rank}{raised:015d}{row.alert_id}"
    return Line(row.alert_id, order, record, NEXT.get(row.status, ()))

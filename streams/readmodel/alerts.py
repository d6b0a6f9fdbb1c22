"""Lists of alerts, by what ``alert-states`` says of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from domain.kernel.scales import TIER_INDEX
from streams.readmodel import cursors
from streams.readmodel.rows import AlertFilter, AlertRow, Page

_ROW: Final = "id, customer, status, value"
_ROW_OF_ALERTS: Final = ", ".join(f"alerts.{name}" for name in _ROW.split(", "))


def found(
    connection: sqlite3.Connection, which: AlertFilter, cursor: str | None, limit: int
) -> Page:
    """Alerts by priority, tier (highest first), then age (oldest first). Raises ``BadCursor``."""
    where, values = _conditions(which)
    if cursor is not None:
        where.append("(priority, -tier, raised_at, id) > (?, ?, ?, ?)")
        values += cursors.load(cursor, int, int, int, str)
    rows = connection.execute(
        f"SELECT {_ROW}, priority, -tier, raised_at FROM alerts WHERE {' AND '.join(where)} "
        "ORDER BY priority, -tier, raised_at, id LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = cursors.dump(*rows[limit - 1][4:], rows[limit - 1][0]) if len(rows) > limit else None
    return Page([AlertRow(*row[:4]) for row in rows[:limit]], more)


def one(connection: sqlite3.Connection, alert_id: str) -> AlertRow | None:
    """An alert by its id or that of a later level."""
    row = connection.execute(
        f"SELECT {_ROW} FROM alerts WHERE id = ? OR "
        "id = (SELECT alert FROM levels WHERE levels.id = ?)",
        (alert_id, alert_id),
    ).fetchone()
    return None if row is None else AlertRow(*row)


def many(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, AlertRow]:
    """Alerts by each of these ids, of any level, that is known."""
    rows = connection.execute(
        f"SELECT asked.value, {_ROW_OF_ALERTS} FROM json_each(?) AS asked "
        "LEFT JOIN levels ON levels.id = asked.value "
        "JOIN alerts ON alerts.id = coalesce(levels.alert, asked.value)",
        (json.dumps(list(ids)),),
    )
    return {given: AlertRow(*row) for given, *row in rows}


def counts(connection: sqlite3.Connection, which: AlertFilter) -> dict[str, int]:
    """Alerts by status, and when the last of all was raised (``last_raised``, ms): of all of an
    owner, where one is asked for."""
    where, values = _conditions(which)
    condition = " AND ".join(where)
    found: dict[str, int] = dict(
        connection.execute(
            f"SELECT status, count(*) FROM alerts WHERE {condition} GROUP BY status", values
        )
    )
    mine, of = ("", ()) if which.owner_id is None else (" WHERE owner = ?", (which.owner_id,))
    (last,) = connection.execute(f"SELECT max(raised_at) FROM alerts{mine}", of).fetchone()
    return {**found, "last_raised": last or 0}


def _conditions(which: AlertFilter) -> tuple[list[str], list[Any]]:
    where = ["true"]
    values: list[Any] = []

    def among(column: str, wanted: Sequence[str | int]) -> None:
        if wanted:
            where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)

    among("status", which.status)
    among("kind", which.kind)
    among("tier", [TIER_INDEX.get(tier, -1) for tier in which.tier])
    among("priority", which.priority)
    among("segment", which.segment)
    for column, wanted in (
        ("owner", which.owner_id),
        ("assignee", which.assignee),
        ("customer", which.customer_id),
    ):
        if wanted is not None:
            where.append(f"{column} = ?")
            values.append(wanted)
    return where, values


__all__ = ["counts", "found", "many", "one"]

"""A customer's story: what came in and what came out, the newest first."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from schemas.topics import ALERT_STATES, CARE_TASKS, DEAD_LETTERS
from schemas.touchpoints import Care
from schemas.units import MS_PER_SECOND
from streams.readmodel import cursors
from streams.readmodel.rows import Moment, Page

INPUT, OUTPUT = 0, 1
# A dead letter is a line of its own only where its record is not here. How an alert stands is told
# by what was done about it, which came in.
_LINES: Final = f"""
WITH came AS (
  SELECT {INPUT} AS way, i.row AS row, i.topic AS topic, i.type AS type, i.at AS at,
    CASE WHEN i.small AND NOT :opened THEN day_of(i.at) END AS day,
    i.position < coalesce(c.next, 0) AS counted, r.reason AS refused, i.value AS value
  FROM inputs AS i
  LEFT JOIN counted AS c ON c.topic = i.topic AND c.number = i.number
  LEFT JOIN refused AS r
    ON r.topic = i.topic AND r.number = i.number AND r.position = i.position
  WHERE i.customer = :customer AND i.at >= :oldest
), folded AS (
  SELECT *, day IS NOT NULL AND day IS NOT :day AND counted AND refused IS NULL AS small FROM came
), lines AS (
  SELECT way, row, topic, type, max(at) AS at, counted, refused, count(*) AS count, value
  FROM folded WHERE small GROUP BY topic, day
  UNION ALL
  SELECT way, row, topic, type, at, counted, refused, 1, value FROM folded WHERE NOT small
  UNION ALL
  SELECT {OUTPUT}, row, topic, type, at, 1, CASE topic WHEN '{DEAD_LETTERS}' THEN type END, 1, value
  FROM outputs
  WHERE customer = :customer AND at >= :oldest AND topic <> '{ALERT_STATES}'
    AND (topic <> '{DEAD_LETTERS}' OR NOT EXISTS (
      SELECT 1 FROM inputs WHERE inputs.customer = :customer
        AND inputs.topic = json_extract(outputs.value, '$.source_topic')
        AND inputs.number = json_extract(outputs.value, '$.partition')
        AND inputs.position = json_extract(outputs.value, '$.offset')))
)
SELECT at, topic, type, counted, refused, count, value, way, row FROM lines
WHERE (at, way, row) < (:at, :way, :row)
ORDER BY at DESC, way DESC, row DESC LIMIT :limit
"""
_TASKS: Final = f"""
SELECT at, topic, type, value FROM outputs
WHERE customer = :customer AND topic = '{CARE_TASKS}'
UNION ALL
SELECT at, topic, type, value FROM inputs AS i
WHERE customer = :customer AND topic = :done AND NOT EXISTS (
  SELECT 1 FROM refused AS r
  WHERE r.topic = i.topic AND r.number = i.number AND r.position = i.position)
ORDER BY at
"""


def of(
    connection: sqlite3.Connection,
    customer_id: str,
    oldest: int,
    cursor: str | None,
    limit: int,
    *,
    opened: bool | date,
    zone: tzinfo = UTC,
) -> Page:
    """Moments since ``oldest`` (ms); of ``opened``, a day of ``zone`` or all, no line is of many.

    Raises :class:`streams.readmodel.cursors.BadCursor`.
    """

    def day_of(at: int) -> int:
        return datetime.fromtimestamp(at // MS_PER_SECOND, zone).toordinal()

    connection.create_function("day_of", 1, day_of)
    day = opened.toordinal() if isinstance(opened, date) else None
    at, way, row = (1 << 62, 0, 0) if cursor is None else cursors.load(cursor, int, int, int)
    rows = connection.execute(
        _LINES,
        {
            "customer": customer_id, "oldest": oldest, "opened": opened is True, "day": day,
            "at": at, "way": way, "row": row, "limit": limit + 1,
        },
    ).fetchall()  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else cursors.dump(last[0], last[7], last[8])
    return Page(
        [
            Moment(at, topic, kind, bool(counted), refused, count, value)
            for at, topic, kind, counted, refused, count, value, _, _ in rows[:limit]
        ],
        more,
    )


def tasks(connection: sqlite3.Connection, customer_id: str) -> list[Moment]:
    """All that is kept of a customer's care tasks and of what was done about them, by time."""
    rows = connection.execute(_TASKS, {"customer": customer_id, "done": Care.topic})
    return [Moment(at, topic, kind, True, None, 1, value) for at, topic, kind, value in rows]


__all__ = ["of", "tasks"]

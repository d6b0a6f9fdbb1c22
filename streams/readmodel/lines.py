"""Outputs and events on their way into the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final

from domain.assembly.erasures import digest_of
from schemas.deadletter import Fetched
from schemas.fields import milliseconds
from schemas.topics import ALERT_STATES, ALERTS
from streams.readmodel.told import (
    Happened,
    Letter,
    State,
    came_about,
    gone,
    happened,
    nameless,
    raised,
    told,
)
from streams.readmodel.whose import Whose

Row = tuple[object, ...]

SAY: Final = (
    "INSERT OR IGNORE INTO outputs "
    "(topic, number, position, customer, at, type, value, owner_before) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
ALERT: Final = "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LEVEL: Final = "INSERT OR REPLACE INTO levels VALUES (?, ?, ?)"
REFUSE: Final = "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)"
OWNER: Final = "SELECT owner FROM alerts WHERE id = ? ORDER BY number <> ? LIMIT 1"
"""Of a merged customer's alert it stands in the partition that it lay in before."""
NAME: Final = "INSERT OR IGNORE INTO names VALUES (?, ?)"
"""By it an erasure that comes long after finds whose rows have to go."""
ELSEWHERE: Final = "SELECT 1 FROM alerts WHERE id = ? AND number <> ?"
HAPPEN: Final = (
    "INSERT INTO inputs (topic, number, position, customer, at, type, small, value) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def take_outputs(
    connection: sqlite3.Connection,
    topic: str,
    number: int,
    records: Iterable[Fetched],
    whose: Whose,
    *,
    oldest: int = 0,
) -> None:
    """Keep these outputs, in their order, but for those of customers erased since.

    Of what came before ``oldest`` (ms) only how alerts stand. A dead letter whose customer is not
    known, or lives in a partition that is not held, is kept without the record that it is of: no
    erasure would find that.
    """
    rows: list[Row] = []
    alerts: dict[str, Row | None] = {}
    owners: dict[str, str | None] = {}
    levels: list[Row] = []
    refused: list[Row] = []
    for record in records:
        value = record.value
        old = 0 < record.timestamp < oldest
        if value is None:
            if topic == ALERT_STATES and record.key is not None:
                alert_id = record.key.decode(errors="replace")
                alerts[alert_id] = owners[alert_id] = None
                rows += [] if old else _gone(connection, number, record, alert_id)
            continue
        said = told(topic, value)
        if said is None:
            continue
        customer, at = said.customer_id, came_about(said.at, record.timestamp)
        if customer is not None and not whose.may_come_out(customer, at):
            continue
        if isinstance(said, Letter) and (customer is None or not whose.held.has(customer)):
            customer, value = None, nameless(said)
        before: str | None = None
        if isinstance(said, State):
            before = _owner_before(connection, number, said, owners)
            owners[said.alert_id] = said.owner_id
            alerts[said.alert_id] = _alert(number, said, value)
            if said.newest_id != said.alert_id:
                levels.append((said.newest_id, said.alert_id, number))
        elif isinstance(said, Letter):
            source = said.source_topic, said.partition, said.offset
            refused.append((*source, said.reason, customer, at))
        elif topic == ALERTS:
            again = raised(value)
            if again is not None and again.raises_again:
                levels.append((again.alert_id, again.raises_again, number))
        if not old:
            rows.append((topic, number, record.offset, customer, at, said.type, value, before))
    known = [row[2] for row in alerts.values() if row is not None]
    _name(connection, [*known, *(row[3] for row in rows), *(row[4] for row in refused)])
    connection.executemany(SAY, rows)
    connection.executemany(REFUSE, refused)
    connection.executemany(LEVEL, levels)
    connection.executemany(ALERT, [row for row in alerts.values() if row is not None])
    # that of a merged id may lie in another partition too, and stays there
    dropped = [(alert_id, number) for alert_id, row in alerts.items() if row is None]
    connection.executemany("DELETE FROM alerts WHERE id = ? AND number = ?", dropped)
    connection.executemany("DELETE FROM levels WHERE alert = ? AND number = ?", dropped)


def take_inputs(
    connection: sqlite3.Connection,
    topic: str,
    number: int,
    records: Iterable[Fetched],
    *,
    whose: Whose,
    small_amount: float,
) -> None:
    """Keep these events for timelines; transactions below ``small_amount`` are small ones.

    An event in a partition that is not its customer's is left out where the right one is not held.
    """
    rows: list[Row] = []
    for record in records:
        try:
            customer = (record.key or b"").decode()
        except UnicodeDecodeError:
            continue
        if not customer or not whose.held.has(customer):
            continue
        event = happened(record.value)
        at = max(record.timestamp, 0)
        if event is not None:
            at = came_about(milliseconds(event.occurred_at), at)
        if not whose.may_come_in(customer, at):
            continue
        kind, small = ("", False) if event is None else (event.type, _small(event, small_amount))
        value = record.value or b""
        rows.append((topic, number, record.offset, customer, at, kind, small, value))
    _name(connection, (row[3] for row in rows))
    connection.executemany(HAPPEN, rows)


def _name(connection: sqlite3.Connection, customers: Iterable[object]) -> None:
    names = {str(each) for each in customers if each is not None}
    connection.executemany(NAME, [(digest_of(each), each) for each in names])


def _small(event: Happened, amount: float) -> bool:
    """Whether an event is one of many: of a day such are one line, unless opened.

    An error in the app is not: it is a moment of its own.
    """
    if event.type == "transaction":
        return event.amount is not None and event.amount < amount
    return event.type == "app_click" and event.action != "error"


def _gone(connection: sqlite3.Connection, number: int, record: Fetched, alert_id: str) -> list[Row]:
    """What is told of a state that was deleted: nothing where its customer was merged, and it goes
    on in another partition."""
    if connection.execute(ELSEWHERE, (alert_id, number)).fetchone():
        return []
    at = max(record.timestamp, 0)
    return [(ALERT_STATES, number, record.offset, None, at, "deleted", gone(alert_id), None)]


def _owner_before(
    connection: sqlite3.Connection, number: int, state: State, owners: Mapping[str, str | None]
) -> str | None:
    """Whose customer's an alert was by its record before this one, unless it is so still.

    ``owners`` are those of records that are not in the file yet.
    """
    if state.alert_id in owners:
        before = owners[state.alert_id]
    else:
        found = connection.execute(OWNER, (state.alert_id, number)).fetchone()
        before = None if found is None else found[0]
    return None if before == state.owner_id else before


def _alert(number: int, state: State, value: bytes) -> Row:
    return (
        state.alert_id, number, state.customer_id, state.status, state.kind, state.tier_index,
        state.owner_id, state.assignee, state.priority, state.segment,
        milliseconds(state.raised_at), value,
    )  # fmt: skip


__all__ = ["take_inputs", "take_outputs"]

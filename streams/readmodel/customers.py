"""Lists of customers, their segments and their complaints."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.complaints.figures import complaint_figures
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.scales import TIER_INDEX, TIERS
from domain.money.balances import balance_of
from domain.relationship.customer_state import STATES
from streams.engine.placing import partition_of
from streams.readmodel import cursors
from streams.readmodel.loading import Loading
from streams.readmodel.rows import CustomerFilter, Found, Page, Whole
from streams.readmodel.tables import partitions

_ROW: Final = "id, number, tier, segment, owner, state, complaints_open"
_OPEN: Final = "SELECT count(*) FROM alerts WHERE customer = ? AND status = 'open'"
LAST: Final = "\U0010ffff"


def found(
    connection: sqlite3.Connection,
    loading: Loading,
    which: CustomerFilter,
    cursor: str | None,
    limit: int,
) -> Page:
    """Customers by id. Raises :class:`streams.readmodel.cursors.BadCursor`."""
    where, values = _conditions(which)
    if cursor is not None:
        after, number = cursors.load(cursor, str, int)
        where.append("(id, number) > (?, ?)")
        values += [after, number]
    rows = connection.execute(
        f"SELECT {_ROW} FROM customers WHERE {' AND '.join(where)} ORDER BY id, number LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = cursors.dump(*rows[limit - 1][:2]) if len(rows) > limit else None
    return Page([_found(connection, loading, row) for row in rows[:limit]], more)


def members(connection: sqlite3.Connection, loading: Loading, segment: str) -> Iterator[Whole]:
    """Everybody in a segment, by id."""
    rows = connection.execute(
        "SELECT id, number FROM customers WHERE segment = ? ORDER BY id, number",
        (segment,),
    )
    for customer_id, number in rows:
        whole = loading.whole(connection, number, customer_id)
        if whole is not None:
            yield whole


def owners(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Of those of these customers that have an owner, whose they are."""
    # +: one search for each customer, not one for each of its possible partitions
    rows = connection.execute(
        "SELECT id, number, owner FROM customers WHERE owner IS NOT NULL "
        "AND id IN (SELECT value FROM json_each(?)) "
        "AND +number IN (SELECT number FROM partitions WHERE shown)",
        (json.dumps(list(ids)),),
    ).fetchall()
    count = partitions(connection) or 1
    return {each: owner for each, number, owner in rows
            if number == partition_of(each.encode(), count)}  # fmt: skip


def complaints(
    connection: sqlite3.Connection,
    loading: Loading,
    cursor: str | None,
    limit: int,
    *,
    open_only: bool,
    owner_id: str | None = None,
) -> Page:
    """Complaints of all customers: by customer, then as in the customer's figures."""
    column = "complaints_open" if open_only else "complaints"
    after, number, at = ("", -1, -1) if cursor is None else cursors.load(cursor, str, int, int)
    rows = connection.execute(
        f"SELECT id, number FROM customers WHERE {column} > 0 AND (id, number) >= (?, ?) "
        "AND (? IS NULL OR owner = ?) ORDER BY id, number",
        (after, number, owner_id, owner_id),
    )
    listed: list[dict[str, Any]] = []
    last: tuple[str, int, int] = ("", -1, -1)
    for customer_id, place in rows:
        loaded = loading.state(connection, place, customer_id)
        if loaded is None:
            continue
        for index, one in enumerate(complaint_figures(loaded.state, loaded.as_of, loading.policy)):
            told = msgspec.to_builtins(one)
            if (customer_id, place, index) <= (after, number, at):
                continue
            if open_only and not told["open"]:
                continue
            if len(listed) == limit:
                return Page(listed, cursors.dump(*last))
            listed.append({"customer_id": customer_id, **told})
            last = customer_id, place, index
    return Page(listed, None)


def _conditions(which: CustomerFilter) -> tuple[list[str], list[Any]]:
    where = ["true"]
    values: list[Any] = []

    def among(column: str, wanted: Sequence[str | int]) -> None:
        where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
        values.extend(wanted)

    if which.prefix:
        where.append("id >= ? AND id < ?")
        values.extend((which.prefix, which.prefix + LAST))
    if which.tier:
        among("tier", [TIER_INDEX.get(tier, -1) for tier in which.tier])
    if which.segment:
        among("segment", which.segment)
    if which.state:
        among("state", [STATES.index(state) if state in STATES else -1 for state in which.state])
    if which.owner_id is not None:
        where.append("owner = ?")
        values.append(which.owner_id)
    if which.complaint_open is not None:
        where.append("complaints_open > 0" if which.complaint_open else "complaints_open = 0")
    return where, values


def _found(connection: sqlite3.Connection, loading: Loading, row: tuple[Any, ...]) -> Found:
    """A row, with what is worked out as of now: a balance, how satisfied, how many alerts."""
    customer_id, number, tier, segment, owner, state, waiting = row
    balance = felt = None
    loaded = loading.state(connection, number, customer_id)
    if loaded is not None:
        balance = balance_of(loaded.state)
        felt = satisfaction.level(
            loaded.state, loading.policy, max(loaded.as_of, loaded.state.core.newest)
        )
    (alerts,) = connection.execute(_OPEN, (customer_id,)).fetchone()
    return Found(
        customer_id=customer_id,
        tier=TIERS[tier],
        segment=segment or None,
        owner_id=owner,
        state=STATES[state],
        balance=balance,
        satisfaction=felt,
        complaints_open=waiting,
        alerts_open=alerts,
    )


__all__ = ["complaints", "found", "members", "owners"]

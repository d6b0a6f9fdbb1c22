"""The read model's file as it lies there, read without the product's questions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from schemas.standings import STANDINGS_KEY
from schemas.topics import PORTFOLIO
from streams.readmodel.directory import current, directory_of
from streams.readmodel.keys import TOGETHER, unpack
from streams.readmodel.rows import Positions
from streams.settings import Settings


class Stand(NamedTuple):
    """Where the file stands: by topic and partition what was read, what is counted."""

    positions: Positions
    counted: Positions
    version: int


class Seen(NamedTuple):
    """All that is judged of one moment of the file."""

    stand: Stand
    shown: list[int]
    records: dict[int, dict[bytes, bytes]]
    outputs: Sequence[tuple[str, int, int, str | None, bytes]]
    alerts: list[tuple[str, int, bytes]]
    refused: list[tuple[str, int, int, str, str | None]]
    inputs: list[tuple[str, int, int, str, bytes]]


@contextmanager
def _moment(settings: Settings) -> Iterator[sqlite3.Connection | None]:
    """The file in force at one moment, if there is one."""
    path = current(directory_of(settings))
    if path is None or not path.exists():
        yield None
        return
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10.0)) as connection:
        connection.execute("BEGIN")
        yield connection


def _stand(connection: sqlite3.Connection) -> Stand:
    positions = connection.execute("SELECT topic, number, next FROM positions")
    counted = connection.execute("SELECT topic, number, next FROM counted")
    asked = "SELECT version FROM newest WHERE topic = ? AND key = ?"
    version = connection.execute(asked, (PORTFOLIO, STANDINGS_KEY))
    return Stand(
        {(topic, number): offset for topic, number, offset in positions},
        {(topic, number): offset for topic, number, offset in counted},
        max((number for (number,) in version), default=0),
    )


def stand_of(settings: Settings, number: int) -> Stand | None:
    """Where one partition stands, if it is shown."""
    with _moment(settings) as connection:
        if connection is None:
            return None
        asked = "SELECT 1 FROM partitions WHERE shown AND number = ?"
        if connection.execute(asked, (number,)).fetchone() is None:
            return None
        stand = _stand(connection)
        positions = {place: at for place, at in stand.positions.items() if place[1] == number}
        counted = {place: at for place, at in stand.counted.items() if place[1] == number}
        return Stand(positions, counted, stand.version)


def seen_of(settings: Settings) -> Seen | None:
    with _moment(settings) as connection:
        if connection is None:
            return None
        ask = connection.execute
        shown = {number for (number,) in ask("SELECT number FROM partitions WHERE shown")}
        records: dict[int, dict[bytes, bytes]] = {number: {} for number in shown}
        for number, owner, short, value in ask("SELECT * FROM records"):
            together = unpack(value) if short == TOGETHER and owner else {short: value}
            for each, kept in together.items():
                records[number][each + owner] = kept
        where = f"FROM {{}} WHERE number IN ({','.join(map(str, shown)) or 'NULL'})"
        rows = {
            table: ask(f"SELECT {columns} {where.format(table)}").fetchall()
            for table, columns in (
                ("outputs", "topic, number, position, customer, value"),
                ("alerts", "id, number, value"),
                ("refused", "topic, number, position, reason, customer"),
                ("inputs", "topic, number, position, customer, value"),
            )
        }
        return Seen(_stand(connection), sorted(shown), records, **rows)

"""The tables of the file, and connections to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from streams.readmodel.keys import NOBODY

FORM: Final = 6
"""Raised with any change of the tables or of what is in them: older files are built again."""
PAGE_BYTES: Final = 8192
BUSY_SECONDS: Final = 10.0
WRITE_SECONDS: Final = 0.1
CLOSED: Final = "closed"
"""In ``meta`` where whoever wrote last let go of the file in good order."""
MADE: Final = "made"
"""In ``meta``: when the file was begun, from nothing (ms)."""
UNCLEARED: Final = "uncleared"
"""In ``meta`` while something of who was erased may be in SQLite's log."""

TORN: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
"""What says that the file itself is spoilt."""
PRIMARY: Final = 0xFF
"""Of an error's code, what its kind is."""

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE partitions (
  number INTEGER PRIMARY KEY, shown INTEGER NOT NULL DEFAULT 0,
  clock INTEGER NOT NULL DEFAULT 0, current_at INTEGER NOT NULL DEFAULT 0,
  behind INTEGER NOT NULL DEFAULT 0, inputs_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE topics (topic TEXT PRIMARY KEY, id BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE positions (
  topic TEXT, number INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, number)) WITHOUT ROWID;
CREATE TABLE counted (
  topic TEXT, number INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, number)) WITHOUT ROWID;

CREATE TABLE records (
  number INTEGER, owner BLOB, short BLOB, value BLOB NOT NULL,
  PRIMARY KEY (number, owner, short)) WITHOUT ROWID;
CREATE TABLE customers (
  id TEXT, number INTEGER, tier INTEGER NOT NULL, segment TEXT NOT NULL, state INTEGER NOT NULL,
  complaints INTEGER NOT NULL, complaints_open INTEGER NOT NULL, complaint_due INTEGER NOT NULL,
  owner TEXT, PRIMARY KEY (id, number)) WITHOUT ROWID;
CREATE INDEX customers_by_segment ON customers (segment, id);
CREATE INDEX customers_by_owner ON customers (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX customers_complaining ON customers (id) WHERE complaints > 0;
CREATE INDEX customers_waiting ON customers (id) WHERE complaints_open > 0;

CREATE TABLE outputs (
  row INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, number INTEGER NOT NULL,
  position INTEGER NOT NULL, customer TEXT, at INTEGER NOT NULL, type TEXT NOT NULL,
  value BLOB NOT NULL, owner_before TEXT, UNIQUE (topic, number, position));
CREATE INDEX outputs_of_customer ON outputs (customer, at) WHERE customer IS NOT NULL;
CREATE TABLE refused (
  topic TEXT, number INTEGER, position INTEGER, reason TEXT NOT NULL, customer TEXT,
  at INTEGER NOT NULL, PRIMARY KEY (topic, number, position)) WITHOUT ROWID;
CREATE INDEX refused_of_customer ON refused (customer) WHERE customer IS NOT NULL;
CREATE INDEX refused_by_age ON refused (at);

CREATE TABLE alerts (
  id TEXT, number INTEGER NOT NULL, customer TEXT NOT NULL, status TEXT NOT NULL,
  kind TEXT NOT NULL, tier INTEGER NOT NULL, owner TEXT, assignee TEXT, priority INTEGER NOT NULL,
  segment TEXT, raised_at INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (id, number)) WITHOUT ROWID;
CREATE INDEX alerts_by_status ON alerts (status, priority, tier DESC, raised_at, id);
CREATE INDEX alerts_of_customer ON alerts (customer, status);
CREATE INDEX alerts_by_age ON alerts (raised_at);
CREATE TABLE levels (
  id TEXT, alert TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (id, number)) WITHOUT ROWID;
CREATE INDEX levels_of_alert ON levels (alert);

CREATE TABLE newest (
  topic TEXT, key BLOB, version INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (topic, key)) WITHOUT ROWID;

CREATE TABLE inputs (
  row INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
  customer TEXT NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, small INTEGER NOT NULL,
  value BLOB NOT NULL);
CREATE INDEX inputs_of_customer ON inputs (customer, at);

CREATE TABLE names (digest BLOB PRIMARY KEY, customer TEXT NOT NULL) WITHOUT ROWID;
"""


def make(path: Path) -> sqlite3.Connection:
    """A new file with empty tables, to be written."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {FORM}; COMMIT;")
    path.chmod(0o600)
    return _for_writing(connection)


def write(path: Path) -> sqlite3.Connection:
    """The file, to be written; it waits long for others until :func:`opened`.

    Raises ``sqlite3.Error``.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return _for_writing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS))


def opened(connection: sqlite3.Connection) -> None:
    """From here on writing waits for no reader."""
    connection.execute(f"PRAGMA busy_timeout = {round(WRITE_SECONDS * 1000)}")


def read(path: Path) -> sqlite3.Connection:
    """The file, to be read by one thread. Raises ``sqlite3.Error``."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -2048")
    return connection


def partitions(connection: sqlite3.Connection) -> int | None:
    """How many the topics have; ``None`` before the follower has begun."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'partitions'").fetchone()
    return None if row is None else int(row[0])


def of_nobody(
    connection: sqlite3.Connection, number: int, prefix: bytes
) -> Iterable[tuple[bytes, bytes]]:
    """Keys and values of a partition's records that are no customer's and whose keys begin so."""
    behind = prefix[:-1] + bytes((prefix[-1] + 1,))
    return connection.execute(
        "SELECT short, value FROM records WHERE number = ? AND owner = ? AND short >= ? "
        "AND short < ?",
        (number, NOBODY, prefix, behind),
    )


def torn(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is spoilt."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY in TORN


def nothing() -> sqlite3.Connection:
    """An empty file in memory, for who asks before there is one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLES)
    return connection


def _for_writing(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


__all__ = [
    "CLOSED",
    "FORM",
    "MADE",
    "UNCLEARED",
    "make",
    "nothing",
    "of_nobody",
    "opened",
    "partitions",
    "read",
    "torn",
    "write",
]

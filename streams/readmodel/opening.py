"""Opening the file that is there, or making a new one: with the reason, where there was one."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from domain.policy import Policy
from streams.readmodel import tables
from streams.readmodel.directory import BROKEN, current, next_file, put_in_force
from streams.readmodel.file import ModelFile
from streams.topics.wanted import TOMBSTONE_DAYS

OLDEST_SECONDS: Final = TOMBSTONE_DAYS * 86_400 / 2
"""A file that nobody followed for longer may miss deletions: Kafka forgets them in time."""

PASSING: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    )
)
"""What says nothing of the file: it is tried again."""

Meta = Mapping[str, str]


class Unfit(Exception):
    """The file does not serve, and is built again; the message says why."""


async def look_through(directory: Path) -> None:
    """See whether the file in force is torn, unless it was closed in good order.

    That reads all of it, so it is done aside. Raises :class:`Unfit`, and
    ``sqlite3.OperationalError`` where it cannot be read just now.
    """
    path = current(directory)
    if path is None or not path.exists() or (directory / BROKEN).exists():
        return
    try:
        connection = tables.read(path)
        try:
            await asyncio.to_thread(_look_through, connection)
        except asyncio.CancelledError:
            connection.interrupt()
            raise
    except sqlite3.Error as error:
        raise _judged(error) from error


def _look_through(connection: sqlite3.Connection) -> None:
    with closing(connection):
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form != tables.FORM:
            return  # who opens it will say so
        if connection.execute("SELECT 1 FROM meta WHERE name = ?", (tables.CLOSED,)).fetchone():
            return
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise Unfit("it is torn")


def _judged(error: sqlite3.Error) -> Exception:
    """What an error tells of a file: that it is torn, unless it may be gone in a moment."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return error if code & tables.PRIMARY in PASSING else Unfit(f"it is torn ({error})")


def open_file(directory: Path, meta: Meta, policy: Policy) -> ModelFile:
    """The file in force, which has to be of this ``meta``. Raises :class:`Unfit`, and
    ``sqlite3.OperationalError`` where it cannot be opened just now."""
    path = current(directory)
    if path is None or not path.exists():
        raise Unfit("there is none yet")
    if (directory / BROKEN).exists():
        raise Unfit("a reader found it torn")
    try:
        connection = tables.write(path)
    except sqlite3.Error as error:
        raise _judged(error) from error
    try:
        _check(connection, meta)
        return ModelFile(path, connection, policy)
    except sqlite3.Error as error:
        connection.close()
        raise _judged(error) from error
    except Unfit:
        connection.close()
        raise


def make_file(directory: Path, meta: Meta, held: Iterable[int], policy: Policy) -> ModelFile:
    """A new file, which readers find from now on; it shows no partition yet."""
    path = next_file(directory)
    connection = tables.make(path)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute(
        "INSERT INTO meta VALUES (?, ?)", (tables.MADE, str(time.time_ns() // 10**6))
    )
    connection.executemany("INSERT INTO partitions (number) VALUES (?)", [(one,) for one in held])
    connection.execute("COMMIT")
    put_in_force(path)
    (directory / BROKEN).unlink(missing_ok=True)
    return ModelFile(path, connection, policy)


def _check(connection: sqlite3.Connection, meta: Meta) -> None:
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    if form != tables.FORM:
        raise Unfit(f"it is of form {form}, this version's is {tables.FORM}")
    had = dict(connection.execute("SELECT name, value FROM meta"))
    for name, value in meta.items():
        if had.get(name) != value:
            raise Unfit(f"its {name} was {had.get(name)}, now it is {value}")
    (stamped,) = connection.execute("SELECT max(current_at) FROM partitions").fetchone()
    if not stamped:
        raise Unfit("it was never finished")
    if time.time() - stamped / 1000 > OLDEST_SECONDS:
        raise Unfit("nobody followed for so long that Kafka may have forgotten deletions")


__all__ = ["Unfit", "look_through", "make_file", "open_file"]

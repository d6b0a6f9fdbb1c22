"""Connections to the file in force, which are let go of when another one is."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

from schemas.errors import OperatingError
from streams.readmodel import tables
from streams.readmodel.directory import BROKEN, CURRENT, current


class NotReadable(OperatingError):
    """The file cannot be read just now; the follower builds another where it is torn."""


class NoFile(Exception):
    """The follower has not begun."""


class Connections:
    """Connections to the file in force, each for one question at a time and kept for the next.

    Whichever thread asks, those to a file that is not in force any more are closed: what was in it
    is on the disk as long as anybody holds it open.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._current = str(directory / CURRENT)  # looked at for each question
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._of: tuple[int, int] | None = None

    @property
    def file(self) -> object:
        """Which file is in force, as of the last question: equal as long as it is the same."""
        return self._of

    def get(self) -> tuple[sqlite3.Connection, object]:
        """A connection to the file in force, and which that is.

        Raises :class:`NoFile` and :class:`NotReadable`.
        """
        try:
            stat = os.stat(self._current)
        except FileNotFoundError:
            self.close()
            raise NoFile from None
        except OSError as error:
            raise _not_now(error) from error
        of = stat.st_ino, stat.st_mtime_ns
        with self._lock:
            if of != self._of:
                self._let_go()
                self._of = of
            if self._idle:
                return self._idle.pop(), of
        return self.apart(), of

    def apart(self) -> sqlite3.Connection:
        """Another connection to the file in force, to be closed by whoever asked."""
        try:
            path = current(self._directory)
        except OSError as error:
            raise _not_now(error) from error
        if path is None or not path.exists():
            raise NoFile
        with self._judged():
            try:
                return tables.read(path)
            except sqlite3.OperationalError:
                if path.exists():
                    raise
                raise NoFile from None

    def close(self) -> None:
        """Let go of the file; what a question is just asked by is closed behind it."""
        with self._lock:
            self._let_go()
            self._of = None

    def moment(self) -> AbstractContextManager[sqlite3.Connection]:
        """Read at one moment: what comes meanwhile is not seen. Raises :class:`NoFile`."""
        return _Moment(self, or_nothing=False)

    def moment_if_any(self) -> AbstractContextManager[sqlite3.Connection]:
        """The same; of an empty file before there is one."""
        return _Moment(self, or_nothing=True)

    @contextmanager
    def one_moment(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """The same by a connection of one's own."""
        with self._judged():
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _over(connection)

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """What SQLite raises as :class:`NotReadable`."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.judged(error) from error

    def judged(self, error: sqlite3.Error) -> NotReadable:
        """What SQLite raised, as whoever asked is told; a file that is torn is told to be."""
        if not tables.torn(error):
            return _not_now(error)
        with contextlib.suppress(OSError):
            (self._directory / BROKEN).touch()
        return NotReadable("the read model is torn, and is built again")

    def put_back(self, connection: sqlite3.Connection, of: object) -> None:
        """Keep a connection for the next question, if it is to the file in force."""
        with self._lock:
            if of == self._of and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Moment:
    """One moment of the file: entered for each question, so it is no generator within others."""

    __slots__ = ("_connection", "_connections", "_of", "_or_nothing")

    _connection: sqlite3.Connection

    def __init__(self, connections: Connections, *, or_nothing: bool) -> None:
        self._connections, self._or_nothing = connections, or_nothing
        self._of: object = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection, self._of = self._connections.get()
        except NoFile:
            if not self._or_nothing:
                raise
            self._connection = tables.nothing()
            return self._connection
        try:
            self._connection.execute("BEGIN")
        except sqlite3.Error as error:
            self._connections.put_back(self._connection, self._of)
            raise self._connections.judged(error) from error
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._of is None:
            self._connection.close()
            return
        try:
            _over(self._connection)
        except sqlite3.Error as error:
            raised = error
        finally:
            self._connections.put_back(self._connection, self._of)
        if isinstance(raised, sqlite3.Error):
            raise self._connections.judged(raised) from raised


def _over(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("COMMIT")


def _not_now(error: Exception) -> NotReadable:
    return NotReadable(f"the read model cannot be read just now ({error})")


__all__ = ["Connections", "NoFile", "NotReadable"]

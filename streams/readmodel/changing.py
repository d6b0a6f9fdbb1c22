"""What comes out, told to whoever listens: one look at the file for all of them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from streams.readmodel.connections import Connections, NoFile, NotReadable
from streams.readmodel.rows import Change, Positions

POLL_SECONDS: Final = 0.05
MOST_UNTAKEN: Final = 40
"""Looks of which a listener may have taken nothing."""
MOST_ROWS: Final = 1_000
"""Of one look; the next one goes on at once."""
_ROW: Final = "row, topic, number, position, customer, value, owner_before"


class Resync(Exception):
    """What a listener knows may lack something: it was too slow, or the file was built again."""


def since(
    connection: sqlite3.Connection, positions: Positions, topics: Sequence[str], limit: int
) -> list[Change]:
    """What came out after these positions; of a partition that they do not name, everything."""
    rows: list[tuple[int, str, int, int, str | None, bytes, str | None]] = []
    numbers = [number for (number,) in connection.execute("SELECT number FROM partitions")]
    for topic in topics:
        for number in numbers:
            rows += connection.execute(
                f"SELECT {_ROW} FROM outputs WHERE topic = ? AND number = ? AND position >= ? "
                "ORDER BY position LIMIT ?",
                (topic, number, positions.get((topic, number), 0), limit),
            )
    # of one partition the order of positions is that of rows
    rows.sort()
    return [Change(*row) for row in rows[:limit]]


Listener = asyncio.Queue[list[Change] | None]


class Changing:
    """Looks at the file so often while anybody listens, and tells what came to all.

    ``connections`` are its own: one alone is ever used, whose version of the data is compared.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._listeners: dict[Listener, frozenset[str]] = {}
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    async def changes(self, topics: Iterable[str]) -> AsyncIterator[list[Change]]:
        """What comes out from now on. Raises :class:`Resync`."""
        queue: Listener = asyncio.Queue(MOST_UNTAKEN)
        self._listeners[queue] = frozenset(topics)
        self._look_on()
        try:
            while (changes := await queue.get()) is not None:
                yield changes
            raise Resync
        finally:
            self._listeners.pop(queue, None)

    async def moved(self, seconds: float) -> None:
        """Wait until something came into the file, so long at most."""
        self._waiting += 1
        self._look_on()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._moved.wait()
        finally:
            self._waiting -= 1

    def _look_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="read-model-changes")

    async def _look(self) -> None:
        # what comes from here on is told; the looks themselves are no work of the loop, and of one
        # thread, whose connection knows what it has seen
        aside, loop = ThreadPoolExecutor(1, "read-model-changes"), asyncio.get_running_loop()
        try:
            look = _Look(self._connections)
            while self._listeners or self._waiting:
                moved, changes = await loop.run_in_executor(aside, look)
                if moved:
                    self._moved.set()
                    self._moved = asyncio.Event()
                self._tell(changes)
                more = changes is not None and len(changes) == MOST_ROWS
                await asyncio.sleep(0 if more else POLL_SECONDS)
        except Exception:
            self._tell(None)  # whoever listens would wait for ever
            raise
        finally:
            aside.shutdown(wait=False)
            self._connections.close()

    def _tell(self, changes: list[Change] | None) -> None:
        for queue, topics in list(self._listeners.items()):
            if changes is None:
                self._lose(queue)
            elif mine := [change for change in changes if change.topic in topics]:
                try:
                    queue.put_nowait(mine)
                except asyncio.QueueFull:
                    self._lose(queue)

    def _lose(self, queue: Listener) -> None:
        """Let a listener begin anew."""
        del self._listeners[queue]
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


class _Look:
    """One look after the other: whether anything moved, and the new rows.

    ``None`` in place of rows: it is another file than before, or the first that could be read, so
    what was told before may be wrong or lack something.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: sqlite3.Connection | None = None
        self._file: object = None
        self._version, self._last = -1, 0
        with suppress(NoFile, NotReadable), connections.moment() as connection:
            self._file, self._last = connections.file, _last(connection)

    def __call__(self) -> tuple[bool, list[Change] | None]:
        """At most ``MOST_ROWS`` rows; so many: there may be more."""
        try:
            with self._connections.moment() as connection:
                if connection is not self._connection:  # its version says nothing of another's
                    self._connection, self._version = connection, -1
                if self._connections.file != self._file:
                    self._file, self._last = self._connections.file, _last(connection)
                    return True, None
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version == self._version:
                    return False, []
                if connection.execute("SELECT 1 FROM partitions WHERE NOT shown").fetchone():
                    self._version = version
                    self._last = _last(connection)  # what came long ago is no news
                    return True, []
                rows = connection.execute(
                    f"SELECT {_ROW} FROM outputs WHERE row > ? ORDER BY row LIMIT ?",
                    (self._last, MOST_ROWS),
                ).fetchall()
        except (NoFile, NotReadable):
            return False, []
        changes = [Change(*row) for row in rows]
        if changes:
            self._last = changes[-1].row
        if len(changes) < MOST_ROWS:
            self._version = version
        return True, changes


def _last(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT max(row) FROM outputs").fetchone()
    return last or 0


__all__ = ["Changing", "Resync", "since"]

"""The file as its follower writes it: every change of it is one transaction of SQLite.

What is given to one transaction must be a moment that may be seen: state only up to a checkpoint,
with the outputs up to there. Raises ``sqlite3.Error`` where the file does not serve any more.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from schemas.deadletter import Fetched
from streams.engine.checkpoint import Checkpoint
from streams.readmodel import leaving, lines, records
from streams.readmodel.marks import MARK, Marks
from streams.readmodel.tables import CLOSED, UNCLEARED, of_nobody, opened, partitions
from streams.readmodel.whose import Held, Whose

SMALL_SHARE: Final = 0.01
"""A transaction below this share of what the policy calls large is one of many."""

CLEAR_SECONDS: Final = 0.5
"""How often it is tried to empty SQLite's log while a reader holds it."""


class Standing(NamedTuple):
    """How current a partition is: since when (ms), and by how many records behind."""

    current_at: int
    behind: int


class ModelFile:
    """The file, open for writing. ``next`` is where to read on, by topic and partition number."""

    def __init__(self, path: Path, connection: sqlite3.Connection, policy: Policy) -> None:
        self.path = path
        self._connection = connection
        self._execute = connection.execute
        self._many = connection.executemany
        self._keep_ms = policy.erasure.keep_ms
        self._small_amount = policy.alerts.large_transaction * SMALL_SHARE
        self._marks = Marks(self._keep_ms)
        self._sweeping = leaving.Sweeping()
        self._to_clear, self._cleared = True, 0.0
        self.next: dict[tuple[str, int], int] = {
            (topic, number): following
            for topic, number, following in self._execute("SELECT * FROM positions")
        }
        self.topic_ids: dict[str, bytes] = dict(self._execute("SELECT topic, id FROM topics"))
        self._whose = Whose(self._marks, self._held())
        self._read_marks()

    def close(self, *, whole: bool = False) -> None:
        """Close it; what was not committed is undone. ``whole`` says that nothing is wrong with it,
        so that it need not be looked through when it is opened again."""
        if whole:
            with suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._execute("ROLLBACK")
                self._execute("INSERT OR REPLACE INTO meta VALUES (?, '')", (CLOSED,))
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done inside is seen together, or not at all."""
        self._execute("BEGIN IMMEDIATE")
        before = dict(self.next)
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            self.next = before
            if self._connection.in_transaction:
                self._execute("ROLLBACK")
            raise
        if self._to_clear and time.monotonic() - self._cleared >= CLEAR_SECONDS:
            self.clear()

    # -- where it stands ---------------------------------------------------------------

    def begin(self, ids: Mapping[str, bytes], meta: Mapping[str, str]) -> None:
        """Keep the ids of the topics that are read, and whose file it is."""
        with self.transaction():
            self.topic_ids.update(ids)
            self._many("INSERT OR REPLACE INTO topics VALUES (?, ?)", ids.items())
            self._many("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
            self._execute("DELETE FROM meta WHERE name = ?", (CLOSED,))
        opened(self._connection)

    def move(self, topic: str, number: int, following: int) -> None:
        """All of a partition before ``following`` is in the file."""
        if self.next.get((topic, number)) != following:
            self.next[topic, number] = following
            self._execute(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (topic, number, following)
            )

    def show(self, number: int) -> None:
        """Let a partition be seen."""
        self._execute("UPDATE partitions SET shown = 1 WHERE number = ?", (number,))

    def stamp(self, standings: Mapping[int, Standing]) -> None:
        """Say how current each partition is."""
        self._many(
            "UPDATE partitions SET current_at = ?, behind = ? WHERE number = ?",
            [(one.current_at, one.behind, number) for number, one in standings.items()],
        )

    def stamp_inputs(self, current_at: Mapping[int, int]) -> None:
        """Say since when (ms) timelines of each partition have all that came in."""
        self._many(
            "UPDATE partitions SET inputs_at = ? WHERE number = ?",
            [(at, number) for number, at in current_at.items()],
        )

    # -- what comes in ---------------------------------------------------------------------

    def take_records(self, number: int, came: Mapping[bytes, bytes | None]) -> None:
        """Keep these records of a partition's changelog; ``None`` deletes one."""
        gone = records.take(self._connection, number, came)
        if news := self._marks.take(number, came.items()):
            leaving.erase(self._connection, self._marks, news, gone)
            self._execute("INSERT OR REPLACE INTO meta VALUES (?, '')", (UNCLEARED,))
            self._to_clear = True

    def own_all(self, number: int) -> None:
        """Find the owners of a partition's customers anew."""
        records.own_all(self._connection, number)

    def take_checkpoint(self, number: int, checkpoint: Checkpoint) -> None:
        """Note how far the partition's worker has come."""
        self._execute(
            "UPDATE partitions SET clock = ? WHERE number = ?", (checkpoint.clock, number)
        )
        self._many(
            "INSERT OR REPLACE INTO counted VALUES (?, ?, ?)",
            [(topic, number, offset) for topic, offset in checkpoint.next_offsets.items()],
        )

    def take_outputs(
        self, topic: str, number: int, came: Iterable[Fetched], oldest: int = 0
    ) -> None:
        """Keep these outputs, in their order; of what came before ``oldest`` (ms) only how alerts
        stand."""
        lines.take_outputs(self._connection, topic, number, came, self._whose, oldest=oldest)

    def take_inputs(self, topic: str, number: int, came: Iterable[Fetched]) -> None:
        """Keep these events for the timelines of their customers."""
        lines.take_inputs(
            self._connection,
            topic,
            number,
            came,
            whose=self._whose,
            small_amount=self._small_amount,
        )

    def take_newest(self, topic: str, key: bytes, version: int, value: bytes) -> None:
        """Keep a record that is made over all customers, unless a newer one is known."""
        self._execute(
            "INSERT INTO newest VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "version = excluded.version, value = excluded.value WHERE excluded.version > version",
            (topic, key, version, value),
        )

    # -- what leaves -----------------------------------------------------------------------

    def sweep(self, days: int, *, wall: bool) -> None:
        """Delete what is older than so many days, some rows at each call; every second."""
        if wall:
            now = time.time_ns() // 1_000_000
        else:
            (now,) = self._execute("SELECT max(clock) FROM partitions").fetchone()
        self._sweeping.sweep(self._connection, (now or 0) - days * MS_PER_DAY)

    def clear(self) -> bool:
        """Let nothing that was deleted stay in SQLite's log; false where a reader holds it."""
        self._cleared = time.monotonic()
        busy, _, _ = self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._to_clear = bool(busy)
        if not busy:
            self._execute("DELETE FROM meta WHERE name = ?", (UNCLEARED,))
        return not busy

    # -- inside ----------------------------------------------------------------------------

    def _held(self) -> Held:
        numbers = frozenset(number for (number,) in self._execute("SELECT number FROM partitions"))
        return Held(partitions(self._connection) or 0, numbers)

    def _read_marks(self) -> None:
        for number in self._whose.held.numbers:
            self._marks.take(number, of_nobody(self._connection, number, MARK))


__all__ = ["ModelFile", "Standing"]

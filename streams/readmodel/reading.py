"""Questions to the read model. Every call opens no connection to Kafka and is done in milliseconds.

One instance for a process; safe from several threads (each question has a connection to SQLite).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, tzinfo
from typing import Final

from domain.assembly.erasures import digest_of
from domain.policy import Policy, load_policy
from schemas.units import MS_PER_DAY
from streams.engine.placing import partition_of
from streams.readmodel import alerts, changing, customers, tables, timeline
from streams.readmodel.changing import Changing
from streams.readmodel.connections import Connections, NoFile, NotReadable
from streams.readmodel.directory import directory_of
from streams.readmodel.keys import split
from streams.readmodel.loading import Loaded, Loading, Part
from streams.readmodel.marks import MARK
from streams.readmodel.places import STREAMS
from streams.readmodel.rows import (
    AlertFilter,
    AlertRow,
    Change,
    Currency,
    CustomerFilter,
    Moment,
    Page,
    Positions,
    Uncounted,
    Whole,
)
from streams.readmodel.shards import siblings
from streams.readmodel.tables import MADE, UNCLEARED
from streams.settings import Settings

LOOK_SECONDS = 0.5
BUILDING: Final = "the read model is being built"
LACKING_SECONDS: Final = 10.0
"""So long ago at most all events of a partition were in, or its timelines lack some."""
NEWEST_EVENTS: Final = 500
"""Among so many it is looked whether any waits to be counted."""


class NotHere(Exception):
    """The partition is held by a sibling; ``address`` says where, empty where nobody says."""

    def __init__(self, partition: int, address: str) -> None:
        self.partition, self.address = partition, address
        super().__init__(f"partition {partition} is held by {address or 'nobody we know of'}")


class ReadModel:
    """The file of a follower, read. All methods but ``changes`` and ``counted`` are blocking.

    Raises :class:`streams.readmodel.connections.NotReadable` where the file cannot be read just
    now, or is still being built: lists ask all partitions that are held, of one customer its own.
    Only how current it is and positions are told before. Raises
    :class:`streams.readmodel.cursors.BadCursor` for a cursor that no list gave.
    """

    def __init__(
        self, settings: Settings, policy: Policy | None = None, *, at: int | None = None
    ) -> None:
        """By the policy of the settings and of now, unless given others (``at`` in ms)."""
        self._settings = settings
        self._connections = Connections(directory_of(settings))
        self._loading = Loading(
            load_policy(settings.policy) if policy is None else policy,
            wall=settings.clock == "wall",
            at=at,
        )
        self._changing = Changing(Connections(directory_of(settings)))

    # -- how current -------------------------------------------------------------------

    def currency(self) -> list[Currency]:
        """Of each partition held, by number; empty before the follower has begun.

        One that is still being built is as old as time itself.
        """
        now = time.time_ns() // 1_000_000
        with self._connections.moment_if_any() as connection:
            rows = connection.execute(
                "SELECT number, shown, current_at, behind FROM partitions ORDER BY number"
            )
            return [
                Currency(number, max(0, now - (at if shown else 0)) / 1000, behind)
                for number, shown, at, behind in rows
            ]

    def uncounted(self) -> list[Uncounted]:
        """Partitions with events that no checkpoint counts, as far as the newest events tell."""
        with self._connections.moment_if_any() as connection:
            return [Uncounted(*row) for row in connection.execute(_UNCOUNTED, (NEWEST_EVENTS,))]

    def positions(self) -> Positions:
        """What has been taken into account: inputs by the checkpoints, outputs by what was read."""
        with self._connections.moment_if_any() as connection:
            return _positions(connection)

    async def counted(self, after: Positions, seconds: float) -> bool:
        """Wait until all of ``after`` counts; false where it did not within ``seconds``."""
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(self._counts, after):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            await self._changing.moved(min(left, LOOK_SECONDS))
        return True

    def _counts(self, after: Positions) -> bool:
        have = self.positions()
        return all(have.get(place, 0) >= offset for place, offset in after.items())

    def made_at(self) -> int:
        """When the file was begun, from nothing (ms); 0 before that."""
        with self._connections.moment_if_any() as connection:
            asked = "SELECT value FROM meta WHERE name = ?"
            row = connection.execute(asked, (MADE,)).fetchone()
            return 0 if row is None else int(row[0])

    # -- customers ---------------------------------------------------------------------

    def customer(self, customer_id: str) -> Whole | None:
        """One customer, decoded by the worker's own code. Raises :class:`NotHere`."""
        with self._connections.moment_if_any() as connection:
            number = self._place(connection, customer_id)
            return self._loading.whole(connection, number, customer_id)

    def state(self, customer_id: str) -> Loaded | None:
        """A customer's state as it was committed, for what figures do not tell."""
        with self._connections.moment_if_any() as connection:
            number = self._place(connection, customer_id)
            return self._loading.state(connection, number, customer_id)

    def erased(self, customer_id: str) -> bool:
        """Whether a customer was erased, as long as that is remembered."""
        owner, short = split(MARK + digest_of(customer_id))
        with self._connections.moment_if_any() as connection:
            number = self._place(connection, customer_id)
            marked = connection.execute(
                "SELECT 1 FROM records WHERE number = ? AND owner = ? AND short = ?",
                (number, owner, short),
            )
            return marked.fetchone() is not None

    def owners(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Whose customers these are: those that have an owner and are held here."""
        with self._connections.moment_if_any() as connection:
            return customers.owners(connection, customer_ids)

    def cleared(self) -> bool:
        """Whether nothing of whoever was erased is left in SQLite's log."""
        with self._connections.moment_if_any() as connection:
            asked = "SELECT 1 FROM meta WHERE name = ?"
            return connection.execute(asked, (UNCLEARED,)).fetchone() is None

    def customers(self, which: CustomerFilter, cursor: str | None, limit: int) -> Page:
        """Rows of :class:`Found`, by id."""
        with self._built() as connection:
            return customers.found(connection, self._loading, which, cursor, limit)

    def members(self, segment: str) -> tuple[Positions, Iterator[Whole]]:
        """Every customer of a segment at one moment, and the position that is true of."""
        with ExitStack() as stack:
            connection = stack.enter_context(self._apart())
            return _positions(connection), self._members(connection, stack.pop_all(), segment)

    def parts(self) -> Iterator[Part]:
        """Every partition of one moment, by number; each is to be gone through before the next."""
        with self._apart() as connection:
            numbers = connection.execute("SELECT number FROM partitions").fetchall()
            for (number,) in sorted(numbers):
                yield self._loading.part(connection, number)

    def _members(
        self, connection: sqlite3.Connection, moment: ExitStack, segment: str
    ) -> Iterator[Whole]:
        with moment:
            yield from customers.members(connection, self._loading, segment)

    def lacks_events(self, customer_id: str) -> bool:
        """Whether events of the customer's partition lie in Kafka that timelines do not have."""
        since = time.time_ns() // 1_000_000 - round(LACKING_SECONDS * 1000)
        with self._connections.moment_if_any() as connection:
            number = self._place(connection, customer_id)
            asked = "SELECT inputs_at < ? FROM partitions WHERE number = ?"
            (lacks,) = connection.execute(asked, (since, number)).fetchone()
            return bool(lacks)

    def timeline(
        self,
        customer_id: str,
        cursor: str | None,
        limit: int,
        *,
        opened: bool | date,
        zone: tzinfo = UTC,
    ) -> Page:
        """Rows of :class:`Moment`, newest first; a day of ``zone`` has its small ones in one line.

        ``opened``: no day's lines are drawn together, or not those of this day.
        """
        days = self._settings.serve.timeline_days
        with self._connections.moment_if_any() as connection:
            number = self._place(connection, customer_id)
            oldest = self._loading.as_of(connection, number) - days * MS_PER_DAY
            return timeline.of(
                connection, customer_id, oldest, cursor, limit, opened=opened, zone=zone
            )

    def tasks(self, customer_id: str) -> list[Moment]:
        """All that is kept of a customer's care tasks and what was done about them, by time."""
        with self._connections.moment_if_any() as connection:
            self._place(connection, customer_id)
            return timeline.tasks(connection, customer_id)

    # -- what somebody acts on -----------------------------------------------------------

    def alerts(self, which: AlertFilter, cursor: str | None, limit: int) -> Page:
        """Rows of :class:`AlertRow`: by priority, tier (highest first), then age (oldest first)."""
        with self._built() as connection:
            return alerts.found(connection, which, cursor, limit)

    def alert(self, alert_id: str) -> AlertRow | None:
        """One alert by its id or that of a later level."""
        with self._built() as connection:
            return alerts.one(connection, alert_id)

    def alerts_by_id(self, ids: Sequence[str]) -> dict[str, AlertRow]:
        """Those of these alerts that are known, by the ids that were asked for."""
        with self._built() as connection:
            return alerts.many(connection, ids)

    def alert_counts(self, which: AlertFilter) -> dict[str, int]:
        """Alerts by status, and ``last_raised`` (ms; 0 for never) of all whatever their status."""
        with self._built() as connection:
            return alerts.counts(connection, which)

    def complaints(
        self, cursor: str | None, limit: int, *, open_only: bool, owner_id: str | None = None
    ) -> Page:
        """Complaints of all customers: dicts as in a customer's figures, with ``customer_id``.

        With ``owner_id`` only of this relationship manager's customers.
        """
        with self._built() as connection:
            return customers.complaints(
                connection, self._loading, cursor, limit, open_only=open_only, owner_id=owner_id
            )

    def newest(self, topic: str) -> list[bytes]:
        """The newest record of each key of a compacted topic: models, standings, issues."""
        with self._built() as connection:
            rows = connection.execute(
                "SELECT value FROM newest WHERE topic = ? ORDER BY key", (topic,)
            )
            return [value for (value,) in rows]

    # -- what changes --------------------------------------------------------------------

    def changed(self, since: Positions, topics: Sequence[str], limit: int) -> list[Change]:
        """What came out after these positions, in the order it was read.

        Of a partition that they do not name, everything that is kept.
        """
        with self._connections.moment_if_any() as connection:
            return changing.since(connection, since, topics, limit)

    def changes(self, topics: Sequence[str]) -> AsyncIterator[list[Change]]:
        """What comes out from now on, a list whenever there is something.

        Raises :class:`streams.readmodel.changing.Resync` where something was not told.
        """
        return self._changing.changes(topics)

    # -- where -----------------------------------------------------------------------------

    def siblings(self) -> list[str]:
        """The addresses of those who hold other partitions; none before the follower has begun."""
        with self._connections.moment_if_any() as connection:
            partitions = tables.partitions(connection)
        found = {} if partitions is None else siblings(self._settings, partitions)
        return sorted(set(found.values()))

    # -- inside --------------------------------------------------------------------------

    @contextmanager
    def _built(self) -> Iterator[sqlite3.Connection]:
        """One moment of all partitions that are held."""
        with self._connections.moment_if_any() as connection:
            yield _shown(connection)

    @contextmanager
    def _apart(self) -> Iterator[sqlite3.Connection]:
        """The same by a connection of its own, for what takes long."""
        try:
            connection = self._connections.apart()
        except NoFile:
            raise NotReadable(BUILDING) from None
        with closing(connection), self._connections.one_moment(connection):
            yield _shown(connection)

    def _place(self, connection: sqlite3.Connection, customer_id: str) -> int:
        """The partition of a customer, if it may be seen."""
        partitions = tables.partitions(connection)
        if partitions is None:
            raise NotReadable(BUILDING)
        number = partition_of(customer_id.encode(), partitions)
        row = connection.execute(
            "SELECT shown FROM partitions WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise NotHere(number, siblings(self._settings, partitions).get(number, ""))
        if not row[0]:
            raise NotReadable(BUILDING)
        return number


_UNCOUNTED: Final = """
SELECT number, count(*), (SELECT sum(next) FROM counted AS c WHERE c.number = i.number)
FROM (SELECT topic, number, position FROM inputs ORDER BY row DESC LIMIT ?) AS i
LEFT JOIN counted USING (topic, number)
WHERE i.position >= coalesce(next, 0) GROUP BY number ORDER BY number
"""


def _shown(connection: sqlite3.Connection) -> sqlite3.Connection:
    """This one, if no partition that is held is still being built."""
    (shown,) = connection.execute("SELECT min(shown) FROM partitions").fetchone()
    if not shown:
        raise NotReadable(BUILDING)
    return connection


def _positions(connection: sqlite3.Connection) -> Positions:
    rows = connection.execute(
        "SELECT topic, number, next FROM positions WHERE topic IN "
        f"({', '.join('?' * len(STREAMS))}) UNION ALL SELECT topic, number, next FROM counted",
        STREAMS,
    )
    return {(topic, number): following for topic, number, following in rows}


__all__ = ["NotHere", "ReadModel"]

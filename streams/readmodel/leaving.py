"""What leaves the file: what is too old, and everything of customers who were erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from domain.assembly.erasures import digest_of
from streams.readmodel.marks import Marks

ERASE: Final = (
    "DELETE FROM inputs WHERE customer = :customer AND at <= :inputs",
    "DELETE FROM outputs WHERE customer = :customer AND at <= :outputs",
    "DELETE FROM levels WHERE alert IN "
    "(SELECT id FROM alerts WHERE customer = :customer AND raised_at <= :outputs)",
    "DELETE FROM alerts WHERE customer = :customer AND raised_at <= :outputs",
    "DELETE FROM refused WHERE customer = :customer AND at <= :outputs",
    "DELETE FROM names WHERE customer = :customer AND digest = :digest AND NOT EXISTS "
    "(SELECT 1 FROM inputs WHERE customer = :customer) AND NOT EXISTS "
    "(SELECT 1 FROM outputs WHERE customer = :customer) AND NOT EXISTS "
    "(SELECT 1 FROM alerts WHERE customer = :customer) AND NOT EXISTS "
    "(SELECT 1 FROM refused WHERE customer = :customer)",
)
SWEEP_ROWS: Final = 1_000
SECONDS_PER_DAY: Final = 86_400


def erase(
    connection: sqlite3.Connection, marks: Marks, digests: set[bytes], gone: Iterable[str]
) -> None:
    """Let nothing stay of the customers with these digests from before they were erased.

    ``gone`` are customers whose state went in the same moment.
    """
    found = {customer for customer in gone if digest_of(customer) in digests}
    for digest in digests:  # read long after: who it was is known from what is here
        found.update(
            name
            for (name,) in connection.execute(
                "SELECT customer FROM names WHERE digest = ?", (digest,)
            )
        )
    for customer in found:
        until = marks.until(customer)._asdict()
        values = {"customer": customer, "digest": digest_of(customer), **until}
        for statement in ERASE:
            connection.execute(statement, values)


class Sweeping:
    """Deletes what is too old, some rows at each call: all are looked at within a day."""

    def __init__(self) -> None:
        self._next = {"inputs": 0, "outputs": 0}

    def sweep(self, connection: sqlite3.Connection, oldest: int) -> None:
        """Look at the next rows; ``oldest`` (ms) may stay. To be called every second."""
        for table, first in self._next.items():
            (last,) = connection.execute(f"SELECT max(row) FROM {table}").fetchone()
            behind = first + max(SWEEP_ROWS, (last or 0) // SECONDS_PER_DAY)
            connection.execute(
                f"DELETE FROM {table} WHERE row >= ? AND row < ? AND at < ?",
                (first, behind, oldest),
            )
            self._next[table] = 0 if behind > (last or 0) else behind
        connection.execute("DELETE FROM refused WHERE at < ?", (oldest,))


__all__ = ["Sweeping", "erase"]

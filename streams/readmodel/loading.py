"""Customers as the file has them, decoded by the workers' own code."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import NamedTuple

from agents.customers import customers
from agents.modelling import AnyModelling
from agents.propensity import propensity
from agents.standings import standings
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from schemas.figures import CustomerFigures
from streams.engine.checkpoint import SHARED_PREFIX
from streams.readmodel.keys import TOGETHER, split, unpack
from streams.readmodel.rows import Whole
from streams.readmodel.tables import of_nobody

_OF = "SELECT short, value FROM records WHERE number = ? AND owner = ?"
_EVERYBODY = "SELECT id FROM customers WHERE number = ? ORDER BY id"

Versions = tuple[int | None, ...]


class Loaded(NamedTuple):
    """A customer's state, and of when it is told (ms)."""

    state: Customer
    as_of: int


class Part(NamedTuple):
    """A partition: of when it is told (ms), what it keeps over its customers, and those by id."""

    number: int
    as_of: int
    context: Context
    customers: Iterator[Whole]


class Loading:
    """Decodes customers under a policy; ``wall``: told of now, else of the partition's clock.

    ``at`` (ms) tells of another time.
    """

    def __init__(self, policy: Policy, *, wall: bool, at: int | None = None) -> None:
        self.policy = policy
        self._topology = customers(policy)
        self._common: tuple[AnyModelling, ...] = (standings(policy), propensity(policy))
        self._wall = wall
        self._at = at
        # by the versions of the records that it was made with; replaced as one, for all threads
        self._made: tuple[Versions, Context] = (), self._topology.context({})

    def state(self, connection: sqlite3.Connection, number: int, customer_id: str) -> Loaded | None:
        """The customer's state, if the partition has any."""
        owner = customer_id.encode()
        found = dict(connection.execute(_OF, (number, owner)))
        together = found.pop(TOGETHER, None)
        if together is not None:
            found.update(unpack(together))

        def get(key: bytes) -> bytes | None:
            return found.get(split(key)[1])

        state = Customer.load(customer_id, get)
        return None if state is None else Loaded(state, self.as_of(connection, number))

    def whole(self, connection: sqlite3.Connection, number: int, customer_id: str) -> Whole | None:
        """The customer as everybody is told of it."""
        loaded = self.state(connection, number, customer_id)
        if loaded is None:
            return None
        state, as_of = loaded
        figures = self._topology.export(state, as_of, self.context(connection))
        if figures is None:
            return None
        assert isinstance(figures, CustomerFigures)
        return Whole(customer_id, figures, as_of)

    def context(self, connection: sqlite3.Connection) -> Context:
        """What figures follow from besides the customer: the newest records over all customers."""
        rows = [
            connection.execute(
                "SELECT version, value FROM newest WHERE topic = ? AND key = ?",
                (each.target, each.key),
            ).fetchone()
            for each in self._common
        ]
        versions = tuple(None if row is None else row[0] for row in rows)
        made, context = self._made
        if versions != made:
            context = self._topology.context({})
            population = self._topology.population(context, {})
            for each, row in zip(self._common, rows, strict=True):
                if row is not None and population is not None:
                    population.adopt(each.load_record(row[1]))
            self._made = versions, context
        return context

    def part(self, connection: sqlite3.Connection, number: int) -> Part:
        """All of a partition, of one moment of the connection."""
        as_of = self.as_of(connection, number)
        skip, rows = len(SHARED_PREFIX), of_nobody(connection, number, SHARED_PREFIX)
        shared = self._topology.context({key[skip:]: value for key, value in rows})
        ids = connection.execute(_EVERYBODY, (number,)).fetchall()
        wholes = (self.whole(connection, number, customer_id) for (customer_id,) in ids)
        return Part(number, as_of, shared, (one for one in wholes if one is not None))

    def as_of(self, connection: sqlite3.Connection, number: int) -> int:
        """Of when a partition's customers are told (ms)."""
        if self._at is not None:
            return self._at
        row = connection.execute(
            "SELECT clock FROM partitions WHERE number = ?", (number,)
        ).fetchone()
        clock = 0 if row is None else int(row[0])
        return max(clock, time.time_ns() // 1_000_000) if self._wall else clock


__all__ = ["Loaded", "Loading", "Part"]

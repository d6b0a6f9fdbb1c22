"""What is done to a partition, as values: a record of them, played again, does the same.

Whoever runs a partition says what is to be done by a :class:`Doing` and gives it to a
:class:`Does`: the plain one (:func:`unwatched`), or one that notes it and passes it on.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, TypeVar

from agents.topology import C, E, S
from schemas.common import CommonRecord
from streams.engine.inbox import Taken
from streams.engine.partition import Drained, Opening, Partition

Told = TypeVar("Told")
Told_co = TypeVar("Told_co", covariant=True)


class Doing(Protocol[E, Told_co]):
    """Something to be done to a partition of events ``E``, which tells ``Told_co`` of it."""

    def to(self, partition: Partition[E, S, C], /) -> Told_co:
        """Do it."""


class Does(Protocol[E]):
    """Does what it is given."""

    def __call__(self, doing: Doing[E, Told], /) -> Told: ...


class Watch(Protocol):
    """Says through what a partition is worked that was just opened."""

    def __call__(self, partition: Partition[E, S, C], opening: Opening, /) -> Does[E]: ...


def unwatched(partition: Partition[E, S, C], opening: Opening | None = None) -> Does[E]:
    """What a doing says is done, and nothing is noted of it."""

    def do(doing: Doing[E, Told]) -> Told:
        return doing.to(partition)

    return do


class Take(NamedTuple, Generic[E]):
    """Apply waiting records that were taken out of the inbox, at wall time ``wall`` (ms)."""

    taken: Taken[E]
    wall: int

    def to(self, partition: Partition[E, S, C]) -> None:
        """Do it. Raises :class:`streams.engine.defects.RuleFailed`, as all but the last three."""
        partition.take(self.taken, self.wall)


class Advance(NamedTuple):
    """Move the task clock on to ``now`` (ms)."""

    now: int

    def to(self, partition: Partition[E, S, C]) -> None:
        """Do it."""
        partition.advance(self.now)


class Settle(NamedTuple):
    """Let the population work out what moved; ``at_rest``: nothing more is at hand."""

    at_rest: bool = False

    def to(self, partition: Partition[E, S, C]) -> None:
        """Do it."""
        partition.settle(self.at_rest)


class Work(NamedTuple):
    """A slice of long work."""

    def to(self, partition: Partition[E, S, C]) -> None:
        """Do it."""
        partition.work()


class Adopt(NamedTuple):
    """Take a newer record of its kind into use."""

    record: CommonRecord

    def to(self, partition: Partition[E, S, C]) -> str | None:
        """Do it; why it is refused, or ``None``."""
        return partition.adopt(self.record)


class Summarise(NamedTuple):
    """Send a snapshot of each kind of which there is news, as one of so many ``partitions``."""

    partitions: int

    def to(self, partition: Partition[E, S, C]) -> None:
        """Do it."""
        partition.summarise(self.partitions)


class Drain(NamedTuple):
    """Give out all that is for one transaction, which is about to be committed."""

    def to(self, partition: Partition[E, S, C]) -> Drained:
        """Do it."""
        return partition.drain()


class Land(NamedTuple):
    """Know that what was drained last is committed."""

    def to(self, partition: Partition[E, S, C]) -> None:
        """Nothing: only a record goes by it."""

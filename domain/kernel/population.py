"""What is worked out over all customers of a partition: the one seam of its kinds and the engine.

A kind (segments, standings in value, complaints by hour) is a :class:`Population`; the engine
runs all of them :class:`Together`, and takes what each says as :class:`Changed`. It lies at the
ground of the domain, generic over the state: each kind is above it, and it needs nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from schemas.common import CommonRecord
from schemas.outputs import Output

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)
O_co = TypeVar("O_co", bound=Output, covariant=True)
R_contra = TypeVar("R_contra", bound=CommonRecord, contravariant=True)

Open = Callable[[str], S]
"""Gives the state of a key."""
Opened = Callable[[str], S | None]
"""Gives the state of a key where it is open already."""
RecordOf = Callable[[str], bytes | None]
"""Gives the main record of a key, as bytes, where it is known."""


class Changed(NamedTuple, Generic[S_co, O_co]):
    """A customer whose state changed without an event of its own, and what is to be sent.

    Without a ``state`` it was not opened: ``records`` of it are to be written as they are.
    """

    key: str
    state: S_co | None
    outputs: Sequence[O_co]
    records: Sequence[tuple[bytes, bytes | None]] = ()


class Population(Protocol[S, R_contra]):
    """One kind, over states ``S``; ``R_contra`` is the record made of all partitions' snapshots.

    Times are in ms. Nothing here may depend on how events were cut into batches.
    """

    def ripe(self, now: int) -> bool:
        """Whether to tick although more events wait."""

    def due(self, now: int, at_rest: bool) -> bool:
        """Whether a tick would find anything to do; ``at_rest``: nothing more is at hand."""

    def tick(self, now: int, open_: Open[S]) -> Sequence[Changed[S, Output]]:
        """Work out what moved up to ``now``; the customers that changed by it."""

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""

    def work(self, now: int, open_: Open[S], opened: Opened[S]) -> Sequence[Changed[S, Output]]:
        """One bounded slice of long work."""

    def restore(self, keys: Iterable[str], record_of: RecordOf, /) -> None:
        """Take in the customers of a restored store, in later slices of work."""

    def adopt(self, record: R_contra, /) -> str | None:
        """Take a newer record into use; why it is refused, or ``None``."""

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """A snapshot that replaces the partition's last one; ``None`` without news."""

    def memory(self) -> int:
        """Bytes that grow with the customers, about."""


AnyPopulation = Population[S, Any]
"""One of several looked after as one: each takes records of a class of its own, and which is known
by a record's kind alone."""


class Together(Generic[S]):
    """Populations by the kind of the record that is made of their snapshots."""

    __slots__ = ("_all", "_by_kind")

    def __init__(self, by_kind: Mapping[str, AnyPopulation[S]]) -> None:
        self._by_kind = by_kind
        self._all = tuple(by_kind.values())

    def ripe(self, now: int) -> bool:
        """Whether any is to tick although more events wait."""
        for one in self._all:  # noqa: SIM110 - asked for at nearly every event of a backlog
            if one.ripe(now):
                return True
        return False

    def due(self, now: int, at_rest: bool) -> bool:
        """Whether a tick would find anything to do."""
        return any(one.due(now, at_rest) for one in self._all)

    def tick(self, now: int, open_: Open[S], at_rest: bool) -> Sequence[Changed[S, Output]]:
        """Let each that is due work out what moved up to ``now``; who changed by it."""
        due = [one for one in self._all if one.due(now, at_rest)]
        return list(chain.from_iterable(one.tick(now, open_) for one in due))

    @property
    def busy(self) -> bool:
        """Whether any has long work left to do."""
        return any(one.busy for one in self._all)

    def work(self, now: int, open_: Open[S], opened: Opened[S]) -> Sequence[Changed[S, Output]]:
        """One slice of the first that has work."""
        for one in self._all:
            if one.busy:
                return one.work(now, open_, opened)
        return ()

    def restore(self, keys: Iterable[str], record_of: RecordOf) -> None:
        """Let each take in the customers of a restored store."""
        known = list(keys)
        for one in self._all:
            one.restore(known, record_of)

    def memory(self) -> dict[str, int]:
        """Bytes that grow with the customers, about, by kind."""
        return {kind: one.memory() for kind, one in self._by_kind.items()}

    def adopt(self, record: CommonRecord) -> str | None:
        """Give a record to the population of its kind; one of no kind here is left aside."""
        population = self._by_kind.get(record.kind)
        return None if population is None else population.adopt(record)

    def summaries(self, number: int, clock: int, partitions: int) -> Iterable[tuple[str, bytes]]:
        """Kind and snapshot of each that has news."""
        for kind, one in self._by_kind.items():
            snapshot = one.summary(number, clock, partitions)
            if snapshot is not None:
                yield kind, snapshot

"""What is worked out over all customers of a partition: several kinds, looked after as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

Open = Callable[[str], Any]
Opened = Callable[[str], Any | None]


class Population(Protocol):
    """One kind. Times are in ms; ``open_`` gives the state of a customer, ``opened`` that of one
    whose state is open already.

    Nothing here may depend on how events were cut into batches.
    """

    def ripe(self, now: int) -> bool:
        """Whether to tick although more events wait."""

    def due(self, now: int, at_rest: bool) -> bool:
        """Whether a tick would find anything to do; ``at_rest``: nothing more is at hand."""

    def tick(self, now: int, open_: Open) -> Sequence[Any]:
        """Work out what moved up to ``now``; the customers that changed by it."""

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""

    def work(self, now: int, open_: Open, opened: Opened) -> Sequence[Any]:
        """One bounded slice of long work."""

    def restore(self, keys: Iterable[str], record_of: Callable[[str], bytes | None]) -> None:
        """Take in the customers of a restored store, in later slices of work."""

    def adopt(self, record: Any) -> str | None:
        """Take a newer record into use; why it is refused, or ``None``."""

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """A snapshot that replaces the partition's last one; ``None`` without news."""


class Together:
    """Populations by the kind of the record that is made of their snapshots."""

    __slots__ = ("_all", "_by_kind")

    def __init__(self, by_kind: Mapping[str, Population]) -> None:
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

    def tick(self, now: int, open_: Open, at_rest: bool) -> list[Any]:
        """Let each that is due work out what moved up to ``now``; who changed by it."""
        due = [one for one in self._all if one.due(now, at_rest)]
        return list(chain.from_iterable(one.tick(now, open_) for one in due))

    @property
    def busy(self) -> bool:
        """Whether any has long work left to do."""
        return any(one.busy for one in self._all)

    def work(self, now: int, open_: Open, opened: Opened) -> Sequence[Any]:
        """One slice of the first that has work."""
        for one in self._all:
            if one.busy:
                return one.work(now, open_, opened)
        return ()

    def restore(self, keys: Iterable[str], record_of: Callable[[str], bytes | None]) -> None:
        """Let each take in the customers of a restored store."""
        known = list(keys)
        for one in self._all:
            one.restore(known, record_of)

    def adopt(self, record: Any) -> str | None:
        """Give a record to the population of its kind; one of no kind here is left aside."""
        population = self._by_kind.get(record.kind)
        return None if population is None else population.adopt(record)

    def summaries(self, number: int, clock: int, partitions: int) -> Iterable[tuple[str, bytes]]:
        """Kind and snapshot of each that has news."""
        for kind, one in self._by_kind.items():
            snapshot = one.summary(number, clock, partitions)
            if snapshot is not None:
                yield kind, snapshot

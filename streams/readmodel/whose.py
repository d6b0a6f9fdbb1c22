"""Whether something of a customer may be kept here."""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.placing import partition_of
from streams.readmodel.marks import Marks


class Held(NamedTuple):
    """Which partitions are held here, of so many; 0: of how many nobody told."""

    partitions: int
    numbers: frozenset[int]

    def has(self, customer: str) -> bool:
        """Whether a customer's own partition, whose marks tell of its erasure, is among them."""
        if len(self.numbers) >= self.partitions:
            return True
        return partition_of(customer.encode(), self.partitions) in self.numbers


class Whose(NamedTuple):
    """Who was erased, and whose erasures are heard of here."""

    marks: Marks
    held: Held

    def may_come_in(self, customer: str, at: int) -> bool:
        """Whether an event of ``at`` (ms) is from after the customer's last erasure."""
        return at > self.marks.until(customer).inputs

    def may_come_out(self, customer: str, at: int) -> bool:
        """The same of what was said at ``at`` (ms)."""
        return at > self.marks.until(customer).outputs


__all__ = ["Held", "Whose"]

"""What one partition knows over all its customers, small enough to be written with a commit.

Customers by tier, and open and overdue complaints by tier: the dispatch compares each customer
before and after an event. What moments add up to is in the scorecards.
"""

from __future__ import annotations

import msgspec

from domain.kernel.scales import TIERS

FORMAT = 1


class AggregatesFormatError(ValueError):
    """Bytes of a format this version does not read."""


class _Form(msgspec.Struct, array_like=True):
    customers: list[int]
    complaints_open: list[int]
    complaints_overdue: list[int]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Form)


Counted = tuple[int, int, int]
"""Of one customer: index of the tier, complaints open, complaints overdue."""


class Aggregates:
    """Counts and sums over the customers of one partition; lists are indexed by tier."""

    __slots__ = (
        "changed",
        "complaints_open",
        "complaints_overdue",
        "customers",
    )

    def __init__(self) -> None:
        self.changed = False
        self.customers = [0] * len(TIERS)
        self.complaints_open = [0] * len(TIERS)
        self.complaints_overdue = [0] * len(TIERS)

    def to_bytes(self) -> bytes:
        """Format byte and msgpack; clears ``changed``."""
        self.changed = False
        return bytes((FORMAT,)) + _encoder.encode(
            _Form(self.customers, self.complaints_open, self.complaints_overdue)
        )

    @classmethod
    def from_bytes(cls, value: bytes | None) -> Aggregates:
        """What ``to_bytes`` wrote; empty for ``None``. Raises AggregatesFormatError."""
        aggregates = cls()
        if value is None:
            return aggregates
        if value[:1] != bytes((FORMAT,)):
            raise AggregatesFormatError(
                f"aggregates have format {value[:1]!r}; this version reads {FORMAT}"
            )
        form = _decoder.decode(value[1:])
        aggregates.customers = form.customers
        aggregates.complaints_open = form.complaints_open
        aggregates.complaints_overdue = form.complaints_overdue
        return aggregates

    def add_customer(self) -> None:
        """A customer was met for the first time; everyone starts as ``standard``."""
        self.customers[0] += 1
        self.changed = True

    def remove_customer(self, tier: int, complaints_open: int, overdue: int) -> None:
        """A customer was erased; what it added to the sums of moments stays, nameless."""
        self.customers[tier] -= 1
        self.complaints_open[tier] -= complaints_open
        self.complaints_overdue[tier] -= overdue
        self.changed = True

    def change(self, before: Counted, after: Counted) -> None:
        """A customer's tier, or how many of its complaints are open or overdue, is another."""
        for sign, (tier, waiting, overdue) in ((-1, before), (1, after)):
            self.customers[tier] += sign
            self.complaints_open[tier] += sign * waiting
            self.complaints_overdue[tier] += sign * overdue
        self.changed = True

"""How much of something a few customers hold, exactly: the top of them in falling order.

Published of a bank: 0.016 % of its customers hold about 17 % of its assets.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from math import ceil

import msgspec


class TopRow(msgspec.Struct, frozen=True):
    """So many of the customers with the most, and what share of all they hold."""

    customers: int
    customer_share: float
    value_share: float


def top(ranked: list[int], customers: int) -> TopRow | None:
    """What the first of falling amounts hold of all; ``None`` where there is nothing to hold.

    >>> top([60, 30, 10], 1)
    TopRow(customers=1, customer_share=0.3333333333333333, value_share=0.6)
    """
    total = sum(ranked)
    if total <= 0:
        return None
    return TopRow(customers, customers / len(ranked), sum(ranked[:customers]) / total)


def tops(ranked: list[int], shares: tuple[float, ...]) -> tuple[TopRow, ...]:
    """A row for each share of the customers, of one customer at least."""
    found = (top(ranked, part(share, len(ranked))) for share in shares)
    return tuple(row for row in found if row is not None)


def reaching(ranked: list[int], needed: int) -> int:
    """How many of falling numbers sum up to what is needed.

    >>> reaching([60, 30, 10], 80)
    2
    """
    reached = (place for place, sum_ in enumerate(accumulate(ranked), 1) if sum_ >= needed)
    return next(reached, len(ranked))


def part(share: float, whole: int) -> int:
    """The least whole number that is this share, in exact decimals.

    >>> part(0.00016, 100_000), part(0.00016, 10)
    (16, 1)
    """
    return ceil(Fraction(str(share)) * whole)

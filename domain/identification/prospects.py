"""What a prospect of a source is expected to be worth: how likely it buys, times what buyers bring.

Of the customers of a source, who bought is counted, and their CLV is added up. Beside them weigh
as many customers like all of them (``like_all``), so that a source with few says little:

    chance = (bought + like_all x chance of all) / (customers + like_all)
    worth  = (CLV of who bought + like_all x mean CLV of all) / (bought + like_all)
    expected value = chance x worth

This is our default: the domain reference (section 9, "Prospects") gives no formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Came(NamedTuple):
    """Customers of a source, how many of them bought, and their CLV (base currency) in all."""

    customers: int = 0
    bought: int = 0
    clv: float = 0.0


class Expected(NamedTuple):
    """The chance that a prospect buys (0-1), what a buyer is worth and both together (base)."""

    chance: float
    worth: float
    value: float


def expected_by_source(came: Mapping[str, Came], like_all: float) -> dict[str, Expected | None]:
    """What a prospect of each source is expected to be worth; ``None`` where nobody bought yet.

    >>> came = {"event": Came(10, 5, 500.0), "list": Came(30, 3, 150.0)}
    >>> found = expected_by_source(came, like_all=10)
    >>> [round(each, 4) for each in found["event"]], [round(each, 4) for each in found["list"]]
    ([0.35, 87.5, 30.625], [0.125, 74.0385, 9.2548])
    >>> expected_by_source({"list": Came(5)}, like_all=10)
    {'list': None}
    """
    customers = sum(each.customers for each in came.values())
    bought = sum(each.bought for each in came.values())
    if not bought:
        return dict.fromkeys(came)
    chance, worth = bought / customers, sum(each.clv for each in came.values()) / bought
    found: dict[str, Expected | None] = {}
    for source, each in came.items():
        if not each.bought + like_all:
            found[source] = Expected(0.0, worth, 0.0)
            continue
        likely = (each.bought + like_all * chance) / (each.customers + like_all)
        brings = (each.clv + like_all * worth) / (each.bought + like_all)
        found[source] = Expected(likely, brings, likely * brings)
    return found

"""Deposit liquidity = amount moved in the last 30 days / balance.

``stable`` below 0.2, ``active`` below 1, ``volatile`` from 1 on.
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.figures.value import Liquidity

OF_NONE: Final = Wording(
    "liquidity.of_none",
    "{moved:,.0f} moved in {days:g} days and the balance is {balance:,.0f}.",
)
RATIO: Final = Wording(
    "liquidity.ratio",
    "{moved:,.0f} moved in {days:g} days is {ratio:.3f} of the balance of {balance:,.0f}.",
)


def deposit_liquidity(
    moved: float | None, balance: float | None, rules: RelationshipRules
) -> Finding[Liquidity]:
    """The liquidity of a deposit of which ``moved`` (>= 0) went in or out, in base currency.

    An empty or overdrawn account that moved is volatile; one that did not is no deposit.

    >>> deposit_liquidity(30_000.0, 100_000.0, RelationshipRules())[:2]
    ('active', '30,000 moved in 30 days is 0.300 of the balance of 100,000.')
    """
    if moved is None or balance is None:
        lacking = ("moved",) * (moved is None) + ("balance",) * (balance is None)
        return unknown("Deposit liquidity", lacking)
    limits = rules.groups
    said = {"moved": moved, "days": limits.liquidity_days, "balance": balance}
    if balance <= 0:
        if moved <= 0:
            return Finding(None, OF_NONE(**said), ("balance",))
        return Finding("volatile", OF_NONE(**said))
    ratio = moved / balance
    reason = RATIO(ratio=ratio, **said)
    if ratio < limits.active_from:
        return Finding("stable", reason)
    return Finding("active" if ratio < limits.volatile_from else "volatile", reason)

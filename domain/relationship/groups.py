"""Groups by which any measure can be cut: age band and deposit liquidity.

Deposit liquidity = amount moved in the last 30 days / balance: ``stable`` below 0.2, ``active``
below 1, ``volatile`` from 1 on. (Occupation, sex, position and region stand in the profile.)
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

from domain.policy.relationship import RelationshipRules
from domain.policy.sections import MS_PER_DAY
from domain.relationship.finding import Finding, unknown

Liquidity = Literal["stable", "active", "volatile"]
_EPOCH: Final = date(1970, 1, 1)


def age_bands(rules: RelationshipRules) -> tuple[str, ...]:
    """The names of all age bands, youngest first.

    >>> age_bands(RelationshipRules())
    ('under 18', '18-24', '25-34', '35-44', '45-54', '55-64', '65 and over')
    """
    ages = rules.groups.ages
    between = (f"{low}-{high - 1}" for low, high in pairwise(ages))
    return (f"under {ages[0]}", *between, f"{ages[-1]} and over")


def age_band(birth_date: str | None, now: int, rules: RelationshipRules) -> Finding[str]:
    """The age band on the UTC day of ``now`` (ms) of somebody born on this ISO 8601 date.

    Somebody born on 29 February is a year older on 1 March where the year has no such day.

    >>> age_band("1988-02-29", 1_709_164_800_000, RelationshipRules())[:2]
    ('35-44', 'Aged 36 on 2024-02-29.')
    """
    if birth_date is None:
        return unknown("The age band", ("birth_date",))
    born, today = date.fromisoformat(birth_date), _EPOCH + timedelta(days=now // MS_PER_DAY)
    if born > today:
        return Finding(None, f"The birth date {born} lies behind {today}.", ("birth_date",))
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    band = age_bands(rules)[bisect_right(rules.groups.ages, age)]
    return Finding(band, f"Aged {age} on {today}.")


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
    said = f"{moved:,.0f} moved in {limits.liquidity_days:g} days"
    if balance <= 0:
        if moved <= 0:
            return Finding(None, f"{said} and the balance is {balance:,.0f}.", ("balance",))
        return Finding("volatile", f"{said} and the balance is {balance:,.0f}.")
    ratio = moved / balance
    reason = f"{said} is {ratio:.3f} of the balance of {balance:,.0f}."
    if ratio < limits.active_from:
        return Finding("stable", reason)
    return Finding("active" if ratio < limits.volatile_from else "volatile", reason)

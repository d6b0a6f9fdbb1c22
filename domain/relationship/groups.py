"""Age bands, by which any measure can be cut. (The other groups stand in the profile; deposit
liquidity is in ``domain.money.liquidity``.)
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from domain.kernel.finding import Finding, unknown
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules

_EPOCH: Final = date(1970, 1, 1)


def age_bands(rules: RelationshipRules) -> tuple[str, ...]:
    """The names of all age bands, youngest first.

    >>> age_bands(RelationshipRules())
    ('under 18', '18-24', '25-34', '35-44', '45-54', '55-64', '65 and over')
    """
    ages = rules.groups.ages
    between = (f"{low}-{high - 1}" for low, high in pairwise(ages))
    return (f"under {ages[0]}", *between, f"{ages[-1]} and over")


NOT_BORN: Final = Wording("age.not_born", "The birth date {born} lies behind {today}.")
AGED: Final = Wording("age.aged", "Aged {age} on {today}.")


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
        return Finding(
            None, NOT_BORN(born=born.isoformat(), today=today.isoformat()), ("birth_date",)
        )
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    band = age_bands(rules)[bisect_right(rules.groups.ages, age)]
    return Finding(band, AGED(age=age, today=today.isoformat()))

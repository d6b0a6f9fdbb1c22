"""Where customers stand among all, batch: exact quantiles, shares of value, and the classes.

Money is in hundredths of the base currency. Whoever has bought counts, also who bought nothing
within 365 days.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank
from tests.streams.berka.purchases import rfm

FIFTHS = tuple(Fraction(n, 5) for n in range(1, 5))
A_UNTIL, B_UNTIL = Fraction(80, 100), Fraction(95, 100)
TOP, UPPER = Fraction(10, 100), Fraction(40, 100)


class Line(NamedTuple):
    """A cut point by its name in the standings: the exact number, and whether it is of money."""

    name: str
    exact: int
    money: bool


def relational(bank: Bank, bought: pl.DataFrame) -> pl.DataFrame:
    """Of all who bought, raw RFM and whether relational: 3 purchases or more over 180 days."""
    span = pl.col("day").max() - pl.col("day").min()
    long = bought.group_by(OF).agg(relational=(pl.len() >= 3) & (span >= 180))
    return rfm(bank, bought).join(long, on=OF)


def lines(buyers: pl.DataFrame) -> list[Line]:
    """All exact cut points of ``buyers``."""
    found = [
        Line(f"{name}.{place}", _quantile(buyers[column], share), name == "monetary")
        for name, column in (
            ("recency_days", "recency"), ("frequency", "frequency"), ("monetary", "monetary"),
        )
        for place, share in enumerate(FIFTHS)
    ]  # fmt: skip
    among = buyers.filter("relational").sort("monetary", descending=True)
    return [
        *found,
        Line("median_frequency", _quantile(buyers["frequency"], Fraction(1, 2)), money=False),
        Line("a_above", _reaching(buyers["monetary"], A_UNTIL), money=True),
        Line("b_above", _reaching(buyers["monetary"], B_UNTIL), money=True),
        Line("relational_top_above", _making(among, TOP), money=True),
        Line("relational_upper_above", _making(among, TOP + UPPER), money=True),
    ]


def classes(buyers: pl.DataFrame, standings: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """By customer the RFM score, ABC class and relationship class that published lines give."""
    found = {}
    for row in buyers.iter_rows(named=True):
        value = row["monetary"] / 100
        found[row[OF]] = (
            5 - _over(row["recency"], standings["recency_days"]),
            1 + _over(row["frequency"], standings["frequency"]),
            1 + _over(value, standings["monetary"]),
            "CBA"[_over(value, (standings["b_above"], standings["a_above"]))],
            _relation(row["relational"], value, standings),
        )
    return found


def abc_of(customer: str, at: int, bought: pl.DataFrame) -> set[str]:
    """The ABC class among all at ``at`` (ms), by the purchases of the days before it.

    Two of them where the value lies within 2 % of a line: lines are not drawn any finer.
    """
    day = at // DAY
    of_year = bought.filter((day - pl.col("day") < 365) & (pl.col("last") <= at))
    value = of_year.filter(pl.col(OF) == customer)["value"].sum()
    before = of_year.filter(pl.col("day") < day).group_by(OF).agg(pl.col("value").sum())["value"]
    cuts = [_reaching(before, share) for share in (B_UNTIL, A_UNTIL)]
    return {"CBA"[sum(value >= cut * near for cut in cuts)] for near in (0.98, 1.02)}


def _relation(is_relational: bool, value: float, standings: dict[str, Any]) -> str:
    if not is_relational:
        return "transactional"
    cuts = standings["relational_upper_above"], standings["relational_top_above"]
    return ("relational_lower", "relational_upper", "relational_top")[_over(value, cuts)]


def _over(number: float, cuts: tuple[float, ...]) -> int:
    return sum(number > cut for cut in cuts)


def _quantile(numbers: pl.Series, share: Fraction) -> int:
    """The number at place floor(share x (n - 1)) of n, ascending, counted from 0."""
    return int(numbers.sort()[floor(share * (len(numbers) - 1))])


def _making(falling: pl.DataFrame, share: Fraction) -> int:
    """The value at which the purchases of those in falling order make this share of all."""
    needed, so_far = share * int(falling["frequency"].sum()), 0
    for value, purchases in falling.select("monetary", "frequency").iter_rows():
        so_far += purchases
        if so_far >= needed:
            return int(value)
    raise AssertionError("all purchases together are all of them")


def _reaching(numbers: pl.Series, share: Fraction) -> int:
    """The number with which the sum of the largest reaches this share of all."""
    falling = numbers.sort(descending=True)
    needed, so_far = share * int(numbers.sum()), 0
    for number in falling:
        so_far += number
        if so_far >= needed:
            return int(number)
    raise AssertionError("all numbers together are all of the sum")

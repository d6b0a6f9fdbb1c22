"""Relationship classes by sales volume: who makes up its first tenth, the next 40 %, the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_digest

from domain.policy import Policy
from domain.policy.value import ValueRules
from domain.value.portfolio import Portfolio, RelationRow
from domain.value.ranks import Ranks, standings_figures
from domain.value.sketches import EMPTY, grid_of
from domain.value.snapshot import Snapshot, dump_snapshot, load_snapshot
from domain.value.standing import Standing
from domain.value.trend import losing
from tests.domain.bank import DAY, HOUR, START, Events, Task
from tests.domain.figured import figured
from tests.domain.value.town import Town, clock, settle

POLICY = Policy()


def bank() -> Town:
    """Ten relational customers with 10 purchases each: 100 in all, the worth falling by half."""
    town = Town()
    for number in range(10):
        for visit in range(10):
            town.buy(f"c-{number}", visit * 21, 1_024.0 / 2**number)
    town.buy("passer-by", 180, 9_999.0)
    return town


def standings(town: Town) -> Any:
    standing = Standing(POLICY.value)
    settle(standing, town, clock(200))
    record = standing.summary(0, clock(200), 1)
    assert record is not None
    made = Ranks(POLICY.value).fit([load_snapshot(record)], clock(200))
    assert made is not None
    return made


def test_the_first_tenth_of_sales_is_one_of_ten_customers_and_half_are_five() -> None:
    made = standings(bank())
    totals = {name: (one.customers, one.value) for name, one in made.relation_totals.items()}
    assert totals == {
        "relational_top": (1, 10_240.0),
        "relational_upper": (4, 5_120.0 + 2_560.0 + 1_280.0 + 640.0),
        "relational_lower": (5, 320.0 + 160.0 + 80.0 + 40.0 + 20.0),
        "transactional": (1, 9_999.0),
    }
    assert made.relational_top_above < 10_240.0
    assert made.relational_upper_above < 640.0


def test_one_who_buys_much_for_little_is_no_top_customer() -> None:
    """Half of the sales, all of little worth: the lower half is that one customer."""
    town = bank()
    for day in range(100):
        town.buy("many", 2 * day, 0.01)
    totals = {name: one.customers for name, one in standings(town).relation_totals.items()}
    assert totals["relational_top"] == 2  # 20 of 200 purchases
    assert totals["relational_upper"] == 8  # the next 80
    assert totals["relational_lower"] == 1


def test_without_sales_within_the_year_there_are_no_lines() -> None:
    grid = grid_of(0.01)
    record = dump_snapshot(Snapshot(0, START, 20_500, "r", Standing(POLICY.value).figures()))
    figures = load_snapshot(record).figures._replace(
        recency_days=grid.bins([400]), frequency=grid.bins([0]), monetary=grid.bins([0]),
        relational=grid.bins([0]), clv=grid.bins([5]), relational_sales=grid.bins([0], [0]),
    )  # fmt: skip
    found = standings_figures(figures, POLICY.value, grid)
    assert "relational_top_above" not in found
    assert found["relational_customers"] == 1


def test_a_snapshot_of_before_is_read_without_sales() -> None:
    record = dump_snapshot(Snapshot(0, START, 20_500, "r", Standing(POLICY.value).figures()))
    fields = msgspec.msgpack.decode(record[:-8])
    fields[0], fields[5] = 1, fields[5][:7]
    packed = msgspec.msgpack.encode(fields)
    assert load_snapshot(packed + xxh3_64_digest(packed)).figures.relational_sales is EMPTY


@pytest.mark.parametrize(
    ("value", "before", "loses"), [(60.0, 100.0, True), (100.0, 100.0, False), (0.0, 1.0, True),
                                   (1.0, 0.0, False), (0.0, 0.0, None)]
)  # fmt: skip
def test_value_is_lost_where_that_of_90_days_is_below_that_of_the_90_before(
    value: float, before: float, loses: bool | None
) -> None:
    assert losing(value, before, 90).value is loses


def test_the_windows_move_with_the_day() -> None:
    make = Events()
    task = Task().take(make.transaction(0, amount=100.0))
    first = task.exported(89 * DAY).value
    assert (first.value_90_days, first.value_90_days_before) == (100.0, 0.0)
    task.take(make.transaction(95 * DAY, amount=60.0))
    later = task.exported(100 * DAY).value
    assert (later.value_90_days, later.value_90_days_before) == (60.0, 100.0)
    assert later.losing_value is True
    assert later.losing_value_reason.endswith("after 100.00 in the 90 before: it falls.")
    assert task.exported(400 * DAY).value.losing_value is None


@given(st.permutations(range(5)))
def test_the_order_of_arrival_within_a_day_does_not_matter(order: list[int]) -> None:
    make = Events()
    events = [make.transaction(place * HOUR, amount=10.0 * place + 1) for place in range(5)]
    task = Task().take(*(events[place] for place in order))
    found = task.exported(100 * DAY).value
    assert (found.value_90_days_before, found.losing_value) == (105.0, True)


def line(
    kind: str, value: float, purchases: int, went: tuple[float, float], net: float | None = None
) -> Any:
    return figured(
        {
            "value": {
                "purchases": purchases, "relation_class": kind, "net_value": net,
                "rfm": {"monetary": value, "frequency": purchases, "f": 1},
                "value_90_days": went[1], "value_90_days_before": went[0],
                "losing_value": went[1] < went[0],
            }
        }
    )  # fmt: skip


def rows() -> dict[str, RelationRow]:
    found = Portfolio.of(
        [
            line("relational_top", 400.0, 10, (50.0, 90.0)),
            line("relational_upper", 450.0, 40, (100.0, 100.0)),
            line("relational_lower", 100.0, 30, (40.0, 10.0), net=5.0),
            line("relational_lower", 50.0, 20, (5.0, 15.0), net=-1.0),
            line("transactional", 999.0, 1, (0.0, 0.0)),
        ],
        POLICY,
    ).report()
    return {row.name: row for row in found.relation}


def test_actual_shares_stand_beside_the_published_ones() -> None:
    top, upper, lower, other = rows().values()
    assert (top.sales_share, top.relational_share, top.expected) == (0.1, 0.4, (0.3, 0.5))
    assert (upper.sales_share, upper.relational_share) == (0.4, 0.45)
    assert (upper.expected_sales, upper.expected) == ((0.4, 0.5), (0.4, 0.5))
    assert (lower.sales_share, lower.relational_share, lower.expected) == (0.5, 0.15, None)
    assert (other.sales, other.sales_share, other.relational_share) == (1, None, None)


def test_it_is_tested_whether_the_lower_half_is_profitable_and_loses_value() -> None:
    top, _, lower, other = rows().values()
    assert (lower.before, lower.recent, lower.loses_value) == (45.0, 25.0, True)
    assert (lower.losing, lower.losing_share) == (1, 0.5)
    assert (lower.profitable, lower.margins) == (1, 2)
    assert (top.loses_value, other.loses_value) == (False, None)


def test_the_days_of_the_trend_are_data() -> None:
    policy = Policy(value=ValueRules(trend_days=10))
    make = Events()
    task = Task(policy).take(make.transaction(0, amount=5.0), make.transaction(15 * DAY))
    found = task.exported(15 * DAY).value
    assert (found.value_90_days, found.value_90_days_before) == (10.0, 5.0)

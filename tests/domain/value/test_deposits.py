"""Who holds the balances, apart from who brings value, and how the tiers have grown."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from domain.policy import Policy
from domain.value.deposits import DepositReport, Deposits
from domain.value.portfolio import Portfolio
from schemas.fields import moment, rfc3339
from schemas.figures import CustomerFigures
from tests.domain.bank import DAY, START
from tests.domain.figured import figured

POLICY = Policy()
NOW = START + 1_000 * DAY


def at(days_ago: float) -> str:
    return rfc3339(moment(NOW - round(days_ago * DAY)))


def customer(
    name: str, balance: float | None, tier: str = "standard", since: float = 900
) -> CustomerFigures:
    line = {"customer_id": name, "balance": balance, "tier": tier, "first_event_at": at(since)}
    return figured(line)


def moved(name: str, days_ago: float, left: str, entered: str, dimension: str = "tier") -> Any:
    return {
        "customer_id": name, "occurred_at": at(days_ago), "dimension": dimension,
        "from_state": left, "to_state": entered,
    }  # fmt: skip


def report(customers: list[CustomerFigures], *transitions: Any) -> DepositReport:
    found = Deposits.of(customers, POLICY)
    for each in transitions:
        found.add_transition(each)
    return found.report(NOW)


def test_the_published_concentration_is_told_to_the_customer() -> None:
    """10,000 customers: the top 0.016 % are 2 of them, and hold 17 % of all assets here."""
    poor = [customer(f"c-{number}", 83.0) for number in range(9_998)]
    rich = [customer("r-1", 84_983.0, "private"), customer("r-2", 84_983.0, "private")]
    found = report(poor + rich)
    first, second, third = found.concentration
    assert found.total == pytest.approx(999_800.0)
    assert (first.customers, first.customer_share) == (2, 0.0002)
    assert first.value_share == pytest.approx(0.17)
    assert (second.customers, third.customers) == (100, 1_000)
    assert second.value_share == pytest.approx((2 * 84_983 + 98 * 83) / 999_800)
    assert found.published == (0.00016, 0.17)


def test_balances_are_concentrated_apart_from_value() -> None:
    """Who holds all the money may buy nothing."""
    holder, buyer = customer("c-1", 900_000.0, "vip"), customer("c-2", 100_000.0)
    line = {"value": {"purchases": 2, "rfm": {"monetary": 50.0, "f": 1}}}
    spent = Portfolio.of([figured({"balance": 100_000.0, **line})], POLICY).report()
    assert report([holder, buyer]).concentration[0].value_share == 0.9
    assert spent.concentration[0].value_share == 1.0


def test_a_balance_that_is_not_known_is_not_counted() -> None:
    found = report([customer("c-1", None), customer("c-2", 10.0)])
    assert (found.known, found.total) == (1, 10.0)
    assert report([customer("c-1", None)]).concentration == ()


def test_growth_compares_with_the_tiers_of_a_year_ago() -> None:
    found = report(
        [
            customer("c-1", 400_000.0, "vip"), customer("c-2", 500_000.0, "vip"),
            customer("c-3", 350_000.0, "vip"), customer("c-4", 10.0),
            customer("c-5", 10.0, since=30), customer("c-6", 250_000.0, "key"),
        ],
        moved("c-2", 100, "key", "vip"), moved("c-2", 300, "standard", "key"),
        moved("c-3", 400, "standard", "vip"),  # before the year
        moved("c-4", 20, "vip", "standard"),
        moved("c-1", 50, "repeat", "lost", "relationship"),
        moved("nobody", 50, "vip", "key"),  # erased meanwhile
    )  # fmt: skip
    rows = {row.name: (row.customers, row.before, row.growth) for row in found.tiers}
    assert rows == {
        "standard": (2, 1, 1.0),  # c-4 fell, c-5 is new; c-2 was one
        "prospect": (0, 0, None), "key": (1, 1, 0.0),
        "vip": (3, 3, 0.0),  # c-1, c-3, and c-4 then
        "private": (0, 0, None),
    }  # fmt: skip
    vip = next(row for row in found.tiers if row.name == "vip")
    assert vip.balance == 1_250_000.0
    assert vip.balance_share == pytest.approx(1_250_000 / 1_500_020)


@pytest.mark.parametrize("parts", [1, 4, 12])
def test_any_partitioning_gives_the_same_tables(parts: int) -> None:
    chance = Random(3)
    everybody = [
        customer(f"c-{number}", chance.randint(-100, 10**7) / 100, chance.choice(("key", "vip")))
        for number in range(200)
    ]
    whole = Deposits.of([], POLICY)
    for place in range(parts):
        part = Deposits.of(everybody[place::parts], POLICY)
        for one in everybody[place::parts][:5]:
            part.add_transition(moved(one.customer_id, 10, "standard", one.tier))
        whole.merge(part)
    moves = [
        moved(one.customer_id, 10, "standard", one.tier)
        for place in range(parts)
        for one in everybody[place::parts][:5]
    ]
    assert whole.report(NOW) == report(everybody, *moves)

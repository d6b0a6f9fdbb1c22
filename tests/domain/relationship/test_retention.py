"""Churn of the last 365 days: who was a customer a year ago, and who of them was lost since."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policy import Policy
from domain.relationship.retention import Retention, RetentionPortfolio
from schemas.cases import TouchpointBase
from schemas.figures import CustomerFigures
from tests.domain import oracle_relationship
from tests.domain.bank import DAY, HOUR, Events, Task
from tests.domain.figured import figured


def customer(
    lost_days: float | None = None, *, purchases: int = 9, in_year: int = 5, **given: Any
) -> CustomerFigures:
    value = {
        "purchases": purchases,
        "purchases_365_days": in_year,
        "total_365_days": given.get("worth", 0.0),
    }
    relationship = {"lost_days": lost_days, "churn_terms": given.get("terms", {})}
    line = {
        "value": value, "relationship": relationship, "owner_id": given.get("owner"),
        "segment": given.get("segment"),
    }  # fmt: skip
    return figured(line)


def report(*customers: CustomerFigures) -> Retention:
    return RetentionPortfolio.of(customers, Policy()).report()


def test_the_year_counts_those_who_were_customers_when_it_began() -> None:
    found = report(
        customer(), customer(), customer(), customer(365.0, worth=30.0),
        customer(365.1),  # was lost before the year
        customer(20.0, purchases=2, in_year=2, worth=12.5),  # won and lost within it
        customer(None, purchases=1, in_year=1),
        customer(None, purchases=0, in_year=0),  # never bought
    )  # fmt: skip
    assert (found.opening, found.opening_lost, found.won, found.won_lost) == (4, 1, 2, 1)
    assert (found.closing, found.churn, found.retention) == (4, 0.25, 0.75)
    assert found.reason == "1 of 4 customers of a year ago were lost within 365 days."
    assert found.lost_value == 42.5


def test_published_figures_stand_beside() -> None:
    found = report()
    assert (found.churn, found.expected, found.winning_cost) == (None, (0.1, 0.3), (5.0, 7.0))
    assert (found.loyalty_gain, found.profit_gain) == (0.05, (0.25, 0.85))


def test_the_lost_are_told_by_reason_owner_and_segment() -> None:
    found = report(
        customer(5.0, owner="m-1", segment="s1", terms={"p_alive": 0.7, "complaint": 0.3}),
        customer(6.0, owner="m-1", terms={"gap": 0.5, "p_alive": 0.4}),
        customer(7.0, owner="m-2", terms={"p_alive": 0.9, "satisfaction_fall": 0.2}),
        customer(owner="m-2", segment="s1"),
        customer(400.0, owner="m-3"),
    )
    told = {
        cut: [(r.name, r.lost, r.customers, r.share) for r in found.lost[cut]] for cut in found.lost
    }
    assert told["reason"] == [
        ("complaint", 1, None, None), ("gap", 1, None, None), ("satisfaction_fall", 1, None, None),
    ]  # fmt: skip
    assert told["owner"] == [("m-1", 2, 2, 1.0), ("m-2", 1, 2, 0.5)]
    assert told["segment"] == [("unknown", 2, 2, 1.0), ("s1", 1, 2, 0.5)]


def weekly(make: Events, weeks: int) -> list[TouchpointBase]:
    return [make.transaction(week * 7 * DAY + HOUR) for week in range(weeks)]


def test_lost_since_when_the_gap_passed_twice_the_lapse_point() -> None:
    """Gaps of 7 days: the lapse point is the least, 14 days, so lost from 28 days of silence on."""
    task = Task().take(*weekly(Events(), 20)).until(300 * DAY)
    last = 19 * 7
    at = last * DAY + HOUR + 40 * DAY
    found = task.exported(at).relationship
    assert found.state == "lost"
    assert found.lost_days is not None
    since = at - found.lost_days * DAY
    times = [week * 7 * DAY + HOUR for week in range(20)]
    assert not oracle_relationship.is_lost(times, round(since - 2_000))
    assert oracle_relationship.is_lost(times, round(since + 2_000))
    assert found.lost_days >= 12.0  # p_alive may have fallen sooner, never later
    before = task.exported(last * DAY + HOUR + 10 * DAY).relationship
    assert (before.state == "lost", before.lost_days) == (False, None)


def test_the_days_lost_grow_with_the_clock_and_end_with_a_purchase() -> None:
    make = Events()
    task = Task().take(*weekly(make, 20)).until(300 * DAY)
    one, two = (task.exported(day * DAY).relationship.lost_days for day in (300, 310))
    assert one is not None
    assert two == pytest.approx(one + 10)
    task.take(make.transaction(311 * DAY))
    assert task.exported().relationship.lost_days is None


@given(st.permutations(range(6)))
def test_the_order_of_arrival_within_a_day_does_not_matter(order: list[int]) -> None:
    make = Events()
    events = [make.transaction(hour * HOUR) for hour in range(6)]
    one, other = Task().take(*events), Task().take(*(events[place] for place in order))
    at = 500 * DAY
    lost = one.until(at).exported(at).relationship.lost_days
    assert lost is not None
    assert other.until(at).exported(at).relationship.lost_days == lost

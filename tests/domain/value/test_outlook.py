"""The live figures of value: from the ledger, whatever the order of arrival, with reasons."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.scales import CHANNELS
from domain.policy import Policy
from domain.policy.value import ServeCosts, ValueRules
from schemas.fields import Channel, milliseconds, moment, rfc3339
from schemas.touchpoints import Transaction
from tests.domain import oracle_value as oracle
from tests.domain.bank import DAY, DEFAULTS, HOUR, START, Events, Task
from tests.domain.relationship.test_known import MONTHS, shoppers
from tests.domain.test_order_of_arrival import agree

NAMES = (
    "clv", "clv_expected_purchases", "clv_mean_spend", "p_alive", "next_purchase_at",
    "cost_to_serve",
)  # fmt: skip


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=60)
@given(shoppers(), st.integers(0, MONTHS * 24))
def test_the_figures_are_what_all_purchases_at_once_say(
    made: tuple[list[Transaction], list[tuple[int, float, bool]]], hours: int
) -> None:
    events, plan = made
    end = max(at for at, *_ in plan) + hours * HOUR
    figures = Task(reload_always=True).take(*events).until(end).figures()["value"]
    purchases = [(START + at, amount) for at, amount, debit in plan if debit]
    if not purchases:
        assert all(figures[name] is None for name in NAMES[:-1])
        return
    expected = oracle.outlook(purchases, START + end)
    due = expected.pop("next_purchase_ms")
    for name, value in expected.items():
        assert figures[name] == pytest.approx(value, rel=1e-6), name
    if due is None:
        assert (figures["next_purchase_at"] is None) == (len(purchases) < 2)
    else:
        told = milliseconds(datetime.fromisoformat(figures["next_purchase_at"]))
        assert abs(told - due) <= 0.5


def test_late_and_in_order_are_the_same() -> None:
    make = Events()
    days = (0, 7, 13, 14, 30, 31)
    bought = [make.transaction(day * DAY, amount=100.1 + day) for day in days]
    late = [bought[0], bought[1], bought[3], bought[2], bought[5], bought[4]]
    one = Task().take(*bought).until(40 * DAY).figures()["value"]
    agree(Task().take(*late).until(40 * DAY).figures()["value"], one)


def test_who_has_not_bought_has_no_figure_and_the_reason_names_what_is_missing() -> None:
    figures = Task().take(Events().click(0)).figures()["value"]
    assert [figures[name] for name in NAMES] == [None] * 5 + [0.0]
    assert figures["clv_reason"] == "The CLV is unknown without a purchase."
    assert figures["next_purchase_at_reason"] == "The next purchase is unknown without a purchase."
    assert figures["cost_to_serve_reason"] == "There was no contact yet."


def test_one_purchase_tells_all_but_the_next() -> None:
    figures = Task().take(Events().transaction(0)).until(14 * DAY).figures()["value"]
    assert figures["clv"] > 0
    assert figures["clv_mean_spend"] == pytest.approx(oracle.spend(0, 0.0))
    assert figures["clv_mean_spend_reason"] == (
        "Nothing was bought again, so it is the mean of all customers, 35.17 CNY."
    )
    assert figures["p_alive_reason"] == (
        "The probability is 0.60 after no repeat purchase in 2.0 weeks."
    )
    assert figures["next_purchase_at"] is None
    assert figures["next_purchase_at_reason"].endswith("without a second purchase.")


def test_the_reasons_bear_the_numbers() -> None:
    make = Events()
    task = Task().take(*(make.transaction(n * 7 * DAY, amount=50.0) for n in range(5)))
    figures = task.until(40 * DAY).figures()["value"]
    assert figures["next_purchase_at_reason"] == (
        "The last purchase was 12 days ago, the median of 4 gaps is 7 days: 5 days overdue."
    )
    assert figures["next_purchase_at"] == rfc3339(moment(START + 35 * DAY))
    assert f"are worth {figures['clv']:.2f} CNY" in figures["clv_reason"]
    assert figures["clv_expected_purchases_reason"].endswith(
        "after 4 repeat purchases in 5.7 weeks, the last 1.7 weeks ago."
    )
    assert figures["clv_mean_spend_reason"].startswith("4 repeat purchases of 50.00 CNY, drawn")


def test_contacts_cost_what_their_channel_does() -> None:
    make = Events()
    task = Task().take(*(make.contact(n * HOUR, contact_id=f"s-{n}") for n in range(3)))
    figures = task.figures()["value"]
    assert figures["cost_to_serve"] == 45.0
    assert figures["cost_to_serve_reason"] == "3 by call_centre at 15.00 CNY."
    rules = ValueRules(serve_costs=ServeCosts(by_channel={"call_centre": 0.25}))
    dear = Task(Policy(value=rules)).take(*(Events().contact(n * HOUR) for n in range(1)))
    assert dear.figures()["value"]["cost_to_serve"] == 0.25


def test_costs_stand_in_the_order_in_which_contacts_are_counted() -> None:
    assert get_args(Channel) == CHANNELS
    assert tuple(name for name, _ in DEFAULTS.value.serve_costs.units) == CHANNELS

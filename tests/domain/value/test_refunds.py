"""A refund lowers the value of the day it came and is no purchase."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from domain.policy.sections import Purchases
from domain.value.ledger import sums, value_days
from domain.value.row import facts_of
from tests.domain.bank import DAY, START, Events, Task

TODAY = START // DAY


def bought(task: Task, days: int) -> dict[str, Any]:
    return task.figures(days * DAY)["value"]  # type: ignore[no-any-return]


def test_a_refund_counts_on_its_own_day() -> None:
    make = Events()
    task = Task(reload_always=True).take(
        make.transaction(0, amount=100.0),
        make.transaction(3 * DAY, amount=100.0, direction="credit", refund_of="e-00001"),
    )
    assert value_days(task.customer, TODAY, TODAY + 9) == [(TODAY, 100.0), (TODAY + 3, -100.0)]
    assert sums(task.customer, TODAY + 1, TODAY + 9)[:3] == (0, 0, -100.0)
    value = bought(task, 4)
    assert (value["purchases"], value["purchase_days"], value["total"]) == (1, 1, 0.0)
    assert (value["days_since_purchase"], value["moved_30_days"]) == (4, 200.0)
    # once the purchase is older than 365 days, the refund alone is within them, then neither
    assert bought(task, 366)["total_365_days"] == -100.0
    assert bought(task, 369)["total_365_days"] == 0.0


@pytest.mark.parametrize("margin", [30.0, -30.0])
def test_a_refund_with_a_margin_takes_the_margin_off(margin: float) -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, amount=100.0, margin=30.0),
        make.transaction(DAY, amount=100.0, direction="credit", category="refund", margin=margin),
    )
    assert bought(task, 2)["total"] == 0.0


def test_a_credit_of_another_category_is_no_refund_and_a_debit_of_this_one_a_purchase() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, amount=100.0, category="refund"),
        make.transaction(1, amount=40.0, direction="credit", category="salary"),
    )
    assert (bought(task, 1)["purchases"], bought(task, 1)["total"]) == (1, 100.0)


def test_where_credits_are_purchases_a_refund_is_none() -> None:
    policy = Policy(purchases=Purchases(directions=("credit",), refund_categories=("return",)))
    make = Events()
    task = Task(policy).take(
        make.transaction(0, amount=100.0, direction="credit"),
        make.transaction(1, amount=60.0, direction="credit", category="return"),
    )
    assert (bought(task, 1)["purchases"], bought(task, 1)["total"]) == (1, 40.0)


def test_who_gave_back_more_than_was_bought_has_figures_and_no_mean_spend_below_0() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, amount=100.0),
        make.transaction(DAY, amount=50.0),
        make.transaction(2 * DAY, amount=500.0, direction="credit", category="refund"),
    )
    value = bought(task, 3)
    assert (value["total"], value["rfm"]["monetary"]) == (-350.0, -350.0)
    # Gamma-Gamma of one repeat purchase of 0: p v / (p + q - 1)
    assert value["clv_mean_spend"] == pytest.approx(6.249 * 15.448 / (6.249 + 3.745 - 1))
    assert value["clv"] > 0


def test_a_refund_alone_is_no_purchase() -> None:
    make = Events()
    refund = make.transaction(0, amount=9.0, direction="credit", category="refund")
    task = Task(reload_always=True).take(refund)
    value = bought(task, 1)
    assert (value["purchases"], value["total"], value["clv"]) == (0, -9.0, None)
    # its purchase comes late
    task.take(make.transaction(-DAY, amount=9.0))
    assert (bought(task, 1)["purchases"], bought(task, 1)["total"]) == (1, 0.0)


def test_the_referrer_is_told_of_a_refund_too() -> None:
    make = Events()
    task = Task().take(make.profile(0, referred_by="bob"), make.transaction(1, amount=10.0))
    task.take(make.transaction(DAY, amount=50.0))
    told = [each for each in task.outputs if each.topic == "referrals"]
    task.take(make.transaction(2 * DAY, amount=50.0, direction="credit", category="refund"))
    after = [each for each in task.outputs if each.topic == "referrals"]
    assert len(after) == len(told) + 1
    assert after[-1].clv < told[-1].clv  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 800), st.sampled_from((10.0, -10.0, -25.0))),
        min_size=1,
        max_size=25,
    ),
    st.integers(0, 1_300),
)
def test_the_day_on_which_value_changes_by_itself_is_the_next_that_leaves_the_window(
    moves: list[tuple[int, float]], later: int
) -> None:
    make, task = Events(), Task()
    moves.sort()
    for day, worth in moves:
        direction = "debit" if worth > 0 else "credit"
        category = None if worth > 0 else "refund"
        task.take(
            make.transaction(day * DAY, amount=abs(worth), direction=direction, category=category)
        )
    today = max(moves[-1][0], later)
    rules = Policy().value
    found = facts_of(task.customer, TODAY + today, rules)
    if found is None:
        assert all(worth < 0 for _, worth in moves)
        return
    # days behind 14 blocks are forgotten; what is told apart is within the window here
    within = [day for day, _ in moves if today - 365 < day]
    assert found.monetary == round(100 * sum(w for day, w in moves if today - 365 < day))
    if within and found.changes < 2**31 - 1:
        net = {day: sum(w for d, w in moves if d == day) for day in within}
        counts = {day for day, worth in moves if worth > 0}
        first = min(day for day in within if net[day] or day in counts)
        assert found.changes == TODAY + first + 365


def test_days_far_ahead_are_told_apart() -> None:
    # from 6 June 2149 on a day since 1970 has more than 16 bits
    make = Events()
    far = (65_535 - TODAY) * DAY
    task = Task(reload_always=True).take(
        make.transaction(far, amount=1.0), make.transaction(far + DAY, amount=2.0)
    )
    assert value_days(task.customer, 65_535, 65_536) == [(65_535, 1.0), (65_536, 2.0)]


def test_more_purchases_of_one_day_than_16_bits_hold_do_no_harm() -> None:
    make, task = Events(), Task()
    task.take(make.transaction(0, amount=1.0))
    block = task.customer.block(TODAY // 32)
    block[2:4] = b"\xff\xff"
    task.take(make.transaction(1, amount=1.0))
    assert bought(task, 1)["total"] == 2.0

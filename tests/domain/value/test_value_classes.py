"""Classes among all customers: each with a reason in numbers, or with the input it lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dispatch import export
from domain.policy import Policy
from domain.value.classes import classes
from domain.value.row import row_of
from schemas.standings import Standings
from tests.domain.bank import DAY, DEFAULTS, START, Events, Task
from tests.domain.figured import line_of
from tests.domain.value.town import Town, clock

STANDINGS = Standings.model_validate(
    {
        "standings_id": "s-1", "version": 1, "occurred_at": START, "reason": "test",
        "rules_id": DEFAULTS.value.rules_id, "as_of_day": date(2026, 3, 2), "window_days": 365,
        "relative_error": 0.01, "customers": 100, "total_value": 100_000.0,
        "recency_days": (3, 9, 24, 71), "frequency": (1, 2, 4, 8),
        "monetary": (100.0, 250.0, 500.5, 1_000.0), "median_frequency": 3,
        "a_above": 900.0, "b_above": 300.0,
        "relational_customers": 50, "relational_top_above": 2_000.0,
        "relational_upper_above": 700.0,
        "clv_above": 100.0, "growable_customers": 10, "growable_above": 150.0,
        "pareto_value": 0.8, "pareto_customers": 0.2,
        "abc_totals": {}, "relation_totals": {}, "clv_totals": {},
    }
)  # fmt: skip


def value_of(town: Town, who: str, day: int, standings: Standings | None = STANDINGS) -> Any:
    """The customer's exported figures of value on a day after START."""
    return line_of(export(town.open(who), clock(day), town.policy, standings))["value"]


def buyer(amounts: dict[int, float], margin: float | None = None) -> Town:
    """A town of Ann, who buys for so much on these days."""
    town = Town()
    for day, amount in amounts.items():
        town.buy("ann", day, amount, margin)
    return town


@pytest.mark.parametrize(
    ("amounts", "day", "scores"),
    [
        ({0: 100.0}, 3, "5-1-1"),
        ({0: 100.01}, 4, "4-1-2"),
        ({0: 50.0, 1: 50.0}, 10, "4-2-1"),
        ({0: 50.0, 1: 50.0}, 25, "3-2-1"),
        ({day: 100.0 for day in range(9)}, 80, "1-5-4"),
        ({day: 125.0 for day in range(8)}, 78, "2-4-4"),
        ({day: 125.01 for day in range(8)}, 78, "2-4-5"),
    ],
)
def test_a_score_rises_where_a_line_is_passed(
    amounts: dict[int, float], day: int, scores: str
) -> None:
    figures = value_of(buyer(amounts), "ann", day)
    assert figures["rfm"]["score"] == scores
    assert [figures["rfm"][name] for name in "rfm"] == [int(part) for part in scores.split("-")]
    assert figures["rfm"]["recency_days"] == day - max(amounts)
    assert figures["rfm"]["frequency"] == len(amounts)
    assert figures["rfm"]["monetary"] == pytest.approx(sum(amounts.values()))


def test_the_score_says_between_which_lines_each_figure_lies() -> None:
    figures = value_of(buyer({0: 200.0, 2: 200.5}), "ann", 14)
    assert figures["rfm_reason"] == (
        "Last purchase 12 days ago (3: above 9 up to 24), 2 purchases in 365 days"
        " (2: above 1 up to 2), worth 400.50 CNY (3: above 250.00 up to 500.50)."
    )


@pytest.mark.parametrize(
    ("amount", "kind", "said"),
    [
        (900.01, "A", "Worth 900.01 CNY in 365 days, above 900.00, above which customers make 80%"),
        (900.0, "B", "up to 900.00, above which customers make 80% of all value, and above 300.00"),
        (300.01, "B", "Worth 300.01 CNY"),
        (300.0, "C", "Worth 300.00 CNY in 365 days, up to 300.00, above which they make 95%"),
    ],
)
def test_abc(amount: float, kind: str, said: str) -> None:
    figures = value_of(buyer({0: amount}), "ann", 0)
    assert figures["abc"] == kind
    assert said in figures["abc_reason"]


@pytest.mark.parametrize(
    ("days", "amount", "kind", "said"),
    [
        (
            (0, 400),
            5_000.0,
            "transactional",
            "2 purchases over 400 days; relational is from 3 over",
        ),
        ((0, 5, 179), 5_000.0, "transactional", "3 purchases over 179 days"),
        ((0, 5, 180), 1_000.0, "relational_top", "worth 3,000.00 CNY in 365 days, above 2,000.00"),
        (
            (0, 5, 180),
            500.0,
            "relational_upper",
            "above which customers make the first 10% of sales, and",
        ),
        (
            (0, 5, 180),
            100.0,
            "relational_lower",
            "above which they make the next 40%.",
        ),
    ],
)
def test_relationship_classes(days: tuple[int, ...], amount: float, kind: str, said: str) -> None:
    figures = value_of(buyer(dict.fromkeys(days, amount)), "ann", max(days))
    assert figures["relation_class"] == kind
    assert said in figures["relation_class_reason"]


def test_below_zero_is_only_who_told_margins_and_cost_more() -> None:
    town = buyer({0: 500.0}, margin=20.0)
    town.serve("ann", 0)
    figures = value_of(town, "ann", 0)
    assert figures["clv_class"] == "below_zero"
    assert figures["clv_class_reason"] == "Value less cost to serve is -10.00 CNY, below 0."
    assert figures["net_value"] == -10.0
    assert (figures["contacts"], figures["cost_to_serve"]) == (1, 30.0)
    without = buyer({0: 5.0})
    without.serve("ann", 0)
    figures = value_of(without, "ann", 0)
    assert figures["clv_class"] == "migrator"
    assert figures["net_value"] is None
    assert figures["net_value_reason"].endswith("is unknown without a margin.")


def test_clv_classes_in_their_order() -> None:
    town = buyer({day: 60.0 for day in range(0, 70, 7)})
    figures = value_of(town, "ann", 70)
    clv = figures["clv"]
    assert clv > 100.0
    assert figures["clv_class"] == "most_valuable"
    assert "above 100.00, the line of the top 20%" in figures["clv_class_reason"]

    less = STANDINGS.model_copy(update={"clv_above": clv + 1})
    figures = value_of(town, "ann", 70, less)
    assert figures["clv_class"] == "migrator"
    assert "without a wallet share" in figures["clv_class_reason"]
    assert figures["growable_clv"] is None
    assert "unknown without a wallet share" in figures["growable_clv_reason"]

    town.tell_share("ann", 70, 0.25)
    figures = value_of(town, "ann", 70, less)
    assert figures["growable_clv"] == pytest.approx(3 * clv, abs=0.02)
    assert figures["clv_class"] == "most_growable"
    assert "wallet share 0.25 leaves" in figures["clv_class_reason"]

    town.tell_share("ann", 70, 1.0)
    figures = value_of(town, "ann", 70, less)
    assert figures["growable_clv"] == 0.0
    assert figures["clv_class"] == "migrator"
    town.tell_share("ann", 70, 0.0)
    assert value_of(town, "ann", 70, less)["growable_clv"] is None


def test_the_loyalty_matrix_is_by_the_median_of_all_customers() -> None:
    town = buyer({day: 60.0 for day in range(4)})
    figures = value_of(town, "ann", 4)
    assert figures["loyalty_matrix"] is None
    assert figures["loyalty_matrix_reason"] == "The loyalty class is unknown without attitude."
    town.tell_nps("ann", 4, 9)
    figures = value_of(town, "ann", 4)
    assert figures["loyalty_matrix"] == "loyal"
    assert "4 purchases a year against a median of 3" in figures["loyalty_matrix_reason"]
    few = STANDINGS.model_copy(update={"median_frequency": 4})
    assert value_of(town, "ann", 4, few)["loyalty_matrix"] == "latent"
    unknown = value_of(town, "ann", 4, None)
    assert unknown["loyalty_matrix_reason"].endswith("is unknown without median_frequency.")


def test_before_there_are_standings_what_needs_them_is_unknown_and_says_so() -> None:
    figures = value_of(buyer({0: 60.0}), "ann", 1, None)
    for name in ("rfm", "abc", "clv_class"):
        assert "unknown without standings of all customers" in figures[f"{name}_reason"]
    assert (figures["abc"], figures["clv_class"], figures["rfm"]["score"]) == (None, None, None)
    assert (figures["rfm"]["recency_days"], figures["rfm"]["monetary"]) == (1, 60.0)
    assert figures["relation_class"] == "transactional", "nobody else is needed for that"
    relational = value_of(buyer(dict.fromkeys((0, 5, 180), 1.0)), "ann", 180, None)
    assert relational["relation_class"] is None
    assert "without standings of all customers" in relational["relation_class_reason"]


def test_without_a_purchase_there_is_no_class() -> None:
    town = Town()
    town.serve("ann", 0)
    figures = value_of(town, "ann", 0)
    for name in ("rfm", "abc", "relation_class", "clv_class", "loyalty_matrix", "net_value"):
        assert figures[f"{name}_reason"].endswith("is unknown without a purchase.")
    assert all(each is None for each in figures["rfm"].values())


def test_without_any_value_nobody_has_an_abc_class() -> None:
    nothing = STANDINGS.model_copy(update={"a_above": None, "b_above": None})
    figures = value_of(buyer({0: 60.0}), "ann", 1, nothing)
    assert figures["abc"] is None
    assert figures["abc_reason"] == "The ABC class is unknown without value in 365 days."


def test_every_class_has_a_reason_that_is_a_sentence() -> None:
    town = buyer(dict.fromkeys((0, 5, 180), 1.0))
    figures = value_of(town, "ann", 180)
    for name, reason in figures.items():
        if name.endswith("_reason"):
            assert reason.endswith("."), name


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, DAY - 1), st.integers(1, 10**6), st.sampled_from(("CNY", "USD"))),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_changes_no_class(
    bought: list[tuple[int, int, str]], random: Any
) -> None:
    make = Events()
    events = [
        make.transaction(at, amount=amount / 100, currency=currency)
        for at, amount, currency in bought
    ]
    shuffled = list(events)
    random.shuffle(shuffled)
    policy = Policy()
    rows = []
    for order in (events, shuffled):
        task = Task().take(*order).until(2 * DAY)
        row = row_of(task.customer, START + 2 * DAY, policy.value)
        assert row is not None
        found = classes(row, STANDINGS, policy)
        rows.append(
            (row.facts.monetary, row.facts.frequency, row.recency_days, found.rfm, found.abc)
        )
    assert rows[0] == rows[1]

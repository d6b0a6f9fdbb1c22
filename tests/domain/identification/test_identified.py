"""Who stands out among all: ranked, cut, counted; prospects by what is expected of them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from domain.identification.portfolio import Identified
from domain.identification.prospects import Came, expected_by_source
from domain.policy import Policy
from schemas.figures import CustomerFigures
from tests.domain.figured import figured

POLICY = Policy()


def lighthouse(name: str, clv: float) -> CustomerFigures:
    return figured(
        {
            "customer_id": name, "value": {"clv": clv, "purchases": 5},
            "identification": {"lighthouse": True, "lighthouse_missing": [], "feedbacks": 4},
        }
    )  # fmt: skip


def known(
    name: str, source: str | None, clv: float | None = None, **fields: Any
) -> CustomerFigures:
    """Who came from a source and bought, or is a prospect (no CLV)."""
    state = "potential" if clv is None else "repeat"
    return figured(
        {
            "customer_id": name, "relationship": {"state": state},
            "value": {"clv": clv, "purchases": 0 if clv is None else 2},
            "identification": {"source": source}, **fields,
        }
    )  # fmt: skip


def test_fifty_lighthouses_are_listed_by_clv_and_ties_go_by_id() -> None:
    customers = [lighthouse(f"c-{n:03d}", float(n // 3)) for n in range(80)]
    Random(4).shuffle(customers)
    portfolio = Identified(POLICY)
    for customer in customers:
        portfolio.add(customer)
    found = portfolio.report()
    expected = sorted(range(80), key=lambda n: (-(n // 3), n))[:50]
    assert found.lighthouses == 80
    assert [row.customer_id for row in found.lighthouse] == [f"c-{n:03d}" for n in expected]
    assert [row.place for row in found.lighthouse] == [*range(1, 51)]


def test_what_others_lack_is_counted_and_what_they_lack_alone() -> None:
    portfolio = Identified(POLICY)
    for missing in (["feedback"], ["feedback", "loyal"], ["commitment"], []):
        portfolio.add(
            figured({"identification": {"lighthouse": not missing, "lighthouse_missing": missing}})
        )
    found = {row.condition: (row.customers, row.alone) for row in portfolio.report().conditions}
    assert found == {"clv_class": (0, 0), "loyal": (1, 0), "feedback": (2, 1), "commitment": (1, 1)}


def test_a_customer_of_two_kinds_is_in_both_and_who_loses_most_comes_first() -> None:
    loss = {"kind": "loss_making", "reason": "It loses.", "measure": "Let go."}
    hasty = {"kind": "impatient", "reason": "It waited.", "measure": "Be quick."}
    given: list[tuple[str, float | None, list[dict[str, str]]]] = [
        ("a", -5.0, [loss]), ("b", -9.0, [hasty, loss]), ("c", None, [hasty]), ("d", -5.0, [loss]),
    ]  # fmt: skip
    portfolio = Identified(POLICY)
    for name, net, kinds in given:
        portfolio.add(
            figured(
                {
                    "customer_id": name, "value": {"net_value": net},
                    "identification": {"approach": kinds},
                }
            )
        )  # fmt: skip
    found = portfolio.report()
    assert [row.customers for row in found.kinds] == [0, 0, 2, 3]
    assert found.kinds[3].measure == (
        "Lower the priority, charge fees for service, or let go."  # told of every kind
    )
    assert all(row.measure for row in found.kinds)
    assert [row.customer_id for row in found.approach["loss_making"]] == ["b", "a", "d"]
    assert [row.customer_id for row in found.approach["impatient"]] == ["b", "c"]


def test_prospects_are_ranked_by_expected_value_then_balance_then_id() -> None:
    """By hand, with two customers like all: of 8 customers 4 bought, worth 55 each.

    event: (2 + 2 x 0.5) / (4 + 2) = 0.5, (200 + 2 x 55) / (2 + 2) = 77.5; 38.75.
    list:  (2 + 1) / (4 + 2) = 0.5, (20 + 110) / 4 = 32.5; 16.25.
    """
    policy = Policy.model_validate({"identification": {"prospects": {"like_all": 2, "most": 3}}})
    portfolio = Identified(policy)
    for customer in (
        known("l-1", "list", 5.0), known("l-2", "list", 15.0),
        known("l-3", "list", balance=900.0), known("l-4", "list"),
        known("e-1", "event", 150.0), known("e-2", "event", 50.0),
        known("e-4", "event"), known("e-3", "event"),
    ):  # fmt: skip
        portfolio.add(customer)
    found = portfolio.report()
    assert [(row.source, row.customers, row.bought, row.prospects) for row in found.sources] == [
        ("event", 4, 2, 2), ("list", 4, 2, 2),
    ]  # fmt: skip
    figures = [(row.chance, row.worth, row.expected_value) for row in found.sources]
    assert figures[0] == pytest.approx((0.5, 77.5, 38.75))
    assert figures[1] == pytest.approx((0.5, 32.5, 16.25))
    assert found.prospects == 4
    assert [row.customer_id for row in found.prospect] == ["e-3", "e-4", "l-3"]


def test_without_a_buyer_nothing_is_expected_and_an_unknown_source_is_one_too() -> None:
    portfolio = Identified(POLICY)
    portfolio.add(known("a", None))
    portfolio.add(known("b", "partner"))
    found = portfolio.report()
    assert {row.source: row.expected_value for row in found.sources} == {
        "unknown": None, "partner": None,
    }  # fmt: skip
    assert [row.customer_id for row in found.prospect] == ["a", "b"]


def test_with_nobody_like_all_a_source_stands_for_itself() -> None:
    found = expected_by_source({"event": Came(4, 1, 80.0), "list": Came(4)}, like_all=0)
    assert found["event"] is not None and found["list"] is not None
    assert (found["event"].chance, found["event"].worth) == (0.25, 80.0)
    assert found["list"].value == 0.0


def test_the_order_of_customers_changes_no_digit() -> None:
    draw = Random(2)
    customers = [
        known(f"c-{n}", draw.choice(("event", "list", None)), draw.choice((None, draw.random())))
        for n in range(300)
    ]
    first, second = Identified(POLICY), Identified(POLICY)
    for customer in customers:
        first.add(customer)
    for customer in reversed(customers):
        second.add(customer)
    assert first.report() == second.report()

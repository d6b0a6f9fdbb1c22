"""Which figures are classes, and who would be in another one."""

from __future__ import annotations

from typing import Any

from schemas.figures import CustomerFigures
from streams.reports.policies.classes import Classes, Move
from tests.domain.figured import figured


def customer(customer_id: str, **figures: Any) -> CustomerFigures:
    """A customer; numbers, times and text without a reason are no classes."""
    value = {"clv": len(customer_id), "next_purchase_at": f"{figures}"}
    line = {"customer_id": customer_id, "owner_id": f"{figures}", "value": value} | figures
    return figured(line)


def loyalty(state: str | None, why: str) -> dict[str, Any]:
    return {"state": state, "state_reason": why, "churn_risk": len(why) / 100}


def moved(classes: Classes) -> dict[str, list[Move]]:
    """The figures in which anybody moves."""
    return {figure: moves for figure, moves in classes.moves().items() if moves}


def test_moves_are_counted_from_and_to_with_the_new_reason() -> None:
    classes = Classes(examples=2)
    for number in range(3):
        one = f"c-{number}"
        classes.add(
            customer(one, tier="key", relationship=loyalty("loyal", "old")),
            customer(one, tier="vip", relationship=loyalty("at_risk", f"new {number}")),
        )
    classes.add(
        customer("c-9", tier="vip", relationship=loyalty("loyal", "old")),
        customer("c-9", tier="key", relationship=loyalty("loyal", "new")),
    )
    assert classes.customers == 4
    assert moved(classes) == {
        "relationship.state": [
            Move("loyal", "at_risk", 3, [("c-0", "new 0"), ("c-1", "new 1")]),
        ],
        "tier": [
            Move("key", "vip", 3, [("c-0", None), ("c-1", None)]),
            Move("vip", "key", 1, [("c-9", None)]),
        ],
    }


def test_a_class_that_comes_to_be_or_is_lost_moves_too() -> None:
    classes = Classes(examples=1)
    classes.add(
        customer("c", value={"abc": None, "abc_reason": "no purchase"}),
        customer("c", value={"abc": "A", "abc_reason": "much"}),
    )
    assert moved(classes) == {"value.abc": [Move("-", "A", 1, [("c", "much")])]}


def test_segments_are_the_same_where_their_names_are() -> None:
    classes, names = Classes(examples=1), ({"s4": "lurkers"}, {"s1": "lurkers", "s2": "quality"})
    classes.add(customer("a", segment="s4"), customer("a", segment="s1"), names)
    classes.add(customer("b", segment="s4"), customer("b", segment="s2"), names)
    classes.add(customer("c", segment=None), customer("c", segment=None), names)
    assert moved(classes) == {"segment": [Move("lurkers", "quality", 1, [("b", None)])]}

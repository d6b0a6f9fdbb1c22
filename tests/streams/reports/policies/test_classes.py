"""Which figures are classes, and who would be in another one."""

from __future__ import annotations

from typing import Any

from streams.reports.policies.classes import Classes, Move


def customer(customer_id: str, **figures: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "event_xor": "ff", "balance": 3.0} | figures


def loyalty(state: str | None, why: str) -> dict[str, Any]:
    return {
        "state": state, "state_reason": why,
        "churn_risk": 0.3, "churn_risk_reason": "a number is no class",
        "next_purchase_at": f"{why}T", "next_purchase_at_reason": "a time is no class",
        "note": "text without a reason is no class",
    }  # fmt: skip


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
    assert classes.moves() == {
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
        customer("c", value={"abc": None, "abc_reason": "no purchase", "tier": "no class here"}),
        customer("c", value={"abc": "A", "abc_reason": "much", "tier": "nor here"}),
    )
    assert classes.moves() == {"value.abc": [Move("-", "A", 1, [("c", "much")])]}


def test_segments_are_the_same_where_their_names_are() -> None:
    classes, names = Classes(examples=1), ({"s4": "lurkers"}, {"s1": "lurkers", "s2": "quality"})
    classes.add(customer("a", segment="s4"), customer("a", segment="s1"), names)
    classes.add(customer("b", segment="s4"), customer("b", segment="s2"), names)
    classes.add(customer("c", segment=None), customer("c", segment=None), names)
    assert classes.moves() == {"segment": [Move("lurkers", "quality", 1, [("b", None)])]}

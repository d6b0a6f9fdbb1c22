"""Customers are cut by groups: values in their own order, the unknown last."""

from __future__ import annotations

from typing import Any

from domain.customer.grouping import GROUPS, Grouped, group_of
from schemas.figures import CustomerFigures
from tests.domain.bank import Events, Task
from tests.domain.figured import figured


class Count:
    """Counts customers."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def add(self, customer: CustomerFigures) -> None:
        self.ids.append(customer.customer_id)


def grouped(group: str, customers: list[dict[str, Any]]) -> list[tuple[str, int, list[str]]]:
    parts = Grouped(group, Count)
    for customer in customers:
        parts.add(figured(customer))
    return [(name, size, part.ids) for name, size, part in parts.parts()]


def test_tiers_have_their_own_order() -> None:
    customers: list[dict[str, Any]] = [
        {"customer_id": "a", "tier": "private"},
        {"customer_id": "b", "tier": "standard"},
        {"customer_id": "c", "tier": "private"},
    ]
    assert grouped("tier", customers) == [
        ("standard", 1, ["b"]), ("private", 2, ["a", "c"]),
    ]  # fmt: skip


def test_other_groups_are_told_by_size_then_name() -> None:
    regions = ["south", "north", None, None, None, "east", "north"]
    customers: list[dict[str, Any]] = [
        {"customer_id": str(n), "groups": {"region": region}} for n, region in enumerate(regions)
    ]
    assert [(name, size) for name, size, _ in grouped("region", customers)] == [
        ("north", 2), ("east", 1), ("south", 1), ("unknown", 3),
    ]  # fmt: skip


def test_every_group_is_found_in_what_the_rules_export() -> None:
    make = Events()
    profile = make.profile(
        0, birth_date="1990-05-01", sex="female", occupation="doctor", position="head",
        region="north", organisation_id="acme", owner_id="rm-7",
    )  # fmt: skip
    figures = Task().take(profile, make.transaction(1, 500_000.0)).exported()
    found = {group: group_of(figures, group) for group in GROUPS}
    assert found["tier"] == "vip"
    assert found["owner"] == "rm-7"
    assert found["organisation"] == "acme"
    assert (found["sex"], found["region"], found["position"]) == ("female", "north", "head")
    assert found["age_band"] == "35-44"
    assert found["segment"] == "unknown"

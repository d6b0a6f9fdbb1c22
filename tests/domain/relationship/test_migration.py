"""Migration between segments: flows and sizes against a model that remembers everyone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from domain.relationship.migration import Flow, Migration

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def update(customer: str, hours: int, was: str | None, to: str | None) -> dict[str, Any]:
    at = (BEGUN + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    name = None if to is None else f"name of {to}"
    told = {
        "customer_id": customer, "occurred_at": at, "from_segment": was, "to_segment": to,
        "segment_name": name,
    }  # fmt: skip
    return {field: value for field, value in told.items() if value is not None}


def test_flows_and_days_are_counted_by_hand() -> None:
    migration = Migration()
    for given in [
        update("a", 1, None, "s1"), update("b", 2, None, "s1"), update("c", 3, None, "s2"),
        update("a", 30, "s1", "s2"), update("b", 80, "s1", None),
    ]:  # fmt: skip
        migration.add(given)
    assert migration.flows() == [
        Flow("", "s1", 2), Flow("", "s2", 1), Flow("s1", "", 1), Flow("s1", "s2", 1),
    ]  # fmt: skip
    days = migration.days()
    assert [day.day.day for day in days] == [1, 2, 3, 4]
    assert [day.sizes for day in days] == [
        {"s1": 2, "s2": 1}, {"s1": 1, "s2": 2}, {"s1": 1, "s2": 2}, {"s2": 2},
    ]  # fmt: skip
    assert [(day.entered, day.moved, day.left) for day in days] == [
        (3, 0, 0), (0, 1, 0), (0, 0, 0), (0, 0, 1),
    ]  # fmt: skip
    assert (migration.name("s1"), migration.name("s9")) == ("name of s1", "s9")


def test_sizes_are_those_of_everyone_followed_one_by_one() -> None:
    random, migration = Random(8), Migration()
    where: dict[str, str | None] = {f"c{n}": None for n in range(40)}
    ends: dict[int, Counter[str]] = {}
    kept: list[dict[str, Any]] = []
    for hour in range(24 * 20):
        customer = random.choice(sorted(where))
        to = random.choice([one for one in ("s1", "s2", "s3", None) if one != where[customer]])
        kept.append(update(customer, hour, where[customer], to))
        migration.add(kept[-1])
        where[customer] = to
        ends[hour // 24] = Counter(segment for segment in where.values() if segment)
    assert [day.sizes for day in migration.days()] == [dict(ends[day]) for day in sorted(ends)]
    whole = migration.days()
    later = Migration()  # of which the first five days are gone
    where = {customer: None for customer in where}
    for given in kept:
        where[given["customer_id"]] = given.get("to_segment")
        if given["occurred_at"] >= "2026-03-06":
            later.add(given)
    at_last = Counter(segment for segment in where.values() if segment)
    assert later.days(at_last) == whole[5:]
    assert sum(flow.changes for flow in migration.flows()) == migration.updates == 24 * 20


def test_without_updates_there_is_nothing() -> None:
    assert Migration().days() == []
    assert Migration().flows() == []

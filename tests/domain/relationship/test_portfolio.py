"""The report on relationships, against counts by hand."""

from __future__ import annotations

from typing import Any

import pytest

from domain.policy import Policy
from domain.relationship.portfolio import RelationshipPortfolio, RelationshipReport
from schemas.figures import CustomerFigures
from tests.domain.bank import DAY, Events, Task
from tests.domain.figured import figured


def customer(**given: Any) -> CustomerFigures:
    relationship = {
        "state": "repeat", "lifecycle_phase": "stability", "stage": "basic",
        "loyalty_diamond": None, "loyalty_phase": "none", "contact_type": None,
        "churn_risk": 0.2, "quality": None, "attitude": 8.0,
    }  # fmt: skip
    value = {"purchases": 2, "total_365_days": 100.0, "loyalty_matrix": None, "abc": "B"}
    for part in (relationship, value):
        part.update({name: one for name, one in given.items() if name in part})
    line = {
        "satisfaction": given.get("satisfaction"), "segment": given.get("segment"),
        "relationship": relationship, "value": value,
    }  # fmt: skip
    return figured(line)


def report(*customers: CustomerFigures) -> RelationshipReport:
    return RelationshipPortfolio.of(customers, Policy()).report()


def test_classes_are_counted_in_their_order_with_means_over_those_known() -> None:
    found = report(
        customer(churn_risk=0.1, satisfaction=8.0, total_365_days=10.0),
        customer(churn_risk=None, satisfaction=None, total_365_days=30.0),
        customer(state="lost", churn_risk=0.9, satisfaction=2.0),
    )
    states = {one.name: one for one in found.classes["state"]}
    assert list(states) == [
        "potential", "target", "first_time", "repeat", "loyal", "at_risk", "lost", "reactivated",
    ]  # fmt: skip
    repeat = states["repeat"]
    assert repeat.customers == 2
    assert repeat.share == pytest.approx(2 / 3)
    assert (repeat.churn_risk, repeat.satisfaction, repeat.value) == (0.1, 8.0, 20.0)
    assert states["loyal"].customers == 0
    assert states["loyal"].churn_risk is None
    diamond = {one.name: one.customers for one in found.classes["loyalty_diamond"]}
    assert diamond == {
        "loyal": 0, "habitual": 0, "variety_seeker": 0, "switcher": 0, "unknown": 3,
    }  # fmt: skip


def test_churn_is_told_in_tenths_beside_what_is_published() -> None:
    risks = [0.0, 0.05, 0.1, 0.6, 0.99, 1.0, None]
    churn = report(
        *(customer(churn_risk=risk) for risk in risks),
        customer(state="lost", churn_risk=0.8),
        customer(state="potential", purchases=0, churn_risk=None),
    ).churn
    assert [band.customers for band in churn.bands] == [2, 1, 0, 0, 0, 0, 1, 0, 1, 2]
    assert (churn.known, churn.unknown) == (7, 2)
    assert churn.mean == pytest.approx((0.05 + 0.1 + 0.6 + 0.99 + 1.0 + 0.8) / 7)
    assert (churn.line, churn.above) == (0.6, 4)
    assert (churn.buyers, churn.lost, churn.lost_share) == (8, 1, 0.125)


def test_segments_are_crossed_with_value_classes() -> None:
    found = report(
        customer(segment="s1", abc="A"), customer(segment="s1", abc="B"),
        customer(segment="s2", abc="A"), customer(abc="C"), customer(segment="s1", abc="A"),
    )  # fmt: skip
    cells = {
        (cell.segment, cell.value_class): cell.customers for cell in found.segments_by_value["abc"]
    }
    assert cells == {
        ("s1", "A"): 2, ("s1", "B"): 1, ("s1", "C"): 0, ("s2", "A"): 1, ("s2", "B"): 0,
        ("s2", "C"): 0, ("unknown", "A"): 0, ("unknown", "B"): 0, ("unknown", "C"): 1,
    }  # fmt: skip
    assert {cell.value_class for cell in found.segments_by_value["clv_class"]} > {"unknown"}


def test_of_nobody_there_is_nothing_to_tell() -> None:
    found = report()
    assert found.customers == 0
    assert found.churn.above_share is None
    assert found.quality is None


def test_customers_of_the_rules_come_through() -> None:
    make = Events()
    task = Task()
    for day in (0, 5, 9):
        task.take(make.transaction(day * DAY, 500.0, amount=40.0))
    task.take(make.survey(10 * DAY, "nps", 10))
    found = report(task.exported())
    counted = {
        kind: [one.name for one in table if one.customers] for kind, table in found.classes.items()
    }
    assert counted["state"] == ["loyal"]
    assert counted["lifecycle_phase"] == ["exploration"]
    assert (found.attitude, found.attitude_known) == (10.0, 1)
    (loyal,) = [one for one in found.classes["state"] if one.customers]
    assert loyal.value == 120.0

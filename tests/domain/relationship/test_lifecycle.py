"""Lifecycle phases, in their order: exploration, decline, formation, stability."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.finding import Finding
from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import RelationshipRules
from domain.relationship.lifecycle import lifecycle
from schemas.figures.relationship import LifecyclePhase

RULES = RelationshipRules()


def phase(age: int | None, purchases: int, value: float, before: float) -> Finding[LifecyclePhase]:
    """The phase of a relationship of this age (ms)."""
    now = 1_000 * DAY
    began = None if age is None else now - age
    return lifecycle(began, purchases, value, before, now=now, rules=RULES)


@pytest.mark.parametrize(
    ("age", "purchases", "value", "before", "expected"),
    [
        (90 * DAY - 1, 9, 10.0, 1_000.0, "exploration"),
        (90 * DAY, 2, 10.0, 1_000.0, "exploration"),
        (90 * DAY, 3, 699.99, 1_000.0, "decline"),
        (90 * DAY, 3, 700.0, 1_000.0, "stability"),
        (90 * DAY, 3, 1_100.0, 1_000.0, "stability"),
        (90 * DAY, 3, 1_100.01, 1_000.0, "formation"),
        (90 * DAY, 3, 0.0, 0.0, "stability"),
        (90 * DAY, 3, 1.0, 0.0, "formation"),
        (90 * DAY, 3, -1.0, 0.0, "decline"),
        (90 * DAY, 3, -100.0, -100.0, "stability"),
        (90 * DAY, 3, -120.0, -100.0, "decline"),
        (90 * DAY, 3, -80.0, -100.0, "formation"),
    ],
)
def test_the_phase_follows_age_purchases_and_value(
    age: int, purchases: int, value: float, before: float, expected: str
) -> None:
    assert phase(age, purchases, value, before).value == expected


def test_without_a_beginning_only_few_purchases_tell_the_phase() -> None:
    assert phase(None, 2, 1.0, 1.0).value == "exploration"
    assert phase(None, 3, 1.0, 1.0).missing == ("began_at",)


def test_the_reason_has_the_numbers() -> None:
    assert phase(40 * DAY, 5, 1, 1).reason == (
        "The relationship is 40 days old; exploration lasts 90 days."
    )
    assert phase(200 * DAY, 1, 1, 1).reason == "1 purchase; exploration ends from 3 on."
    assert phase(200 * DAY, 5, 1_500, 1_000).reason == (
        "Value of 1,500 within 90 days after 1,000 before, above 1.1 times."
    )


amounts = st.floats(-1e9, 1e9)


@given(st.none() | st.integers(0, 900 * DAY), st.integers(0, 50), amounts, amounts)
@settings(deadline=None)
def test_there_is_always_a_phase_or_a_missing_input(
    age: int | None, purchases: int, value: float, before: float
) -> None:
    found = phase(age, purchases, value, before)
    assert found.reason
    assert (found.value is None) == bool(found.missing)


@given(amounts, amounts, amounts)
@settings(deadline=None)
def test_more_value_never_makes_the_phase_worse(one: float, two: float, before: float) -> None:
    ranks = ("decline", "stability", "formation")
    less, more = sorted((one, two))
    found = [phase(200 * DAY, 9, value, before).value for value in (less, more)]
    assert ranks.index(found[0] or "") <= ranks.index(found[1] or "")

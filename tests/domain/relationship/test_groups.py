"""Age bands and deposit liquidity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.money.liquidity import deposit_liquidity
from domain.policy.relationship import GroupRules, RelationshipRules
from domain.relationship.groups import age_band, age_bands

RULES = RelationshipRules()


def at(text: str) -> int:
    """Milliseconds of a time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("born", "now", "band"),
    [
        ("2000-06-15", "2018-06-14T23:59:59", "under 18"),
        ("2000-06-15", "2018-06-15T00:00:00", "18-24"),
        ("2000-06-15", "2025-06-14T12:00:00", "18-24"),
        ("2000-06-15", "2025-06-15T12:00:00", "25-34"),
        ("2004-02-29", "2022-02-28T12:00:00", "under 18"),
        ("2004-02-29", "2022-03-01T12:00:00", "18-24"),
        ("1950-01-01", "2025-01-01T00:00:00", "65 and over"),
        ("1965-01-01", "1969-12-31T00:00:00", "under 18"),
    ],
)
def test_a_birthday_moves_the_age_band(born: str, now: str, band: str) -> None:
    assert age_band(born, at(now), RULES).value == band


@given(st.dates(date(1900, 1, 1), date(2025, 1, 1)), st.integers(0, 40_000))
@settings(deadline=None)
def test_everybody_born_is_in_one_band(born: date, days: int) -> None:
    today = born + timedelta(days=days)
    now = at(f"{today}T10:00:00")
    birthdays = sum(
        (year, born.month, born.day) <= (today.year, today.month, today.day)
        for year in range(born.year + 1, today.year + 1)
    )
    expected = sum(birthdays >= age for age in (18, 25, 35, 45, 55, 65))
    assert age_band(born.isoformat(), now, RULES).value == age_bands(RULES)[expected]


def test_without_a_birth_date_or_with_one_to_come_there_is_no_band() -> None:
    assert age_band(None, 0, RULES).missing == ("birth_date",)
    found = age_band("2025-01-02", at("2025-01-01T00:00:00"), RULES)
    assert (found.value, found.missing) == (None, ("birth_date",))
    assert found.reason == "The birth date 2025-01-02 lies behind 2025-01-01."


def test_an_operator_may_cut_the_ages_otherwise() -> None:
    rules = RelationshipRules(groups=GroupRules(ages=(30, 60)))
    assert age_bands(rules) == ("under 30", "30-59", "60 and over")
    assert age_band("1990-01-01", at("2025-01-01T00:00:00"), rules).value == "30-59"


@pytest.mark.parametrize(
    ("moved", "balance", "expected"),
    [
        (0.0, 1_000.0, "stable"),
        (199.99, 1_000.0, "stable"),
        (200.0, 1_000.0, "active"),
        (999.99, 1_000.0, "active"),
        (1_000.0, 1_000.0, "volatile"),
        (1.0, 0.0, "volatile"),
        (1.0, -500.0, "volatile"),
        (0.0, 0.0, None),
        (0.0, -500.0, None),
        (None, 1_000.0, None),
        (10.0, None, None),
    ],
)
def test_liquidity_is_what_moved_over_the_balance(
    moved: float | None, balance: float | None, expected: str | None
) -> None:
    found = deposit_liquidity(moved, balance, RULES)
    assert found.value == expected
    assert (expected is None) == bool(found.missing)
    assert found.reason


def test_both_missing_inputs_of_liquidity_are_named() -> None:
    assert deposit_liquidity(None, None, RULES).reason == (
        "Deposit liquidity is unknown without moved and balance."
    )

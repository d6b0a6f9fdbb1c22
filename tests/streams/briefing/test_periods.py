"""Weeks and months: their numbers, their days, where they begin."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fields import milliseconds
from streams.briefing.periods import Kind, Period, period_at, period_of

DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))
KINDS = st.sampled_from(("week", "month"))


@given(DAYS, KINDS)
def test_a_day_is_in_one_period_and_periods_join_on(day: date, kind: Kind) -> None:
    period = period_of(day, kind)
    assert period.first_day <= day <= period.last_day
    assert period.after.before == period == period.before.after
    assert period.after.first_day == period.last_day + timedelta(days=1)
    assert period.before < period < period.after
    assert period.before.name < period.name < period.after.name


@pytest.mark.parametrize(
    ("day", "week", "month"),
    [
        (date(2026, 11, 29), "2026-W48", "2026-11"),
        (date(2026, 12, 31), "2026-W53", "2026-12"),
        (date(2027, 1, 3), "2026-W53", "2027-01"),
        (date(2027, 1, 4), "2027-W01", "2027-01"),
        (date(2024, 12, 30), "2025-W01", "2024-12"),
    ],
)
def test_numbers_are_those_of_iso_8601(day: date, week: str, month: str) -> None:
    assert (period_of(day, "week").name, period_of(day, "month").name) == (week, month)


def test_days_are_those_of_the_zone() -> None:
    shanghai, last = ZoneInfo("Asia/Shanghai"), Period("week", 2026, 9)
    ends = milliseconds(datetime.fromisoformat("2026-03-01T16:00:00+00:00"))
    assert last.ends(shanghai) == last.after.begins(shanghai) == ends
    assert period_at(ends - 1, "week", shanghai) == last
    assert period_at(ends, "week", shanghai) == last.after
    assert period_at(ends, "week", ZoneInfo("UTC")) == last


def test_the_week_in_which_clocks_change_is_an_hour_shorter() -> None:
    zone, spring = ZoneInfo("Europe/Berlin"), period_of(date(2026, 3, 29), "week")
    assert (spring.ends(zone) - spring.begins(zone)) / 3_600_000 == 7 * 24 - 1

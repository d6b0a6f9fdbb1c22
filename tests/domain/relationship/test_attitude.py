"""The attitude: NPS, else CSAT rescaled, else satisfaction, else unknown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import RelationshipRules
from domain.relationship.attitude import attitude

RULES = RelationshipRules()
NOW = 1_000 * DAY
FRESH, STALE = NOW - 364 * DAY, NOW - 365 * DAY


@pytest.mark.parametrize(
    ("nps", "csat", "satisfaction", "value", "missing"),
    [
        ((FRESH, 9), (FRESH, 1), 2.0, 9, ()),
        ((STALE, 9), (FRESH, 1), 2.0, 0, ("nps",)),
        (None, (FRESH, 5), 2.0, 10, ("nps",)),
        (None, (FRESH, 4), None, 7.5, ("nps",)),
        ((STALE, 9), (STALE, 5), 2.0, 2, ("nps", "csat")),
        (None, None, 6.4, 6.4, ("nps", "csat")),
        (None, (STALE, 5), None, None, ("nps", "csat", "satisfaction")),
    ],
)
def test_the_first_source_at_hand_is_the_attitude(
    nps: tuple[int, float] | None,
    csat: tuple[int, float] | None,
    satisfaction: float | None,
    value: float | None,
    missing: tuple[str, ...],
) -> None:
    found = attitude(nps, csat, satisfaction, NOW, RULES)
    assert (found.value, found.missing) == (value, missing)


def test_the_reason_names_the_source_and_its_age() -> None:
    assert attitude((NOW - DAY, 9.0), None, None, NOW, RULES).reason == "NPS 9, 1 day ago."
    said = attitude(None, None, 6.44, NOW, RULES).reason
    assert said == "No NPS and no CSAT within 365 days; satisfaction is 6.4."
    said = attitude(None, None, None, NOW, RULES).reason
    assert said == "The attitude is unknown without nps, csat and satisfaction."


def answers(low: int, high: int) -> st.SearchStrategy[tuple[int, int] | None]:
    return st.none() | st.tuples(st.integers(0, NOW), st.integers(low, high))


@given(answers(0, 10), answers(1, 5), st.none() | st.floats(0, 10))
@settings(deadline=None)
def test_the_attitude_lies_between_0_and_10_or_is_unknown(
    nps: tuple[int, int] | None, csat: tuple[int, int] | None, satisfaction: float | None
) -> None:
    found = attitude(nps, csat, satisfaction, NOW, RULES)
    assert found.reason
    if found.value is None:
        assert satisfaction is None
        assert found.missing
    else:
        assert 0 <= found.value <= 10

"""Relationship quality: a mean of three parts, unknown without one of them."""

from __future__ import annotations

from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.relationship.quality import Trust, relationship_quality

score = st.floats(0, 10)


@given(score, score, score, score, score)
@settings(deadline=None)
def test_quality_is_the_mean_of_trust_satisfaction_and_commitment(
    goodwill: float, integrity: float, ability: float, satisfaction: float, commitment: float
) -> None:
    found = relationship_quality(Trust(goodwill, integrity, ability), satisfaction, commitment)
    trust = mean((goodwill, integrity, ability))
    assert found.trust == pytest.approx(trust)
    assert found.quality == pytest.approx(mean((trust, satisfaction, commitment)))
    assert found.missing == ()


def test_each_missing_part_is_named_and_the_others_are_still_told() -> None:
    found = relationship_quality(Trust(8.0, None, None), None, 6.0)
    assert found.quality is None
    assert found.trust is None
    assert found.commitment == 6.0
    assert found.missing == ("trust.integrity", "trust.ability", "satisfaction")
    assert found.reason == (
        "Relationship quality is unknown without trust.integrity, trust.ability and satisfaction."
    )


def test_trust_is_known_although_satisfaction_and_commitment_are_not() -> None:
    found = relationship_quality(Trust(8.0, 6.0, 7.0), None, None)
    assert (found.quality, found.trust) == (None, 7.0)
    assert found.missing == ("satisfaction", "commitment")

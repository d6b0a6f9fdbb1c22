"""When a new version of the model is worth publishing, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from domain.policy.segments import SegmentRules
from domain.segmentation.fit import Fitter
from domain.segmentation.publish import why_publish
from schemas.fields import milliseconds
from schemas.segments import SegmentModel
from tests.domain.segmentation.population_vectors import bank_case, summaries

RULES = SegmentRules()
NOW = 1_700_000_000_000
LATER = NOW + 61_000


@pytest.fixture(scope="module")
def model() -> SegmentModel:
    made = Fitter(RULES).fit(summaries(bank_case(300, seed=2)[0], RULES), NOW)
    assert made is not None
    return made


def why(old: SegmentModel | None, new: SegmentModel, now: int = NOW) -> str | None:
    return why_publish(old, new, RULES, now)


def shifted(model: SegmentModel, deviations: float) -> SegmentModel:
    """The second centroid moved in its fifth feature."""
    rows = [list(row) for row in model.centroids]
    rows[1][4] += deviations
    return model.model_copy(update={"centroids": tuple(map(tuple, rows))})


def test_the_first_model_is_published_with_its_silhouette(model: SegmentModel) -> None:
    assert why(None, model) == model.reason
    assert f"mean silhouette {model.silhouettes[3]:.3f}" in model.reason
    assert milliseconds(model.occurred_at) == NOW


def test_what_is_the_same_is_not_published(model: SegmentModel) -> None:
    assert why(model, model) is None
    assert why(model, model, LATER) is None


def test_a_move_counts_from_the_policys_shift_on(model: SegmentModel) -> None:
    assert why(model, shifted(model, 0.04)) is None
    assert why(model, shifted(model, 0.06)) == (
        "s2 moved by 0.060 standard deviations in tab_switches"
    )


def test_a_scaler_that_changed_counts(model: SegmentModel) -> None:
    wider = tuple(np.multiply(model.scale, [1, 1, 1.2, 1, 1, 1, 1, 1]).tolist())
    reason = why(model, model.model_copy(update={"scale": wider})) or ""
    assert "the standard deviation of account_messages went from" in reason


def test_segments_that_come_or_go_are_named(model: SegmentModel) -> None:
    fewer = model.model_copy(
        update={"segments": model.segments[:2], "centroids": model.centroids[:2]}
    )
    size = model.segments[2].size
    gone, new = why(model, fewer) or "", why(fewer, model) or ""
    assert "K went from 3 to 2 (mean silhouettes 3: " in gone
    assert f"s3 of {size} customers is gone" in gone
    assert f"s3 of {size} customers is new" in new


def test_outliers_that_come_or_move_count(model: SegmentModel) -> None:
    def with_outliers(*values: float) -> SegmentModel:
        return model.model_copy(
            update={"outliers": tuple((value,) * 8 for value in values), "quarantined": 4}
        )

    came = "centres of outliers went from 0 to 1 (4 customers in quarantine)"
    assert why(model, with_outliers(9.0)) == came
    assert why(with_outliers(9.0), with_outliers(9.3)) is None
    assert why(with_outliers(9.0), with_outliers(9.6)) == (
        "a centre of outliers moved by 0.60 standard deviations"
    )


def test_sizes_count_when_the_cards_are_old(model: SegmentModel) -> None:
    card = model.segments[0]
    grown = model.model_copy(
        update={"segments": (card.model_copy(update={"size": 250}), *model.segments[1:])}
    )
    assert why(model, grown) is None
    assert why(model, grown, LATER) == (
        f"cards are 61 s old; s1 went from {card.size} to 250 customers"
    )


def test_a_new_policy_counts(model: SegmentModel) -> None:
    card = model.segments[0]
    renamed = card.model_copy(update={"name": "sleepers"})
    reworded = card.model_copy(update={"strategy": "Leave them alone."})
    rest = model.segments[1:]
    assert why(model, model.model_copy(update={"segments": (renamed, *rest)})) == (
        "s1 is now called sleepers, was lurkers"
    )
    assert why(model, model.model_copy(update={"segments": (reworded, *rest)})) == (
        "s1 has a new strategy text"
    )
    for changed in ({"margin": 0.2}, {"clear_margin": 0.5}, {"hold_hours": 1.0}):
        assert why(model, model.model_copy(update=changed)) == (
            "the policy's margins, hold, weights or share prior changed"
        )


def test_drift_is_said(model: SegmentModel) -> None:
    reason = why(model, model.model_copy(update={"drift": True}))
    assert reason == "drift showed, and a new scan came to 3 segments"


def test_a_reason_is_never_longer_than_a_sentence_may_be(model: SegmentModel) -> None:
    rules = SegmentRules(names={"s1": "x" * 64, "s2": "y" * 64, "s3": "z" * 64})
    renamed = Fitter(rules, model).fit(summaries(bank_case(300, seed=2)[0], rules), NOW)
    assert renamed is not None
    assert [card.name[0] for card in renamed.segments] == ["x", "y", "z"]
    assert "s1 is now called xxx" in renamed.reason
    assert len(renamed.reason) <= 1_000

"""The rules of segments: the bank case by default, refusals that a person can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from domain.policy import PolicyError, load_policy
from domain.policy.segments import (
    BANK_FEATURES,
    KNOWN_FEATURES,
    Condition,
    GenericRules,
    SegmentRules,
)
from domain.segmentation.features import FeatureSet


def strategy(name: str = "one", feature: str = "news_views", **bound: float) -> dict[str, Any]:
    when = [{"feature": feature, **(bound or {"above": 1.0})}]
    return {"name": name, "when": when, "text": "Do it."}


def test_the_default_is_the_bank_case() -> None:
    rules = SegmentRules()
    assert rules.features == BANK_FEATURES
    assert (rules.k, rules.k_max, rules.margin, rules.micro_clusters) == (None, 10, 0.10, 256)
    assert (rules.clear_margin, rules.hold_hours) == (0.30, 24.0)
    assert [each.name for each in rules.strategies] == ["notification-only", "lurkers", "quality"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"account_messages": (60.0, 3.8), "functions_visited": (1.0, -0.3)}, "notification-only"),
        (
            {
                "account_messages": (2.0, -0.3),
                "functions_visited": (1.0, -0.3),
                "push_share": (0.638, 0.4),
            },
            "lurkers",
        ),
        ({"functions_visited": (30.0, 2.3), "push_share": (0.1, -2.0)}, "quality"),
        ({"functions_visited": (1.0, 0.0), "push_share": (0.2, -0.5)}, None),
    ],
)
def test_strategies_fit_the_published_segments(
    given: dict[str, tuple[float, float]], expected: str | None
) -> None:
    values = dict.fromkeys(BANK_FEATURES, 0.0) | {name: v for name, (v, _) in given.items()}
    deviations = dict.fromkeys(BANK_FEATURES, 0.0) | {name: d for name, (_, d) in given.items()}
    fitting = [each.name for each in SegmentRules().strategies if each.fits(values, deviations)]
    assert (fitting[0] if fitting else None) == expected


def test_a_condition_on_a_feature_not_in_use_never_holds() -> None:
    rules = SegmentRules.model_validate({"strategies": [strategy(below=100.0)]})
    assert not rules.strategies[0].fits({"app_launches": 0.0}, {"app_launches": 0.0})


@pytest.mark.parametrize(
    ("bound", "held"),
    [
        ({"above": 2.0}, {(3.0, 0.0)}),
        ({"below": 2.0}, {(1.0, 0.5), (1.0, 0.0)}),
        ({"deviations_above": 0.2}, {(1.0, 0.5)}),
        ({"deviations_below": 0.2}, {(1.0, 0.0), (3.0, 0.0)}),
    ],
)
def test_a_bound_compares_what_its_name_says(
    bound: dict[str, float], held: set[tuple[float, float]]
) -> None:
    condition = Condition.model_validate({"feature": "news_views", **bound})
    figures = {(1.0, 0.5), (1.0, 0.0), (3.0, 0.0)}
    assert {each for each in figures if condition.holds(*each)} == held


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": 1}, "greater than or equal to 2"),
        ({"k": 11}, "less than or equal to 10"),
        ({"k": 5, "k_max": 4}, "not be greater than segments.k_max (4)"),
        ({"k_max": 1}, "greater than or equal to 2"),
        ({"features": []}, "at least 1 item"),
        ({"features": ["news_views", "shoe_size"]}, "shoe_size is no feature: choose from beh"),
        ({"features": ["news_views", "news_views"]}, "news_views is there twice"),
        ({"features": ["news_views"], "weights": {"app_launches": 2}}, "weigh only those"),
        ({"weights": {"app_launches": 0}}, "greater than or equal to 0.001"),
        ({"weights": {"app_launches": float("inf")}}, "finite"),
        ({"margin": 1}, "less than or equal to 0.999"),
        ({"margin": -0.1}, "greater than or equal to 0"),
        ({"margin": 0.4}, "must not be less than segments.margin (0.4)"),
        ({"clear_margin": 0.05}, "must not be less than segments.margin (0.1)"),
        ({"clear_margin": 1.1}, "less than or equal to 1"),
        ({"hold_hours": 169}, "less than or equal to 168"),
        ({"hold_hours": -1}, "greater than or equal to 0"),
        ({"min_customers": 1}, "greater than or equal to 2"),
        ({"quarantine_share": 0.5}, "less than or equal to 0.499"),
        ({"names": {"s1": "loyal", "s2": "loyal"}}, "loyal is there twice"),
        ({"names": {"s1": "quarantine"}}, "'quarantine' is taken"),
        ({"names": {"quarantine": "odd"}}, "'quarantine' is taken"),
        ({"names": {"s1": ""}}, "at least 1 character"),
        ({"strategies": [strategy(), strategy()]}, "names of strategies must differ; one is"),
        ({"strategies": [strategy("quarantine")]}, "'quarantine' is taken"),
        ({"strategies": [strategy(feature="shoe_size")]}, "shoe_size is no feature"),
        ({"strategies": [strategy(above=1, below=2)]}, "exactly one of"),
        ({"strategies": [strategy(above=1, below=2)]}, "there are above, below"),
        ({"strategies": [{"name": "a", "when": [{"feature": "x"}], "text": "b"}]}, "are none"),
        ({"strategies": [{"name": "a", "when": [], "text": "b"}]}, "at least 1 item"),
        ({"strategies": [strategy(above=float("nan"))]}, "finite"),
        ({"restart": 3}, "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SegmentRules.model_validate(given)
    assert said in str(refused.value)


def test_an_operators_file_may_pin_everything(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "segments:\n"
        "  features: [push_share, complaints, behaviours]\n"
        "  weights: {complaints: 2.5}\n"
        "  k: 4\n"
        "  names: {s2: loyal}\n"
        "  strategies:\n"
        "  - name: angry\n"
        "    when: [{feature: complaints, deviations_above: 1}]\n"
        "    text: Call them.\n"
    )
    rules = load_policy(path).segments
    assert rules.features == ("push_share", "complaints", "behaviours")
    assert (rules.k, rules.weights, rules.names) == (4, {"complaints": 2.5}, {"s2": "loyal"})
    assert [each.name for each in rules.strategies] == ["angry"]
    assert rules.other_strategy == SegmentRules().other_strategy
    features = FeatureSet.of(rules)
    assert features.logged.tolist() == [False, True, True]
    assert features.weights.tolist() == [1.0, 2.5, 1.0]


def test_a_refusal_names_file_field_and_what_must_hold(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("segments: {k: 1, features: [shoe_size]}\n")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    assert refused.value.faults[0].startswith(f"{path}: segments.features: given ['shoe_size']")
    assert refused.value.faults[1].startswith(f"{path}: segments.k: given 1; must hold: greater")


def test_shares_and_scores_are_the_only_features_without_logarithm() -> None:
    features = FeatureSet.of(SegmentRules(features=KNOWN_FEATURES))
    left = [n for n, logged in zip(features.names, features.logged, strict=True) if not logged]
    assert left == ["push_share", "satisfaction", "wait_score"]
    limits = dict(zip(features.names, features.highest, strict=True))
    assert (limits["satisfaction"], limits["push_share"], limits["balance"]) == (10, 1, np.inf)


def test_real_units_come_back_from_the_transformed() -> None:
    features = FeatureSet.of(SegmentRules())
    raw = np.array([[0, 3, 250, 0.638, 1, 0, 12, 7.0]])
    transformed = features.drawn_to(features.transform(raw), [0.5])
    assert transformed[0, 2] == pytest.approx(5.5254529391)  # log 251
    assert transformed[0, 3] == pytest.approx(0.569)  # (3 x 0.638 + 3 x 0.5) / 6
    raw[0, 3] = 0.569
    assert features.restore(transformed) == pytest.approx(raw)
    assert raw[0, 2] == 250


@pytest.mark.parametrize(
    ("column", "value", "impossible"),
    [
        (0, 0.0, False),
        (0, 1e9, False),
        (0, -1.0, True),
        (0, float("nan"), True),
        (0, float("inf"), True),
        (3, 1.0, False),
        (3, 1.0001, True),
        (3, -0.1, True),
    ],
)
def test_which_vectors_cannot_be(column: int, value: float, impossible: bool) -> None:
    raw = np.zeros((2, 8))
    raw[1, column] = value
    assert FeatureSet.of(SegmentRules()).impossible(raw).tolist() == [False, impossible]


def test_generic_rules_take_any_table_of_numbers() -> None:
    rules = GenericRules(features=("hue", "visits"), log=("visits",))
    features = FeatureSet.of(rules)
    assert features.logged.tolist() == [False, True]
    raw = [[-3.0, 0.0], [1.5, -1.0], [float("inf"), 1.0]]
    assert features.impossible(raw).tolist() == [False, True, True]
    with pytest.raises(ValidationError, match="hat is not in features"):
        GenericRules(features=("hue",), log=("hat",))

"""The policy: defaults, an operator's file over them, and refusals a person can act on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.policy import Policy, PolicyError, default_yaml, load_policy


def refusal(tmp_path: Path, text: str) -> str:
    """What is said of a policy file with this text."""
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    return str(refused.value)


def test_no_file_is_the_default_policy() -> None:
    assert load_policy(None) == Policy()


def test_the_default_file_reads_back_as_the_default_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(default_yaml())
    assert load_policy(path) == Policy()
    assert set(yaml.safe_load(default_yaml())) == set(Policy.model_fields)


def test_an_empty_file_is_the_default_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("# nothing yet\n")
    assert load_policy(path) == Policy()


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "currency: {rates: {CZK: 0.31}}\n"
        "complaints: {acknowledge_hours: {vip: 0.5, private: 0.25}}\n"
        "alerts: {rules: {vip_new: {enabled: false}}}\n"
    )
    policy = load_policy(path)
    assert policy.rates == Policy().rates | {"CZK": 0.31}
    assert policy.complaints.acknowledge_hours.ms == (
        86_400_000, 28_800_000, 14_400_000, 1_800_000, 900_000,
    )  # fmt: skip
    assert not policy.alerts.rules.vip_new.enabled
    assert policy.alerts.rules.vip_new.action == Policy().alerts.rules.vip_new.action


@pytest.mark.parametrize(
    ("text", "field", "given", "must"),
    [
        ("tiers: {key: 50000}", "tiers.key", "50000", "greater than tiers.prospect (100000)"),
        ("tiers: {vip: 9000000}", "tiers.private", "8000000.0", "greater than tiers.vip (9e+06)"),
        ("tiers: {gold: 1}", "tiers.gold", "1", "no such field"),
        ("tiers: {grace_days: -1}", "tiers.grace_days", "-1", "greater than or equal to 0"),
        (
            "satisfaction: {weights: {wait: -2}}",
            "satisfaction.weights.wait",
            "-2",
            "greater than or equal to 0",
        ),
        (
            "satisfaction: {factors: {wait: patience}}",
            "satisfaction.factors.wait",
            "'patience'",
            "'product', 'service'",
        ),
        (
            "satisfaction: {half_life_days: 0}",
            "satisfaction.half_life_days",
            "0",
            "greater than 0",
        ),
        (
            "satisfaction: {wait_zero_score_seconds: 30}",
            "satisfaction.wait_zero_score_seconds",
            "30",
            "greater than wait_full_score_seconds (60)",
        ),
        (
            "alerts: {rules: {vip_new: {cooldown_seconds: -1}}}",
            "alerts.rules.vip_new.cooldown_seconds",
            "-1",
            "greater than or equal to 0",
        ),
        (
            "complaints: {resolve_hours: {key: 200}}",
            "complaints.resolve_hours.key",
            "200",
            "not be longer than that of tier prospect (168 hours)",
        ),
        (
            "complaints: {regulator_complex_days: 10}",
            "complaints.regulator_complex_days",
            "10",
            "not be shorter than complaints.regulator_days (15)",
        ),
        ("currency: {base: EUR}", "currency.rates", "", "base currency EUR must be in the table"),
        ("currency: {rates: {USD: 0}}", "currency.rates.USD", "0", "greater than 0"),
        ("tiers: {vip: .nan}", "tiers.vip", "nan", "finite"),
        ("purchases: {directions: []}", "purchases.directions", "[]", "at least 1 item"),
    ],
)
def test_what_makes_no_sense_is_refused_by_file_field_value_and_rule(
    tmp_path: Path, text: str, field: str, given: str, must: str
) -> None:
    said = refusal(tmp_path, text)
    assert said.startswith(f"{tmp_path / 'policy.yaml'}: {field}: given {given}")
    assert must in said


def test_every_fault_has_its_own_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, "tiers: {key: 1}\nsatisfaction: {half_life_days: -3}\nsurplus: 1\n")
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("tiers: [", "is not YAML"), ("- tiers\n", "must be a mapping"), ("just text", "mapping")],
)
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refusal(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")

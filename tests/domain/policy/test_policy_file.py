"""The policy: defaults, an operator's file over them, and what differs between two."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.policy import Policy, PolicyError, default_yaml, load_policy, policy_yaml
from domain.policy.changes import ABSENT, changes, fields


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


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")


def test_a_file_of_every_kind_of_field_reads_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("segments: {k: 3, weights: {push_share: 2}}\npurchases: {categories: [food]}\n")
    policy = load_policy(path)
    (tmp_path / "again.yaml").write_text(policy_yaml(policy))
    assert load_policy(tmp_path / "again.yaml") == policy


def test_changes_name_each_field_with_both_values(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "tiers: {vip: 250000, key: 200000}\n"
        "currency: {rates: {CHF: 8.8}}\n"
        "segments: {k: 3, features: [news_views, push_share]}\n"
        "alerts: {rules: {vip_new: {enabled: false}}}\n"
    )
    found = {
        change.field: (change.was, change.becomes)
        for change in changes(Policy(), load_policy(path))
    }
    assert found == {
        "currency.rates.CHF": (ABSENT, 8.8),
        "tiers.vip": (300_000.0, 250_000.0),
        "alerts.rules.vip_new.enabled": (True, False),
        "segments.features": (list(Policy().segments.features), ["news_views", "push_share"]),
        "segments.k": (None, 3),
    }


def test_fields_of_a_list_are_named_by_their_place() -> None:
    named = fields(Policy())
    assert named["segments.strategies.1.when.0.above"] == 0.5
    assert named["value.rfm.shares"] == [0.2, 0.4, 0.6, 0.8]


def test_zones_are_found_without_regard_to_case(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "alerts: {time_zone: europe/berlin}\n"
        "complaints: {calendar: {time_zone: AMERICA/new_york}}\n"
    )
    policy = load_policy(path)
    assert policy.alerts.time_zone == "Europe/Berlin"
    assert policy.complaints.calendar.time_zone == "America/New_York"

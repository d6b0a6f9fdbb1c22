"""Prometheus's rules and Alertmanager's routes hold, by the tools that come with them."""

import doctest
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric

from domain.policy import Policy
from streams.cli import app
from streams.serve.access.measured import AccessMetrics
from streams.serve.metrics import ServeMetrics
from streams.worker.metrics import Metrics
from tests.ops import reading
from tests.ops.reading import OPS, RULES, UNIT_TESTS, alerts, load, metrics, rules

ALERTMANAGER = OPS / "alertmanager/alertmanager.yml"
TEAMS = {"operations", "experience", "vip-desk"}


def told(*line: object) -> str:
    """What a tool prints, which must end well."""
    done = subprocess.run(
        [str(part) for part in line], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def key(rule: dict[str, dict[str, str]]) -> tuple[str, str]:
    """What makes an alert one of its own: its name and severity."""
    return str(rule["alert"]), rule["labels"]["severity"]


# -- by promtool and amtool --------------------------------------------------------------


def test_prometheus_takes_its_configuration_and_rules(promtool: Path) -> None:
    said = told(promtool, "check", "config", OPS / "prometheus/prometheus.yml")
    assert f"{len(RULES)} rule files found" in said
    told(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_rules_do_what_their_unit_tests_say(promtool: Path, path: Path) -> None:
    assert "SUCCESS" in told(promtool, "test", "rules", path)


def test_alertmanager_takes_its_configuration(amtool: Path) -> None:
    assert "SUCCESS" in told(amtool, "check-config", ALERTMANAGER)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"severity": "critical", "team": "operations"}, "pager"),
        ({"severity": "critical", "team": "vip-desk"}, "vip-desk"),
        ({"severity": "warning", "team": "operations"}, "tickets"),
        ({"severity": "warning", "team": "experience"}, "tickets"),
    ],
)
def test_alerts_reach_whom_they_concern(
    amtool: Path, labels: dict[str, str], receiver: str
) -> None:
    given = [f"{name}={value}" for name, value in labels.items()]
    routed = told(amtool, "config", "routes", "test", "--config.file", ALERTMANAGER, *given)
    assert receiver in routed.split()


# -- by reading --------------------------------------------------------------------------


def test_examples_hold() -> None:
    assert doctest.testmod(reading).failed == 0


def test_recorded_names_say_level_metric_and_operations() -> None:
    recorded = [rule.name for rule in rules() if rule.alert is None]
    assert len(recorded) == len(set(recorded)) >= 20
    for name in recorded:
        assert re.fullmatch(r"job(_[a-z]+)*:touchline_[a-z_]+:[a-z0-9_]+", name), name


def test_every_alert_says_what_is_wrong_what_to_do_and_whom_it_concerns() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["labels"]["team"] in TEAMS, rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}, rule["alert"]
        assert rule["annotations"]["description"].endswith("."), "whole sentences"
    assert len({key(rule) for rule in alerts()}) == len(alerts())


def test_what_an_alert_tells_to_type_can_be_typed() -> None:
    known = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    } | {group.name for group in app.registered_groups}
    named = {
        word
        for rule in alerts()
        for word in re.findall(r"touchline ([a-z-]+)", rule["annotations"]["runbook"])
    }
    assert named
    assert named <= known


def test_every_alert_has_a_unit_test_that_fires_and_one_that_does_not() -> None:
    fires: set[tuple[str, str]] = set()
    rests: set[tuple[str, str]] = set()
    every = {key(rule) for rule in alerts()}
    for group in (group for path in UNIT_TESTS for group in load(path)["tests"]):
        for case in group.get("alert_rule_test", []):
            of_name = {one for one in every if one[0] == case["alertname"]}
            assert of_name, f"{case['alertname']} is no alert"
            expected = case["exp_alerts"]
            fires |= {(case["alertname"], one["exp_labels"]["severity"]) for one in expected}
            rests |= set() if expected else of_name
        for case in group.get("promql_expr_test", []):
            for sample in case["exp_samples"]:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
                if labels.get("alertstate") == "firing":
                    fires.add((labels["alertname"], labels["severity"]))
    assert fires == every
    assert rests == every


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_unit_tests_record_before_they_judge(path: Path) -> None:
    """Else promtool takes the groups in any order, and an alert sees the step before."""
    given = load(path)
    groups = {
        group["name"]: "record" in group["rules"][0]
        for name in given["rule_files"]
        for group in load(path.parent / name)["groups"]
    }
    order = given["group_eval_order"]
    assert sorted(order) == sorted(groups)
    assert [groups[name] for name in order] == sorted(groups.values(), reverse=True)


def test_rules_look_only_at_metrics_that_workers_and_serve_export() -> None:
    exported: set[str] = set()
    serve = ServeMetrics()
    serve.looks_at(list, lambda: 0)
    AccessMetrics(serve.registry)
    for registry in (Metrics().registry, serve.registry):
        for family in registry.collect():
            exported |= names_of(family)
    for rule in rules():
        assert metrics(rule.expr) <= exported, rule.name


def names_of(family: Metric) -> set[str]:
    """The series of a metric, also of one that has none yet."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    return {family.name + ending for ending in endings.get(family.type, ("",))}


def test_a_recorded_name_in_a_rule_is_recorded() -> None:
    recorded = {rule.name for rule in rules() if rule.alert is None}
    for rule in rules():
        assert set(re.findall(r"job\w*:touchline_\w+:\w+", rule.expr)) <= recorded, rule.name


def test_low_satisfaction_is_what_the_policy_calls_dissatisfied() -> None:
    [low] = [rule for rule in alerts() if rule["alert"] == "TouchlineSatisfactionLow"]
    assert f"< {Policy().alerts.dissatisfied_below:g}" in low["expr"]

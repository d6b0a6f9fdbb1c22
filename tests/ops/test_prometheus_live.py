"""Prometheus over a running pipeline: every panel and every rule has something to look at.

A real broker, a worker, serve, a simulated bank whose promises are short, and Debian's Prometheus.
Panels and recording rules are asked as they stand, `or vector(0)` left out except where nothing
is the good case. Alerts are asked without the comparison with a threshold: what they judge must
be there while all is well. A day and a week ago are 5 seconds ago.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from streams.cluster.broker import LocalBroker
from streams.cluster.child import Child
from streams.topics.ensure import ensure_topics
from tests.ops.prometheus import THEN, Prometheus, running
from tests.ops.reading import DASHBOARDS, panels, rules, without_threshold
from tests.streams.running import PARTITIONS, SERVE, environment, until, worker_process

APP_ID = "prometheus"
HASTE = 3_600
TIERS = ("standard", "prospect", "key", "vip", "private")
NOTHING_IS_GOOD = {
    'count(ALERTS{alertstate="firing"}) or vector(0)',
    "sum(increase(touchline_segment_models_refused_total[10m])) or vector(0)",
}
IN_TROUBLE_ALONE = {
    "TouchlineServeNotReady": 'up{job="touchline-serve"}',
    "TouchlineServeFailing": "rate(touchline_serve_requests_total[5m])",
}
"""What is asked in place of alerts whose expression has no data while all is well."""
BANK = [
    "--customers", "200", "--vip-share", "0.2", "--rate", "200", "--bad", "0.03",
    "--haste", str(HASTE), "--seconds", "170",
]  # fmt: skip


@pytest.fixture(scope="module")
def live(
    module_broker: LocalBroker, prometheus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus, while bank and worker run; all of them end with it."""
    directory = tmp_path_factory.mktemp("prometheus")
    ensure_topics(module_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, module_broker.bootstrap)
    variables["TOUCHLINE_POLICY"] = str(short_promises(directory))
    variables["TOUCHLINE_SERVE__DIRECTORY"] = str(directory / "serve")
    with (
        worker_process(variables, directory / "worker.log") as worker,
        worker_process(variables, directory / "serve.log", SERVE) as serve,
        running(prometheus, directory, {"touchline": worker, "touchline-serve": serve}) as server,
    ):
        line = [sys.executable, "-m", "streams.cli", "simulate", *BANK]
        bank = Child([*line, "--bootstrap", module_broker.bootstrap], directory / "bank.log")
        try:
            yield server
        finally:
            bank.stop(30.0)


def short_promises(directory: Path) -> Path:
    """A policy by which a complaint is overdue after a second."""
    promised = dict.fromkeys(TIERS, 1 / HASTE)
    complaints = {"acknowledge_hours": promised}
    path = directory / "policy.yml"
    path.write_text(yaml.safe_dump({"complaints": complaints}))
    return path


def wait_for_data(live: Prometheus, expressions: dict[str, str]) -> None:
    """Wait until each has data; those that never had are named."""
    missing = dict(expressions)

    def all_have() -> bool:
        for name in [name for name, expr in missing.items() if live.has_data(expr)]:
            del missing[name]
        return not missing

    try:
        until(lambda: all_have() or None, "data", 100.0)
    except AssertionError as error:
        lines = [f"{name}: {expr}" for name, expr in missing.items()]
        raise AssertionError("\n".join(["no data for", *lines])) from error


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_has_data(live: Prometheus, path: Path) -> None:
    asked = {
        f"{panel['title']} {target['refId']}": (
            target["expr"]
            if target["expr"] in NOTHING_IS_GOOD
            else target["expr"].removesuffix(" or vector(0)")
        )
        for panel in panels(path)
        for target in panel["targets"]
    }
    assert len(asked) >= 15
    wait_for_data(live, asked)


def test_every_rule_has_data_and_is_worked_out_without_an_error(live: Prometheus) -> None:
    asked = {}
    for number, rule in enumerate(rules()):
        expr = without_threshold(rule.expr) if rule.alert else rule.expr
        expr = IN_TROUBLE_ALONE.get(rule.name, expr)
        for then in ("offset 1d", "offset 7d"):
            expr = expr.replace(then, THEN)
        asked[f"{number} {rule.name}"] = expr
    wait_for_data(live, asked)

    loaded = live.rules()
    assert len(loaded) == len(asked)
    assert {rule["name"]: rule.get("lastError") for rule in loaded if rule["health"] != "ok"} == {}


def test_what_nobody_exports_and_what_is_no_number_is_not_data(live: Prometheus) -> None:
    assert not live.has_data("touchline_no_such_metric")
    assert not live.has_data("vector(0) / vector(0)")
    assert live.has_data("vector(0)")


def test_the_bank_brings_the_alerts_about_it_that_it_must_and_none_about_the_flow(
    live: Prometheus,
) -> None:
    """3 % of its records are refused, and nobody answers a complaint within a second."""
    expected = {"TouchlineDeadLettersHigh", "TouchlineComplaintsOverdue"}
    broken = {"TouchlineDown", "TouchlineWorkerDown", "TouchlinePartitionStopped"}

    def active() -> set[str]:
        return {one["metric"]["alertname"] for one in live.series("ALERTS")}

    until(lambda: active() >= expected or None, "both alerts", 100.0)
    assert not active() & broken

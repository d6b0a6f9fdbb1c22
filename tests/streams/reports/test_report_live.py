"""Reports of the live state say what a replay of the same events says, over all partitions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schemas.topics import TOPIC_OF_TYPE
from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.chaos.oracle import offsets_behind
from tests.streams.reports.bank import events, policy_in, replayed
from tests.streams.running import PARTITIONS, Record, environment, produce, until, worker_process

pytestmark = pytest.mark.long

APP_ID = "reports"
SETTLE_SECONDS = 90.0


@pytest.fixture(scope="module")
def house(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policy, and with what a replay says of the events a worker has had."""
    folder = tmp_path_factory.mktemp("live")
    lines = events(1_500)
    replayed(lines, folder, policy_in(folder))
    return folder


@pytest.fixture(scope="module")
def run(
    module_broker: LocalBroker, house: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Result]:
    """Let a worker take all events, and give what runs a command against what it left."""
    ensure_topics(module_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, module_broker.bootstrap) | {
        "TOUCHLINE_CLOCK": "event",
        "TOUCHLINE_POLICY": str(house / "policy.yaml"),
        "TOUCHLINE_SEGMENTS__SUMMARY_SECONDS": "0.2",
    }
    given = [record(line) for line in events(1_500).splitlines()]
    topics = sorted({topic for topic, _, _ in given})
    log = tmp_path_factory.mktemp("reports") / "worker.log"
    with worker_process(variables, log):
        produce(module_broker.bootstrap, given)
        until(
            lambda: not offsets_behind(module_broker.bootstrap, APP_ID, topics),
            "all events to be committed",
        )
        until(lambda: classed(variables) or None, "customers to be classed", SETTLE_SECONDS)
        until(lambda: migrated(variables) or None, "customers in segments", SETTLE_SECONDS)
    return lambda *line: invoke(variables, *line)


def invoke(variables: dict[str, str], *line: object) -> Result:
    ours = {name: value for name, value in variables.items() if name.startswith("TOUCHLINE_")}
    return CliRunner(env=ours).invoke(app, list(map(str, line)))


def classed(variables: dict[str, str]) -> bool:
    """Whether standings are there that class somebody as A."""
    told = invoke(variables, "report", "value", "--format", "json")
    assert told.exit_code == 0, told.output
    rows = json.loads(told.stdout)["sections"]["abc"]["tables"]["abc"]
    return any(row["name"] == "A" and row["customers"] for row in rows)


def migrated(variables: dict[str, str]) -> bool:
    """Whether a segment model is there by which somebody moved."""
    told = invoke(variables, "report", "relationship", "--format", "json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)["sections"].get("migration")
    return found is not None and sum(row["changes"] for row in found["tables"]["flows"]) > 0


def record(line: bytes) -> Record:
    event = json.loads(line)
    return TOPIC_OF_TYPE[event["type"]], event["customer_id"].encode(), line


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def later(house: Path) -> str:
    """A time at which both are to be told: a second after the newest event."""
    as_of = json.loads((house / "replay" / "summary.json").read_text())["as_of"]
    moment = datetime.fromisoformat(as_of) + timedelta(seconds=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_complaints_and_states_are_those_of_a_replay(
    run: Callable[..., Result], house: Path
) -> None:
    live = told(run("report", "complaints", "--format", "json", "--by", "sex"))
    folder = house / "replay"
    replay = told(run("report", "complaints", "--format", "json", "--by", "sex", "--from", folder))
    assert live["source"] == "the live state"
    assert live["as_of"] == replay["as_of"]
    assert live["customers"] == replay["customers"]
    # each partition is told as of its own newest event, in the replay and live alike
    assert live["sections"]["promises"] == replay["sections"]["promises"]
    assert live["sections"]["by_sex"] == replay["sections"]["by_sex"]
    one, other = (
        told(run("report", "relationship", "--format", "json", *source))["sections"]
        for source in ((), ("--from", folder))
    )
    for section in ("states", "funnel", "churn", "lifecycle", "contacts"):
        assert one[section] == other[section], section


def test_a_briefing_is_that_of_a_replay(
    run: Callable[..., Result], house: Path, tmp_path: Path
) -> None:
    day = later(house)[:10]
    told = []
    for name, source in (("live", ()), ("replay", ("--from", house / "replay"))):
        out = tmp_path / name
        made = run("brief", "--month", "--ending", day, "--out", out, *source)
        assert made.exit_code == 0, made.output
        [figures] = out.glob("*.json")
        told.append(json.loads(figures.read_text()))
    live, replay = told
    assert (live.pop("source"), replay.pop("source")) == ("the live state", str(house / "replay"))
    # standings, which classes of value go by, came at other times
    assert live["standing"].pop("value_share_of_a") is not None
    del replay["standing"]["value_share_of_a"]
    assert live == replay
    assert live["period"]["alerts"] > 0


def test_who_stands_out_is_who_does_in_a_replay(run: Callable[..., Result], house: Path) -> None:
    one, other = (
        told(run("report", "identification", "--format", "json", *source))["sections"]
        for source in ((), ("--from", house / "replay"))
    )
    for section in ("approach", "prospects"):
        assert one[section] == other[section], section
    assert other["prospects"]["tables"]["sources"][0]["bought"] > 0


def test_migration_is_that_of_the_updates_in_kafka(run: Callable[..., Result]) -> None:
    sections = told(run("report", "relationship", "--format", "json"))["sections"]
    flows = sections["migration"]["tables"]["flows"]
    assert sum(row["changes"] for row in flows) > 0
    days = sections["migration"]["tables"]["days"]
    held = [row["customers"] for row in sections["segments_by_value"]["tables"]["segments_abc"]
            if row["segment"] != "no segment"]  # fmt: skip
    assert days[-1]["customers"] == sum(held)


def test_the_live_state_may_be_told_as_of_a_later_time(
    run: Callable[..., Result], house: Path
) -> None:
    live = told(run("report", "complaints", "--format", "json", "--at", later(house)))
    assert live["as_of"] == later(house).replace("Z", ".000Z")


def test_one_customer_has_the_class_that_the_report_counts(run: Callable[..., Result]) -> None:
    everyone = run("state", "--all", "--json").stdout.splitlines()
    counted = sum(json.loads(line)["value"]["abc"] == "A" for line in everyone)
    rows = told(run("report", "value", "--format", "json"))["sections"]["abc"]["tables"]["abc"]
    assert {row["name"]: row["customers"] for row in rows}["A"] == counted > 0


def test_without_a_broker_it_is_one_line_that_says_what_to_do() -> None:
    line = [sys.executable, "-m", "streams.cli", "report", "value"]
    nobody = {**os.environ, "TOUCHLINE_KAFKA__BOOTSTRAP": "127.0.0.1:9"}
    done = subprocess.run(line, env=nobody, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("touchline: no Kafka answers at 127.0.0.1:9")
    assert "TOUCHLINE_KAFKA__BOOTSTRAP" in done.stderr

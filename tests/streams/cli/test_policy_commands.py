"""``touchline policy``: what a person sees of a policy, of a change, and of a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from domain.policy import Policy, load_policy
from domain.policy.fingerprint import fingerprint
from streams.cli import app
from streams.errors import InputUnusable
from streams.sources.bank import Bank

pytestmark = pytest.mark.long


def run(*line: object) -> Result:
    wide = {"COLUMNS": "300"}  # a path that is cut over two lines would not be found
    return CliRunner(env=wide).invoke(app, ["policy", *map(str, line)])


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "events.jsonl"
    records = islice(Bank(5, 60, vip_share=0.5).events(), 900)
    path.write_bytes(b"".join(record.value + b"\n" for record in records))
    return path


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    path = tmp_path / "stricter.yaml"
    path.write_text("tiers: {vip: 250000}\nalerts: {rules: {vip_new: {enabled: false}}}\n")
    return path


def test_the_default_policy_is_shown_whole_and_reads_back(tmp_path: Path) -> None:
    shown = run("show").stdout
    assert set(yaml.safe_load(shown)) == set(Policy.model_fields)
    path = tmp_path / "policy.yaml"
    path.write_text(shown)
    assert load_policy(path) == Policy()


def test_a_file_is_shown_with_every_other_field(stricter: Path) -> None:
    shown = yaml.safe_load(run("show", stricter).stdout)
    assert shown["tiers"]["vip"] == 250_000
    assert shown["tiers"]["private"] == 8_000_000


def test_check_shows_what_differs(stricter: Path) -> None:
    result = run("check", stricter)
    assert result.exit_code == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    assert ["", "tiers.vip", "300000", "250000", ""] in rows
    assert ["", "alerts.rules.vip_new.enabled", "true", "false", ""] in rows
    assert sum(len(row) == 5 for row in rows) == 2
    assert result.stdout.splitlines()[-2] == f"{stricter}: good"
    assert result.stdout.splitlines()[-1] == f"fingerprint {fingerprint(load_policy(stricter))}"


def test_check_says_so_where_nothing_differs(tmp_path: Path) -> None:
    path = tmp_path / "same.yaml"
    path.write_text("tiers: {vip: 300000}\n")
    assert run("check", path).stdout == (
        f"{path}: good; nothing differs from the built-in policy\n"
        f"fingerprint {fingerprint(Policy())}\n"
    )


def test_a_broken_file_is_one_line_for_each_fault_and_status_1(
    tmp_path: Path, events: Path
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("tiers: {vip: 1}\nsurplus: 2\n")
    for line in (["policy", "check", path], ["policy", "diff", "default", path, events],
                 ["replay", events, "--out", tmp_path / "out", "--policy", path]):  # fmt: skip
        command = [sys.executable, "-m", "streams.cli", *map(str, line)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            f"touchline: {path}: tiers.vip: given 1; must be greater than tiers.key (200000):"
            " tiers ascend",
            f"{path}: surplus: given 2; must not be there: no such field",
        ]


def test_diff_shows_what_comes_and_goes(stricter: Path, events: Path) -> None:
    result = run("diff", "default", stricter, events)
    assert result.exit_code == 0
    rows = [
        tuple(cell.strip() for cell in line.split("│")[1:-1]) for line in result.stdout.splitlines()
    ]
    counted = {row[1]: row[2:] for row in rows if row and row[0] == "alerts"}
    only_old, only_new, both, _ = counted["vip_new"]
    assert int(only_old) > 0
    assert (only_new, both) == ("0", "0")
    assert any(row[:2] == ("key", "vip") for row in rows)
    assert any(row and row[0] == "goes" and "reached the vip line" in row[-1] for row in rows)


def test_diff_as_json_names_both_sides_and_keeps_to_the_number_of_examples(
    stricter: Path, events: Path
) -> None:
    found = json.loads(run("diff", "default", stricter, events, "--json", "--examples", 1).stdout)
    welcome = found["outputs"]["alerts"]["vip_new"]
    assert welcome["only_old"] > 1
    assert len(welcome["examples"]["only_old"]) == 1
    back = json.loads(run("diff", stricter, "default", events, "--json", "--examples", 0).stdout)
    assert back["outputs"]["alerts"]["vip_new"]["only_new"] == welcome["only_old"]
    assert back["outputs"]["alerts"]["vip_new"]["examples"]["only_new"] == []


def test_fail_on_change_fails_only_on_change(stricter: Path, events: Path) -> None:
    assert run("diff", "default", stricter, events, "--fail-on-change").exit_code == 1
    same = run("diff", "default", "default", events, "--fail-on-change", "--limit", 300)
    assert same.exit_code == 0
    assert "Nothing would change." in same.stdout


def test_diff_fires_timers_until_the_time_it_is_told(tmp_path: Path) -> None:
    slow = tmp_path / "slow.yaml"
    slow.write_text("complaints: {acknowledge_hours: {standard: 48}}\n")
    lines = tmp_path / "events.jsonl"
    lines.write_text(
        json.dumps(
            {
                "event_id": "e", "customer_id": "c", "occurred_at": "2026-03-01T00:00:00Z",
                "channel": "app", "type": "complaint", "complaint_id": "k", "status": "opened",
                "severity": 2, "factor": "service", "category": "fees",
            }
        )
    )  # fmt: skip
    line = ("diff", "default", slow, lines, "--json", "--until")
    none, first, second = (
        json.loads(run(*line, day).stdout)["outputs"]["alerts"].get("complaint_escalated")
        for day in ("2026-03-01T01:00:00", "2026-03-02T12:00:00+00:00", "2026-03-04")
    )
    assert none is None
    assert (first["only_old"], first["both"]) == (1, 0)
    assert (second["only_old"], second["both"], second["moved"]) == (0, 1, 1)


def test_a_file_that_is_not_there_is_named(stricter: Path, tmp_path: Path) -> None:
    result = run("diff", "default", stricter, tmp_path / "none.jsonl")
    assert isinstance(result.exception, InputUnusable)
    assert "none.jsonl cannot be read: No such file or directory" in str(result.exception)


def test_a_replay_that_cannot_write_says_where(events: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    command = [sys.executable, "-m", "streams.cli", "replay", str(events), "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "file" / "out")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    *_, line = done.stderr.splitlines()
    assert line.startswith(f"touchline: {tmp_path / 'file'}")
    assert "cannot be written (Not a directory); give another --out" in line

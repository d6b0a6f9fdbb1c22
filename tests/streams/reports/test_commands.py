"""``touchline report``: what it writes and prints, and what it says of a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli import app
from tests.streams.reports.bank import CUSTOMERS

pytestmark = pytest.mark.long

KINDS = ("experience", "complaints", "value", "relationship", "campaigns", "identification")


def run(*line: object) -> Result:
    return CliRunner().invoke(app, ["report", *map(str, line)])


@pytest.mark.parametrize("kind", KINDS)
def test_each_report_is_printed_as_a_table_and_as_json(folder: Path, kind: str) -> None:
    printed = run(kind, "--from", folder)
    assert printed.exit_code == 0, printed.output
    assert f"{CUSTOMERS} customers of" in printed.stdout
    assert "━" in printed.stdout
    told = json.loads(run(kind, "--from", folder, "--format", "json").stdout)
    assert (told["report"], told["customers"]) == (kind, CUSTOMERS)
    assert told["source"] == str(folder)
    newest = json.loads((folder / "summary.json").read_text())["as_of"]
    assert told["as_of"] == newest


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_of_the_file_says_how_it_is_told(folder: Path, tmp_path: Path, kind: str) -> None:
    for name in ("report.html", "report.json", "report.txt"):
        assert run(kind, "--from", folder, "--by", "tier", "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert "by_tier" in json.loads((tmp_path / "report.json").read_text())["sections"]
    assert "By tier" in (tmp_path / "report.txt").read_text()
    # what is asked for goes before the name
    run(kind, "--from", folder, "--format", "json", "--out", tmp_path / "other.html")
    assert json.loads((tmp_path / "other.html").read_text())["report"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path, kind: str) -> None:
    for name in ("one.html", "two.html"):
        run(kind, "--from", folder, "--out", tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_standards_are_published_without_any_customers(tmp_path: Path) -> None:
    policy, page = tmp_path / "bank.yaml", tmp_path / "standards.html"
    policy.write_text("proactive: {inspections: {vip_days: 14}}\n")
    assert run("standards", "--policy", policy, "--out", page).exit_code == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    told = json.loads(run("standards", "--policy", policy, "--format", "json").stdout)
    assert told["source"] == "the policy bank.yaml"
    rows = told["sections"]["standards"]["tables"]["standards"]
    assert [row["inspection_days"] for row in rows] == [None, None, 90.0, 14.0, 14.0]


def test_what_customers_cannot_be_cut_by_is_refused_with_why(folder: Path) -> None:
    for kind in KINDS[1:]:
        refused = run(kind, "--from", folder, "--by", "agent")
        assert refused.exit_code == 2
        assert "experience" in refused.stderr
    assert run("value", "--from", folder, "--by", "shoe_size").exit_code == 2


@pytest.mark.parametrize("make", ["nothing", "broken"])
def test_a_folder_that_cannot_be_used_is_one_line_and_status_1(tmp_path: Path, make: str) -> None:
    if make == "broken":
        (tmp_path / "customers.jsonl").write_text("{\n")
    line = [sys.executable, "-m", "streams.cli", "report", "value", "--from", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"touchline: {tmp_path}")


def test_a_file_that_cannot_be_written_is_one_line_and_status_1(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "no such folder" / "report.json"
    line = [
        sys.executable, "-m", "streams.cli", "report", "value", "--from", str(folder), "--out",
        str(out),
    ]  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"touchline: {out}: cannot be written (No such file or directory); give another --out\n"
    )

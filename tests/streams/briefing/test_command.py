"""``touchline brief``: what it leaves, the reports' figures, what it says of mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.policy import Policy
from schemas.errors import OperatingError
from streams.cli import app
from tests.streams.reports.bank import events, lines_of, policy_in, replayed

pytestmark = pytest.mark.long


def run(*line: object) -> Result:
    return CliRunner().invoke(app, ["brief", *map(str, line)])


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_in(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def bank(rules: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replayed(events(1_200), tmp_path_factory.mktemp("bank"), rules)


def ending(bank: Path) -> str:
    """The last day of the bank."""
    return str(json.loads((bank / "summary.json").read_text())["as_of"])[:10]


def report(bank: Path, kind: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of a report by their names, as the command prints them."""
    line = ["report", kind, "--from", str(bank), "--format", "json"]
    told = json.loads(CliRunner().invoke(app, line).stdout)
    return {
        name: rows
        for section in told["sections"].values()
        for name, rows in section["tables"].items()
    }


def test_the_figures_are_those_of_the_reports(bank: Path, tmp_path: Path) -> None:
    made = run("--from", bank, "--ending", ending(bank), "--out", tmp_path)
    assert made.exit_code == 0, made.output
    [path] = tmp_path.glob("briefing-*.json")
    told = json.loads(path.read_text())
    figures = told["standing"]
    lived = {row["measure"]: row["value"] for row in report(bank, "experience")["measures"]}
    for key, measure in (
        ("satisfaction", "satisfaction, 0 to 10"),
        ("nps", "NPS, -100 to 100"),
        ("csat", "CSAT, percent satisfied"),
        ("ces", "CES, 1 to 7"),
        ("outraged", "customers outraged, share"),
        ("callbacks_kept", "callback promises kept, share"),
    ):
        assert figures[key] == lived[measure] is not None, key
    asked = report(bank, "complaints")
    assert figures["complaints_open"] == sum(row["open"] for row in asked["promises"]) > 0
    assert figures["complaints_overdue"] == sum(row["overdue"] for row in asked["promises"])
    due = sum(row["compensation_due"] for row in asked["compensation"])
    assert figures["compensation_due"] == pytest.approx(due)
    bound = report(bank, "relationship")
    assert figures["customers"] == sum(row["customers"] for row in bound["states"])
    bought = report(bank, "value")
    assert figures["buyers"] == sum(row["customers"] for row in bought["abc"])
    assert figures["value_of_year"] == pytest.approx(sum(row["value"] for row in bought["abc"]))
    share = {row["name"]: row["value_share"] for row in bought["abc"]}["A"]
    assert figures["value_share_of_a"] == share > 0.5


def test_what_happened_is_what_the_lines_say(bank: Path, tmp_path: Path) -> None:
    """All of the bank's days are in one month."""
    run("--from", bank, "--month", "--ending", ending(bank), "--out", tmp_path)
    [path] = tmp_path.glob("briefing-*.json")
    told = json.loads(path.read_text())["period"]
    cases = [case for one in lines_of(bank, "customers") for case in one["complaint_cases"]]
    alerts = [one for one in lines_of(bank, "alerts") if "raises_again" not in one]
    assert told["complaints_opened"] == len(cases) > 0
    assert told["complaints_resolved"] == sum(case["status"] == "resolved" for case in cases)
    assert told["alerts"] == len(alerts) > 0
    assert told["urgent_alerts"] == sum(one["priority"] == 1 for one in alerts)
    tasks = [one for one in lines_of(bank, "care-tasks") if one.get("state") in (None, "proposed")]
    assert told["care_tasks"] == len(tasks)
    assert told["new_customers"] == len(lines_of(bank, "customers"))


def test_three_files_are_left_and_the_same_ones_by_whoever_makes_it_again(
    bank: Path, tmp_path: Path
) -> None:
    line = ("--from", bank, "--ending", ending(bank), "--out", tmp_path / "a" / "b")
    first = run(*line)
    [stem] = {path.name.split(".")[0] for path in (tmp_path / "a" / "b").iterdir()}
    assert first.stdout.startswith(f"Customer briefing {stem.removeprefix('briefing-')}: ")
    assert "has no recipients: the policy's briefing.recipients names them" in first.stdout
    names = [f"{stem}.en.html", f"{stem}.en.txt", f"{stem}.json"]
    made = {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()}
    assert sorted(made) == names
    run(*line)
    assert {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()} == made
    run(*line, "--language", "zh")
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == sorted(
        [*names, f"{stem}.zh.html", f"{stem}.zh.txt"]
    )


def test_recipients_are_those_of_the_policy(bank: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("briefing: {recipients: [{role: Head of service, email: a@b.example}]}\n")
    made = run(
        "--from", bank, "--ending", ending(bank), "--out", tmp_path / "out", "--policy", policy
    )
    assert "for 1 recipient: sendmail -t < " in made.stdout
    [text] = (tmp_path / "out").glob("*.txt")
    assert text.read_text().startswith("To: Head of service <a@b.example>\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--week", "--month"), "goes without --month"),
        (("--language", "fr"), "must be one of en, zh"),
        (("--ending", "1900-01-01"), "must lie in the years 1971 to 2199"),
        (("--ending", "yesterday"), "does not match the format"),
    ],
)
def test_what_makes_no_sense_is_refused(
    bank: Path, tmp_path: Path, line: tuple[str, ...], said: str
) -> None:
    refused = run("--from", bank, "--out", tmp_path / "out", *line)
    assert refused.exit_code == 2
    assert said in " ".join(refused.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mistake", ["nothing there", "not begun", "a file in the way", "torn"])
def test_what_cannot_be_made_is_one_line_and_status_1(
    bank: Path, tmp_path: Path, mistake: str
) -> None:
    source, day, out = bank, ending(bank), tmp_path / "out"
    if mistake == "nothing there":
        source = tmp_path
    elif mistake == "not begun":
        day = "2190-01-01"
    elif mistake == "a file in the way":
        (tmp_path / "file").write_text("")
        out = tmp_path / "file" / "out"
    else:
        run("--from", bank, "--ending", day, "--out", out)
        [path] = out.glob("*.json")
        path.write_text("{")
    refused = run("--from", source, "--ending", day, "--out", out)
    assert refused.exit_code == 1
    # what main tells in one line
    assert isinstance(refused.exception, OperatingError)
    assert len(str(refused.exception).splitlines()) == 1

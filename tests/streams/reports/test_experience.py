"""The report on experience: measures and scorecards of the lines, and the seven steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.policy import Policy
from streams.cli import app
from streams.reports.experience.report import ExperienceReport
from tests.streams.reports.bank import document, events, lines_of, replayed, tables

pytestmark = pytest.mark.long

DECISION = """
factor: {factor}
decided_on: 2026-01-10
decided_by: head of service
requirements: [one queue less, calls answered within a minute]
fit: {{strategy: fits, ability: two branches at a time, decision: go}}
input: {{before: 2, after: 3, unit: shops}}
results: [{{measure: sales, before: 100, after: 180}}]
last: {{measured_on: 2026-01-01, experience: 2, expectation: 7}}
"""


def run(*line: object) -> Result:
    return CliRunner().invoke(app, ["report", "experience", *map(str, line)])


def told(*line: object) -> dict[str, Any]:
    result = run(*line, "--format", "json")
    assert result.exit_code == 0, result.output
    sections: dict[str, Any] = json.loads(result.stdout)["sections"]
    return sections


def steps(sections: dict[str, Any]) -> list[str]:
    rows = sections["seven_steps"]["tables"]["seven_steps"]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    return [row["finding"] for row in rows]


@pytest.fixture(scope="module")
def earlier(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a replay of the first half of the events left."""
    return replayed(events(1_500), tmp_path_factory.mktemp("earlier"), policy)


@pytest.fixture(scope="module")
def factor(folder: Path, earlier: Path) -> str:
    """A factor that was rated both before and later."""
    rated = [
        {factor for factor, row in ratings(source).items() if row} for source in (folder, earlier)
    ]
    return min(rated[0] & rated[1])


@pytest.fixture
def decision(tmp_path: Path, factor: str) -> Path:
    path = tmp_path / "decision.yaml"
    path.write_text(DECISION.format(factor=factor))
    return path


def ratings(folder: Path) -> dict[str, list[float]]:
    """What was said of each factor's experience."""
    found: dict[str, list[float]] = {}
    for one in lines_of(folder, "customers"):
        for factor, row in one["experience"]["gaps"].items():
            if row["experience"] is not None:
                found.setdefault(factor, []).append(row["experience"])
    return found


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_measures_are_those_of_the_lines(folder: Path, policy: Policy) -> None:
    rows = {
        row["measure"]: row
        for row in tables(document(folder, ExperienceReport(policy)))["measures"]
    }
    lines = [one["experience"] for one in lines_of(folder, "customers")]
    nps = [one["nps"] for one in lines if one["nps"] is not None]
    balance = sum(score >= 9 for score in nps) - sum(score <= 6 for score in nps)
    assert rows["NPS, -100 to 100"]["value"] == pytest.approx(100 * balance / len(nps))
    assert rows["NPS, -100 to 100"]["known"] == len(nps) > 20
    raged = sum(one["outrage"] for one in lines)
    assert rows["customers outraged, share"]["value"] == pytest.approx(raged / len(lines))


def test_gaps_are_means_of_what_was_answered(folder: Path, policy: Policy) -> None:
    rows = tables(document(folder, ExperienceReport(policy)))["gaps"]
    said = ratings(folder)
    assert len(rows) > 2
    for row in rows:
        if row["factor"] in said:
            assert row["experience"] == pytest.approx(mean(said[row["factor"]]))


@pytest.mark.parametrize("by", ["agent", "branch", "stage", "channel", "factor"])
def test_what_is_of_moments_and_contacts_comes_first_from_scorecards(folder: Path, by: str) -> None:
    sections = told("--from", folder, "--by", by)
    cards = [name for name in sections if name.startswith("score_")]
    assert cards[0] == f"score_{by}"
    assert f"by_{by}" not in sections
    rows = {row[by]: row for row in sections[f"score_{by}"]["tables"][f"score_{by}"]}
    kept = {row["name"]: row for row in lines_of(folder, "scorecards") if row["dimension"] == by}
    assert set(rows) <= set(kept)
    assert len(rows) == min(len(kept), 50) > 1
    for name, row in rows.items():
        assert row["satisfaction"] == pytest.approx(kept[name]["score"])
        assert row["promises_kept_share"] == kept[name]["promises_kept_share"]


def test_agents_with_the_lowest_score_come_first(folder: Path) -> None:
    rows = told("--from", folder)["score_agent"]["tables"]["score_agent"]
    scores = [row["satisfaction"] for row in rows if row["satisfaction"] is not None]
    assert scores == sorted(scores)


def test_without_a_decision_the_last_steps_say_what_they_need(folder: Path) -> None:
    found = steps(told("--from", folder))
    assert found[4] == found[5] == "Not known: it needs a decision."
    assert found[6].startswith("Not known: it needs a decision with a result of business")
    assert found[0].startswith("Customers come for ")


def test_a_decision_fills_the_steps_and_its_effect_is_result_over_input(
    folder: Path, decision: Path, factor: str
) -> None:
    found = steps(told("--from", folder, "--decision", decision))
    assert found[4] == "one queue less; calls answered within a minute"
    assert found[5] == (
        "Go, decided on 2026-01-10 by head of service. Strategy: fits."
        " Ability: two branches at a time."
    )
    rated = mean(ratings(folder)[factor])
    assert found[6] == (
        f"{factor.capitalize()} {rated:.1f} after 2.0 on 2026-01-01; effect 1.20. The sales went"
        " from 100 to 180, x 1.80, for input x 1.50. Step 1 begins again."
    )


def test_the_measurement_before_is_that_of_a_folder_or_of_its_report(
    folder: Path, earlier: Path, decision: Path, factor: str, tmp_path: Path
) -> None:
    report = tmp_path / "before.json"
    run("--from", earlier, "--out", report)
    now, then = mean(ratings(folder)[factor]), mean(ratings(earlier)[factor])
    day = json.loads((earlier / "summary.json").read_text())["as_of"][:10]
    for before in (earlier, report):
        found = steps(told("--from", folder, "--decision", decision, "--before", before))
        said = f"{factor.capitalize()} {now:.1f} after {then:.1f} on {day}; effect 1.20. "
        assert found[6].startswith(said)


def test_a_measurement_before_needs_a_decision(folder: Path, earlier: Path) -> None:
    refused = run("--from", folder, "--before", earlier)
    assert refused.exit_code == 2
    assert "--decision" in refused.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("factor: mood", "decision.yaml: factor: given 'mood'; must hold:"),
        ("[", "decision.yaml: is neither YAML nor JSON"),
    ],
)
def test_a_decision_that_makes_no_sense_is_told_line_by_line(
    folder: Path, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "decision.yaml"
    path.write_text(text)
    line = [sys.executable, "-m", "streams.cli", "report", "experience", "--from", str(folder),
            "--decision", str(path)]  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("touchline: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_before_that_is_none_is_named(
    folder: Path, decision: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.json").write_text('{"report": "value"}')
    result = run("--from", folder, "--decision", decision, "--before", tmp_path / "other.json")
    assert result.exit_code == 1
    assert "is no experience report as JSON" in str(result.exception)

"""`touchline clv fit`: parameters that fit into a policy, and a hold-out by week."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from domain.policy import Policy, load_policy
from streams.cli import app
from streams.reports.value.clv_fit import fit, hold_out
from streams.reports.value.history import Purchases, ValueFileError
from tests.streams.reports.value.shop import shop

pytestmark = pytest.mark.long

WEEKS = 30


@pytest.fixture(scope="module")
def purchases() -> Purchases:
    return shop(3, 1_500, days=420)


@pytest.fixture(scope="module")
def file(purchases: Purchases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "purchases.csv"
    lines = [
        f"{customer},{date(1970, 1, 1) + timedelta(days=day)},{amount:.2f}\n"
        for customer, days in purchases.customers.items()
        for day, amount in days.items()
    ]
    path.write_text("customer,date,amount\n" + "".join(lines))
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.delenv("TOUCHLINE_POLICY", raising=False)
    return lambda *line: CliRunner().invoke(app, ["clv", "fit", *map(str, line)])


def json_of(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_has_the_fit_of_the_whole_history(
    run: Callable[..., Result], file: Path, purchases: Purchases
) -> None:
    told = json_of(run(file, "--json"))
    histories = purchases.histories()
    found = fit(histories)
    for name, each in found._asdict().items():
        model = told["models"][name]
        assert model["log_likelihood"] == pytest.approx(each.log_likelihood, abs=1e-4)
        for key, value in each.model.model_dump().items():
            assert model[key] == pytest.approx(value, rel=1e-3)
            assert told["policy"]["value"]["clv"][name][key] == pytest.approx(model[key], rel=1e-5)
    assert told["customers"] == 1_500
    assert told["repeat_customers"] == (histories.repeats > 0).sum()
    assert told["repeat_purchases"] == histories.repeats.sum()
    assert told["hold_out"] is None
    assert abs(told["spend_correlation"]) < 0.1


def test_json_has_the_hold_out_by_week(
    run: Callable[..., Result], file: Path, purchases: Purchases
) -> None:
    told = json_of(run(file, "--json", "--calibration-weeks", WEEKS))
    last_day = purchases.first_day + 7 * WEEKS - 1
    histories = purchases.histories(last_day)
    found = hold_out(purchases, last_day, histories, fit(histories))
    held = told["hold_out"]
    assert [week["actual"] for week in held["weeks"]] == found.actual.tolist()
    assert [week["week"] for week in held["weeks"]] == list(range(1, len(found.actual) + 1))
    begin = date.fromisoformat(told["until"])
    for week in held["weeks"]:
        assert date.fromisoformat(week["from"]) == begin + timedelta(days=7 * week["week"] - 6)
    for name in ("bg_nbd", "mbg_nbd"):
        by_week = [week[name] for week in held["weeks"]]
        assert by_week == pytest.approx(found.checks[name].by_week.tolist(), rel=1e-3)
        assert held["total"][name] == pytest.approx(sum(by_week))
        assert held["error"][name] == pytest.approx(sum(by_week) / found.actual.sum() - 1)
        assert held["since_first"][name] == pytest.approx(found.checks[name].since_first, rel=1e-3)
    assert held["since_first"]["actual"] == histories.repeats.sum() + found.actual.sum()
    assert held["total"]["actual"] == found.actual.sum()


def test_the_tables_have_every_parameter_week_and_total(
    run: Callable[..., Result], file: Path
) -> None:
    shown = run(file, "--calibration-weeks", WEEKS)
    told = json_of(run(file, "--json", "--calibration-weeks", WEEKS))
    assert shown.exit_code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.stdout.splitlines()]
    for title, name in (
        ("BG/NBD", "bg_nbd"), ("MBG/NBD", "mbg_nbd"), ("Gamma-Gamma", "gamma_gamma")
    ):  # fmt: skip
        [row] = [row for row in rows if row and row[0] == title]
        model = told["models"][name]
        for key in told["policy"]["value"]["clv"][name]:
            assert f"{key} {model[key]:.4f}" in row[1]
        assert row[2:] == [f"{model['log_likelihood']:,.2f}", f"{model['customers']:,}"]
    for week in told["hold_out"]["weeks"]:
        expected = [f"{week[name]:,.1f}" for name in ("bg_nbd", "mbg_nbd")]
        assert [str(week["week"]), week["from"], f"{week['actual']:,}", *expected] in rows
    [total] = [row for row in rows if row and row[0] == "total"]
    assert total[2] == f"{told['hold_out']['total']['actual']:,}"
    assert f"({told['hold_out']['error']['bg_nbd']:+.1%})" in total[3]


def test_what_is_printed_can_be_pasted_into_a_policy(
    run: Callable[..., Result], file: Path, tmp_path: Path
) -> None:
    shown = run(file).stdout
    path = tmp_path / "policy.yaml"
    path.write_text("tiers: {grace_days: 10}\n" + shown.split("For the policy file:\n")[1])
    policy, told = load_policy(path), json_of(run(file, "--json"))
    for name, parameters in told["policy"]["value"]["clv"].items():
        assert getattr(policy.value.clv, name).model_dump() == parameters
    assert policy.value.clv.horizon_weeks == Policy().value.clv.horizon_weeks


def test_out_is_a_policy_file_and_is_not_written_over(
    run: Callable[..., Result], file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "clv.yaml"
    first = run(file, "--out", out)
    assert first.exit_code == 0
    assert f"written: {out}" in first.stderr
    assert "For the policy file" not in first.stdout
    assert yaml.safe_load(out.read_text()) == json_of(run(file, "--json"))["policy"]
    assert load_policy(out).value.clv.bg_nbd.r != Policy().value.clv.bg_nbd.r
    before = out.read_text()
    again = run(file, "--out", out)
    assert isinstance(again.exception, ValueFileError)
    assert "is there already and may hold a policy" in str(again.exception)
    assert out.read_text() == before


def test_an_out_that_cannot_be_written_is_one_line(
    run: Callable[..., Result], file: Path, tmp_path: Path
) -> None:
    refused = run(file, "--out", tmp_path / "none" / "clv.yaml")
    assert isinstance(refused.exception, ValueFileError)
    assert "clv.yaml cannot be written: No such file or directory" in str(refused.exception)


def test_events_go_by_the_policy_and_what_is_left_out_is_told(
    run: Callable[..., Result], purchases: Purchases, tmp_path: Path
) -> None:
    path, policy = tmp_path / "events.jsonl", tmp_path / "policy.yaml"
    policy.write_text("currency: {rates: {EUR: 8}}\npurchases: {categories: [shop]}\n")
    lines = [
        {
            "event_id": f"{customer}-{day}", "customer_id": customer, "channel": "web",
            "occurred_at": f"{date(1970, 1, 1) + timedelta(days=day)}T12:00:00Z",
            "type": "transaction", "amount": amount / 8, "currency": "EUR", "direction": "debit",
            "account_id": "a", "category": "shop",
        }
        for customer, days in list(purchases.customers.items())[:300]
        for day, amount in days.items()
    ]  # fmt: skip
    lines.append({**lines[0], "event_id": "rent", "category": "rent"})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = run(path, "--policy", policy, "--json")
    told = json_of(result)
    alone = Purchases(dict(list(purchases.customers.items())[:300]))
    found = fit(alone.histories())
    assert told["models"]["gamma_gamma"]["v"] == pytest.approx(found.gamma_gamma.model.v, rel=1e-2)
    assert told["left_out"] == {"events that are no purchase": 1}
    assert "left out: 1 events that are no purchase" in result.stderr


def test_purchases_that_tell_too_little_are_warned_of(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """Everybody buys every week, and who buys more often spends more."""
    path = tmp_path / "steady.csv"
    lines = [
        f"c{number},{date(2024, 1, 1) + timedelta(days=7 * week)},{10 + number + week % 3}\n"
        for number in range(40)
        for week in range(5 + number)
    ]
    path.write_text("customer,date,amount\n" + "".join(lines))
    warned = run(path).stderr
    assert "a parameter ran to its limit, so these purchases do not tell it" in warned
    assert "here their correlation is 1.00" in warned


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("customer,date\nx,1997\n", [], "line 1: the header has no amount"),
        ("customer,date,amount\nx,19970101,1\n", [], "0 of 1 customers bought again; a fit needs"),
        ("customer,date,amount\n" + "".join(
            f"c{n},199701{day:02},{n + day}\n" for n in range(20) for day in (1, 3 + n % 5)
        ), ["--calibration-weeks", "5"], "in the 0 weeks behind it: there is nothing to check"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_and_status_1(
    tmp_path: Path, text: str, line: list[str], wanted: str
) -> None:
    path = tmp_path / "purchases.csv"
    path.write_text(text)
    command = [sys.executable, "-m", "streams.cli", "clv", "fit", str(path), *line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    [told] = done.stderr.splitlines()
    assert told.startswith("touchline: ") and wanted in told
    assert done.stdout == ""


def test_the_help_has_an_example_and_the_group_says_what_it_is_for() -> None:
    shown = CliRunner().invoke(app, ["clv", "fit", "--help"]).stdout
    assert "Example: touchline clv fit purchases.csv" in shown
    assert "Customer lifetime value" in CliRunner().invoke(app, ["clv", "--help"]).stdout

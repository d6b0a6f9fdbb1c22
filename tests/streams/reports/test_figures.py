"""What reports say of a replay, against plain loops over the files it wrote."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from domain.customer.grouping import GROUPS
from domain.kernel.scales import TIERS
from domain.policy import Policy
from streams.errors import ReportSourceError
from streams.reports.complaints import ComplaintsReport
from streams.reports.experience.report import ExperienceReport
from streams.reports.form.document import as_dict
from streams.reports.identification import IdentificationsReport
from streams.reports.relationship.report import RelationshipsReport
from streams.reports.value.report import ValueReport
from tests.streams.reports.bank import CUSTOMERS, document, events, lines_of, replayed, tables

pytestmark = pytest.mark.long

REPORTS = (
    ComplaintsReport, ValueReport, RelationshipsReport, ExperienceReport, IdentificationsReport,
)  # fmt: skip


def test_complaints_by_tier_are_those_of_the_lines(folder: Path, policy: Policy) -> None:
    told = document(folder, ComplaintsReport(policy))
    rows = {row["tier"]: row for row in tables(told)["promises"]}
    cases = [case for one in lines_of(folder, "customers") for case in one["complaint_cases"]]
    assert len(cases) > 50
    assert list(rows) == [tier for tier in TIERS if any(c["tier"] == tier for c in cases)]
    for tier, row in rows.items():
        mine = [case for case in cases if case["tier"] == tier]
        judged = [c["resolved_in_time"] for c in mine if c["resolved_in_time"] is not None]
        assert row["complaints"] == len(mine)
        assert row["open"] == sum(case["status"] not in ("resolved", "withdrawn") for case in mine)
        assert row["overdue"] == sum(case["overdue"] for case in mine)
        share = sum(judged) / len(judged) if judged else None
        assert row["resolved_in_time_share"] == pytest.approx(share)
    assert told.customers == CUSTOMERS


def test_what_is_due_of_compensation_was_proposed_as_tasks(folder: Path, policy: Policy) -> None:
    rows = tables(document(folder, ComplaintsReport(policy)))["compensation"]
    tasks = [
        one for one in lines_of(folder, "care-tasks") if one["reason_key"] == "compensation.late"
    ]
    assert sum(row["compensation_due"] for row in rows) == pytest.approx(
        sum(task["budget"] for task in tasks)
    )
    assert len(tasks) > 0


def test_half_of_the_resolutions_took_no_longer_than_is_said(folder: Path, policy: Policy) -> None:
    found = tables(document(folder, ComplaintsReport(policy, "sex")))
    lines = lines_of(folder, "customers")
    for row in found["by_sex"]:
        sex = None if row["sex"] == "unknown" else row["sex"]
        mine = [one for one in lines if one["groups"]["sex"] == sex]
        hours = [
            case["resolve_hours"]
            for one in mine
            for case in one["complaint_cases"]
            if case["resolve_hours"] is not None
        ]
        assert row["customers"] == len(mine)
        assert row["median_resolve_hours"] == pytest.approx(median(hours) if hours else None)


def test_states_and_means_are_those_of_the_lines(folder: Path, policy: Policy) -> None:
    rows = tables(document(folder, RelationshipsReport(policy)))["states"]
    lines = lines_of(folder, "customers")
    counted = Counter(one["relationship"]["state"] for one in lines)
    assert {row["name"]: row["customers"] for row in rows if row["customers"]} == counted
    for row in rows:
        mine = [one for one in lines if one["relationship"]["state"] == row["name"]]
        risks = [one["relationship"]["churn_risk"] for one in mine]
        known = [risk for risk in risks if risk is not None]
        mean = sum(known) / len(known) if known else None
        assert row["churn_risk"] == pytest.approx(mean)


def test_who_stands_out_is_who_does_by_the_lines(policy: Policy, tmp_path: Path) -> None:
    lines = events(1_000)
    at = json.loads(lines.splitlines()[-1])["occurred_at"]
    common = {"occurred_at": at, "channel": "call_centre", "type": "service_contact"}
    made = [
        {
            **common, "event_id": f"w-{n}", "customer_id": f"hasty-{n // 2}",
            "contact_id": f"w-{n}", "wait_seconds": 90, "handle_seconds": 0, "outcome": "abandoned",
        }
        for n in range(5)
    ]  # fmt: skip
    given = b"".join(json.dumps(each).encode() + b"\n" for each in made)
    folder = replayed(lines + given, tmp_path, policy)
    _holds_what_the_lines_hold(folder, policy)


def _holds_what_the_lines_hold(folder: Path, policy: Policy) -> None:
    found = tables(document(folder, IdentificationsReport(policy, "tier")))
    lines = {one["customer_id"]: one for one in lines_of(folder, "customers")}
    kinds = Counter(
        each["kind"] for one in lines.values() for each in one["identification"]["approach"]
    )
    assert kinds["impatient"] >= 2
    assert {row["kind"]: row["customers"] for row in found["approach"] if row["customers"]} == kinds
    for kind in kinds:
        for row in found[kind]:
            out = lines[row["customer_id"]]["identification"]["approach"]
            assert row["reason"] in [each["reason"] for each in out if each["kind"] == kind]
    lacking = Counter(
        each for one in lines.values() for each in one["identification"]["lighthouse_missing"]
    )
    assert [row["customers"] for row in found["conditions"]] == [
        lacking[name] for name in ("clv_class", "loyal", "feedback", "commitment")
    ]
    potential = [one for one in lines.values() if one["relationship"]["state"] == "potential"]
    assert sum(row["prospects"] for row in found["sources"]) == len(potential)
    assert sum(row["prospects"] for row in found["by_tier"]) == len(potential)


def test_the_funnel_counts_everyone_who_ever_was_there(folder: Path, policy: Policy) -> None:
    rows = {
        row["step"]: row for row in tables(document(folder, RelationshipsReport(policy)))["funnel"]
    }
    moves = [
        one
        for one in lines_of(folder, "customer-transitions")
        if one["dimension"] == "relationship"
    ]
    loyal = {one["customer_id"] for one in moves if one["to_state"] == "loyal"}
    assert rows["loyal"]["reached"] == len(loyal) > 0
    bought = sum(one["value"]["purchases"] > 0 for one in lines_of(folder, "customers"))
    assert rows["first_time"]["reached"] == bought
    assert rows["loyal"]["timed"] == len(loyal)


def test_flows_and_sizes_are_those_of_the_updates(folder: Path, policy: Policy) -> None:
    found = tables(document(folder, RelationshipsReport(policy)))
    updates, lines = lines_of(folder, "segment-updates"), lines_of(folder, "customers")
    assert sum(row["changes"] for row in found["flows"]) == len(updates) >= CUSTOMERS
    entered = sum("from_segment" not in one for one in updates)
    assert sum(row["entered"] for row in found["days"]) == entered
    held = sum(one["segment"] is not None for one in lines)
    assert found["days"][-1]["customers"] == held
    assert found["days"][0]["day"] == min(one["occurred_at"] for one in updates)[:10]
    largest = Counter(
        (one.get("from_segment"), one.get("to_segment")) for one in updates
    ).most_common(1)
    assert found["flows"][0]["changes"] == largest[0][1]


def test_segments_are_crossed_with_classes_of_value(folder: Path, policy: Policy) -> None:
    rows = tables(document(folder, RelationshipsReport(policy)))["segments_abc"]
    lines = lines_of(folder, "customers")
    assert sum(row["customers"] for row in rows) == len(lines)
    for value_class in ("A", "B", "C"):
        counted = sum(one["value"]["abc"] == value_class for one in lines)
        assert sum(row[value_class] for row in rows) == counted > 0
    assert all(row["segment"].endswith(")") or row["segment"] == "no segment" for row in rows)


def test_value_is_that_of_the_lines_and_abc_in_falling_order(folder: Path, policy: Policy) -> None:
    told = document(folder, ValueReport(policy, "abc"))
    rows = {row["name"]: row for row in tables(told)["abc"]}
    lines = lines_of(folder, "customers")
    for name, row in rows.items():
        mine = [one["value"] for one in lines if one["value"]["abc"] == name]
        assert row["customers"] == len(mine)
        assert row["value"] == pytest.approx(sum(one["total_365_days"] for one in mine), abs=0.5)
    assert rows["A"]["value_share"] > 0.5
    cut = {row["abc"]: row["buyers"] for row in tables(told)["by_abc"]}
    assert cut["A"] == rows["A"]["customers"]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_group_cuts_every_report_into_all_customers(
    folder: Path, policy: Policy, report: type[ComplaintsReport], group: str
) -> None:
    rows = tables(document(folder, report(policy, group)))[f"by_{group}"]
    assert sum(row["customers"] for row in rows) == CUSTOMERS
    names = [row[group] for row in rows]
    assert len(names) == len(set(names))


def test_segments_are_named_where_they_are_groups(folder: Path, policy: Policy) -> None:
    rows = tables(document(folder, ComplaintsReport(policy, "segment")))["by_segment"]
    assert any(row["segment"].endswith(")") for row in rows)


def test_a_report_of_nobody_has_only_sections_that_say_something(
    tmp_path: Path, policy: Policy
) -> None:
    (tmp_path / "customers.jsonl").write_text("")
    for report in REPORTS:
        told = document(tmp_path, report(policy, "tier"))
        assert told.customers == 0
        assert told.as_of is None
        assert as_dict(told)["sections"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: is no JSON object"),
        ("[1]", "line 2: is no customer of this version (Expected `object`, got `array`)"),
        (
            '{"customer_id": "c"}',
            "line 2: is no customer of this version (Object missing required field `events`",
        ),
    ],
)
def test_a_line_that_is_no_customer_is_named(
    folder: Path, tmp_path: Path, policy: Policy, line: str, said: str
) -> None:
    first = (folder / "customers.jsonl").read_text().splitlines()[0]
    (tmp_path / "customers.jsonl").write_text(f"{first}\n{line}\n")
    with pytest.raises(ReportSourceError) as refused:
        document(tmp_path, ComplaintsReport(policy))
    assert f"{tmp_path / 'customers.jsonl'} {said}" in str(refused.value)


def test_a_folder_without_customers_says_what_to_give(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(ReportSourceError, match=r"has no customers\.jsonl; give a folder of"):
        document(tmp_path, ComplaintsReport(policy))

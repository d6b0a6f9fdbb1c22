"""The health record and its grade, by hand; what many customers add up to; the published page."""

from __future__ import annotations

from domain.policy import Policy
from domain.proactive.portfolio import GradeRow, HealthPortfolio, InspectionRow
from schemas.figures import CustomerFigures
from streams.reports.experience.health import health as section
from streams.reports.form.document import as_dict
from streams.reports.standards import standards
from tests.domain.bank import DAY, HOUR, Events, Task
from tests.domain.figured import figured


def test_the_record_counts_thirty_days() -> None:
    make = Events()
    task = Task().take(
        make.click(0, "error"), make.click(DAY, "error"),
        make.contact(DAY, 601.0), make.contact(2 * DAY, 600.0, "abandoned"),
        make.contact(3 * DAY, 30.0, "unresolved", callback_by=40 * DAY),
        make.transaction(4 * DAY, product="fund", amount=10.0),
    )  # fmt: skip
    found = task.exported(29 * DAY).health
    assert (found.errors, found.long_waits, found.failed_contacts) == (2, 1, 2)
    assert (found.promises_open, found.promises_broken) == (1, 0)
    assert found.products == ["fund"]
    # the first error was on the 2nd of March in Shanghai, so it leaves on the 1st of April there
    later = task.exported(30 * DAY - 8 * HOUR)
    assert later.health.errors == 1
    over = task.until(41 * DAY).exported().health
    assert (over.promises_open, over.promises_broken) == (0, 1)
    assert (over.errors, over.failed_contacts) == (0, 0)


def test_the_worst_line_gives_the_grade_and_its_reason() -> None:
    make = Events()
    task = Task()
    assert task.exported().health.grade == "good"
    task.take(make.contact(0, 700.0))
    assert task.exported().health.grade_reason == (
        "1 long wait within 30 days; from 1 on the service is watch."
    )
    task.take(make.complaint(HOUR, "opened"), make.complaint(HOUR, "opened", complaint_id="k-2"))
    found = task.exported().health
    assert (found.grade, found.complaints_open) == ("poor", 2)
    assert found.grade_reason == "2 open complaints; from 2 on the service is poor."
    task.take(*(make.complaint(2 * HOUR, "resolved", complaint_id=f"k-{n}") for n in (1, 2)))
    assert task.exported().health.grade == "watch"
    assert task.exported(31 * DAY).health.grade == "good"


def customer(tier: str, grade: str, owner: str | None = None, overdue: int = 0) -> CustomerFigures:
    due = None if owner is None else "2026-04-01T00:00:00.000Z"
    return figured(
        {
            "tier": tier, "owner_id": owner,
            "health": {
                "grade": grade, "inspection_due_at": due, "inspection_overdue": bool(overdue),
            },
        }
    )  # fmt: skip


def test_grades_by_tier_and_inspections_by_owner_add_up_in_any_parts() -> None:
    customers = [
        customer("vip", "good", "m-1"), customer("vip", "poor", "m-1", 1),
        customer("key", "watch", "m-2", 1), customer("standard", "good"),
        customer("vip", "good", "m-2", 1),
    ]  # fmt: skip
    whole = HealthPortfolio.of(customers, Policy())
    parts = HealthPortfolio.of(customers[3:], Policy())
    parts.merge(HealthPortfolio.of(customers[:3], Policy()))
    found = whole.report()
    assert found == parts.report()
    assert found.tiers == [
        GradeRow("standard", 1, 0, 0), GradeRow("key", 0, 1, 0), GradeRow("vip", 2, 0, 1),
    ]  # fmt: skip
    assert found.owners == [InspectionRow("m-2", 2, 2), InspectionRow("m-1", 2, 1)]
    told = section(found)
    assert told.sentences == (
        "The service of 1 customer was poor.",
        "4 customers are to be inspected; 3 inspections are overdue.",
    )
    assert [part.key for part in told.parts] == ["health", "inspections"]
    assert not section(HealthPortfolio(Policy()).report()).parts


def test_the_standards_are_the_policys_own_numbers() -> None:
    policy = Policy.model_validate(
        {
            "satisfaction": {"callback_hours": 2},
            "proactive": {"inspections": {"vip_days": 14}, "peaks": []},
        }
    )
    told = as_dict(standards(policy, "the policy bank.yaml"))
    rows = told["sections"]["standards"]["tables"]["standards"]
    assert [row["inspection_days"] for row in rows] == [None, None, 90.0, 14.0, 14.0]
    assert {row["callback"] for row in rows} == {2.0}
    assert [row["acknowledge"] for row in rows] == [24, 8, 4, 1, 1]
    notices = told["sections"]["notices"]["tables"]["notices"]
    assert [(row["lines"], row["errors_per_day"]) for row in notices] == [("usually", 3)]

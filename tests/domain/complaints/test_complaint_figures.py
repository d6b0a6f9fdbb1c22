"""What is said of each complaint: times and promises counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.bank import DAY, HOUR, MINUTE, Events, Task


def cases(task: Task) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = task.figures()["complaint_cases"]
    return found


def test_a_new_complaint_has_its_promises_before_it() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened", severity=4)).until(3 * HOUR)
    (case,) = cases(task)
    assert case == {
        "complaint_id": "k-1", "status": "opened", "open": True, "overdue": False,
        "tier": "standard", "severity": 4, "factor": "service", "category": "fees",
        "product": None, "channel": "call_centre", "complex": False,
        "opened_at": "2026-03-02T00:00:00.000Z", "cycle_began_at": "2026-03-02T00:00:00.000Z",
        "reopened": 0, "open_hours": 3.0,
        "acknowledged_in_time": None, "resolved_in_time": None,
        "acknowledge_hours": None, "resolve_hours": None,
        "acknowledge_due_at": "2026-03-03T00:00:00.000Z",
        "resolve_due_at": "2026-03-17T00:00:00.000Z",
        "regulator_due_at": "2026-03-17T00:00:00.000Z",
        "promises_kept": 0, "promises_broken": 0, "escalated_to": 0,
        "compensation_given": 0.0, "compensation_due": 0.0,
        "reason": "Opened 3 h ago by a standard customer; not acknowledged, due in 21 h;"
        " not resolved, due in 14 d 21 h.",
        "steps": case["steps"], "next_step": "accept", "solution": "complaint.solution",
    }  # fmt: skip


def test_a_late_resolution_of_a_vip_breaks_both_promises_and_is_compensated() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 500_000.0),
        make.complaint(HOUR, "opened"),
        make.complaint(3 * HOUR, "acknowledged"),  # 1 h is promised
        make.complaint(HOUR + 30 * HOUR, "resolved"),  # 24 h are promised
    )
    (case,) = cases(task)
    assert (case["acknowledged_in_time"], case["resolved_in_time"]) == (False, False)
    assert (case["acknowledge_hours"], case["resolve_hours"]) == (2.0, 30.0)
    assert (case["promises_kept"], case["promises_broken"]) == (0, 2)
    assert case["escalated_to"] == 2
    assert case["compensation_due"] == 200 + 50  # 6 h late: one day begun
    assert not case["open"]
    assert case["open_hours"] is None
    assert case["reason"].endswith("resolved after 1 d 6 h, 6 h past the promise.")


def test_each_cycle_has_promises_of_its_own() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"),
        make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "resolved"),
        make.complaint(5 * HOUR, "reopened"),
    )
    task.until(5 * HOUR + DAY)
    (case,) = cases(task)
    assert (case["reopened"], case["open"], case["overdue"]) == (1, True, True)
    assert (case["promises_kept"], case["promises_broken"]) == (2, 1)
    assert case["acknowledged_in_time"] is False
    assert case["resolved_in_time"] is None
    assert case["reason"] == (
        "Reopened 1 d ago by a standard customer; not acknowledged, overdue by 0 s;"
        " not resolved, due in 14 d."
    )


def test_a_complaint_withdrawn_in_time_had_nothing_resolved() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.complaint(HOUR, "withdrawn"))
    (case,) = cases(task)
    assert (case["status"], case["resolved_in_time"], case["resolve_hours"]) == (
        "withdrawn", None, None,
    )  # fmt: skip
    assert (case["promises_kept"], case["promises_broken"]) == (1, 0)
    assert case["reason"] == "Opened 1 h ago by a standard customer; withdrawn after 1 h."


@pytest.mark.parametrize(("days", "told"), [(40, 1), (41, 0)])
def test_closed_complaints_are_told_of_for_40_days_whether_folded_or_not(
    days: int, told: int
) -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.complaint(MINUTE, "resolved"))
    assert len(cases(task.until(MINUTE + days * DAY))) == told
    assert len(cases(task.take(make.click(MINUTE + days * DAY)))) == told


def test_steps_without_an_opening_are_told_as_such() -> None:
    make = Events()
    task = Task().take(make.complaint(HOUR, "acknowledged"))
    (case,) = cases(task)
    assert (case["severity"], case["category"], case["acknowledged_in_time"]) == (None, None, None)
    assert case["open"]
    assert "no opening" in case["reason"]

"""Severity and complexity may be said anew by any step: the newest by time counts."""

from __future__ import annotations

from typing import Any

import pytest

from domain.complaints.escalation import MAX_STEPS
from tests.domain.bank import DAY, HOUR, MINUTE, Events, Task


def case_of(task: Task) -> dict[str, Any]:
    [found] = task.figures()["complaint_cases"]
    return found  # type: ignore[no-any-return]


def test_the_promise_grows_when_a_complaint_is_found_complex_and_shrinks_when_it_is_not() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"))
    assert case_of(task)["resolve_due_at"] == "2026-03-17T00:00:00.000Z"
    task.take(make.complaint(HOUR, "acknowledged", is_complex=True))
    # 30 days from 2 March; the timer follows
    assert case_of(task)["resolve_due_at"] == "2026-04-01T00:00:00.000Z"
    task.until(20 * DAY)
    assert not task.alerts("complaint_escalated")
    task.take(make.complaint(20 * DAY, "reopened", is_complex=False))
    assert case_of(task)["complex"] is False
    task.until(21 * DAY)
    assert [alert.level for alert in task.alerts("complaint_escalated")] == [2, 3]


def test_a_graver_severity_lowers_the_moment_and_raises_the_priority_of_what_follows() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened", severity=1))
    assert task.figures()["satisfaction"] == pytest.approx(4.0)  # 5 - 1
    task.take(make.complaint(MINUTE, "acknowledged", severity=5))
    assert task.figures()["satisfaction"] == pytest.approx(0.0)  # 5 - 5
    task.until(16 * DAY)
    alert = task.alerts("complaint_escalated")[0]
    assert (alert.figures or {})["severity"] == 5.0
    # 5 for standard, less 1 for a severity from 4 on
    assert alert.priority == 4


def test_an_older_step_that_comes_late_does_not_undo_a_newer_one() -> None:
    make = Events()
    task = Task(reload_always=True).take(
        make.complaint(0, "opened", severity=2),
        make.complaint(2 * HOUR, "resolved", severity=4, is_complex=True),
        make.complaint(HOUR, "acknowledged", severity=1, is_complex=False),
    )
    assert (case_of(task)["severity"], case_of(task)["complex"]) == (4, True)


def test_what_a_step_said_stays_when_it_leaves() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened", severity=2, is_complex=True),
        make.complaint(1, "acknowledged", severity=5, is_complex=False),
    )
    for n in range(MAX_STEPS + 5):
        task.take(make.complaint(2 + n, "acknowledged"))
    assert (case_of(task)["severity"], case_of(task)["complex"]) == (5, False)


def test_one_id_in_two_types_makes_two_ids_of_alerts() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 400_000.0, event_id="17", amount=100_000.0))
    task.take(make.profile(MINUTE, tier_pin="standard"))
    task.take(make.profile(2 * MINUTE, tier_pin="vip", event_id="17"))
    told = task.transitions()
    assert [each.to_state for each in told] == ["vip", "standard", "vip"]
    assert len({each.transition_id for each in told}) == 3

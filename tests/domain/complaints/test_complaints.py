"""Complaints: the state machine, the promises by tier, the three levels of escalation."""

from __future__ import annotations

import pytest

from schemas.outputs import Alert
from tests.domain.bank import DAY, HOUR, MINUTE, Events, Task, after_start

PROMISES = {  # balance -> hours to acknowledge, hours to resolve
    50_000.0: (24, 15 * 24),
    150_000.0: (8, 7 * 24),
    250_000.0: (4, 3 * 24),
    500_000.0: (1, 24),
    9_000_000.0: (1, 24),
}


def levels(task: Task) -> list[tuple[int | None, int]]:
    """(level, when it was due in ms after START) of the escalations, as they were raised."""
    return [(each.level, after_start(each)) for each in task.alerts("complaint_escalated")]


@pytest.mark.parametrize("balance", PROMISES)
def test_every_missed_promise_is_escalated_once_when_due(balance: float) -> None:
    make = Events()
    acknowledge, resolve = PROMISES[balance]
    task = Task().take(make.transaction(0, balance), make.complaint(HOUR, "opened"))
    task.until(60 * DAY)
    assert levels(task) == [
        (1, HOUR + acknowledge * HOUR),
        (2, HOUR + resolve * HOUR),
        (3, HOUR + 15 * DAY),
    ]
    assert not task.customer.core.complaint_due


def test_a_complex_complaint_has_30_days_before_the_regulator() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened", is_complex=True)).until(60 * DAY)
    assert levels(task) == [(1, DAY), (2, 30 * DAY), (3, 30 * DAY)]


def test_an_acknowledgement_in_time_leaves_only_the_later_levels() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.complaint(DAY - 1, "acknowledged"))
    task.until(60 * DAY)
    assert [level for level, _ in levels(task)] == [2, 3]


def test_what_happens_at_the_due_time_is_too_late_whether_it_is_known_then_or_later() -> None:
    for known_at in (DAY, DAY + HOUR):
        make = Events()
        task = Task().take(make.complaint(0, "opened"))
        task.until(known_at).take(make.complaint(DAY, "acknowledged"))
        assert levels(task) == [(1, DAY)]


def test_a_resolution_in_time_ends_the_timers() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"),
        make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "resolved"),
    )
    assert not task.customer.core.complaint_due
    task.until(60 * DAY)
    assert levels(task) == []
    assert task.figures()["complaints_open"] == 0
    assert task.figures()["irregular_steps"] == 0


def test_levels_missed_while_nobody_ran_are_raised_once_in_ascending_order() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 500_000.0), make.complaint(0, "opened"))
    task.reload()
    task.until(20 * DAY)
    task.reload()
    task.until(21 * DAY)
    assert levels(task) == [(1, HOUR), (2, DAY), (3, 15 * DAY)]
    first = task.alerts("complaint_escalated")[0]
    assert first.overdue_seconds == (20 * DAY - HOUR) / 1_000
    assert "missed acknowledgement 1 h after it was opened; overdue by 19 d 23 h" in first.reason
    assert first.tier == "vip"
    assert first.complaint_id == "k-1"
    assert first.history is not None
    assert [step.status for step in first.history] == ["opened"]


def test_an_acknowledgement_that_comes_late_but_was_in_time_cancels_the_level() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.click(23 * HOUR))
    task.take(make.complaint(20 * HOUR, "acknowledged"))
    task.until(2 * DAY)
    assert levels(task) == []


def test_an_acknowledgement_after_the_promise_does_not_hide_that_it_was_missed() -> None:
    make = Events()
    acknowledged = make.complaint(25 * HOUR, "acknowledged")
    task = Task().take(make.complaint(0, "opened"), acknowledged)
    assert levels(task) == [(1, DAY)]


def test_a_rise_of_tier_shortens_the_promise_but_not_before_the_rise() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened"), make.transaction(10 * HOUR, 500_000.0))
    task.until(2 * DAY)
    # Acknowledging within 1 h of opening is past: due at the rise; resolving within 24 h is not.
    assert levels(task) == [(1, 10 * HOUR), (2, DAY)]


def test_a_fall_of_tier_does_not_lengthen_the_promise() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 250_000.0),
        make.transaction(HOUR, 10.0),
        make.complaint(29 * DAY, "opened"),
    )
    task.until(60 * DAY)
    assert levels(task)[:2] == [(1, 29 * DAY + 4 * HOUR), (2, 32 * DAY)]


def test_reopening_starts_the_promises_anew() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"),
        make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "resolved"),
        make.complaint(10 * DAY, "reopened"),
    )
    task.until(40 * DAY)
    assert levels(task) == [(1, 11 * DAY), (2, 25 * DAY), (3, 25 * DAY)]
    assert "after it was reopened" in task.alerts("complaint_escalated")[0].reason


def test_open_and_overdue_complaints_are_counted_as_of_any_time() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened", complaint_id="k-1"),
        make.complaint(HOUR, "opened", complaint_id="k-2"),
        make.complaint(2 * HOUR, "acknowledged", complaint_id="k-2"),
    )

    def counts(at: int) -> tuple[int, int]:
        figures = task.figures(at)
        return figures["complaints_open"], figures["complaints_overdue"]

    assert counts(DAY - 1) == (2, 0)
    assert counts(DAY) == (2, 1)
    assert counts(15 * DAY + HOUR) == (2, 2)


@pytest.mark.parametrize(
    ("steps", "irregular", "waiting"),
    [
        (["acknowledged"], 1, 1),
        (["opened", "resolved"], 1, 0),
        (["opened", "opened"], 1, 1),
        (["opened", "acknowledged", "acknowledged"], 1, 1),
        (["opened", "reopened"], 1, 1),
        (["opened", "withdrawn", "acknowledged"], 1, 0),
        (["opened", "withdrawn", "reopened"], 1, 1),
        (["opened", "acknowledged", "resolved", "reopened", "acknowledged", "resolved"], 0, 0),
        (["resolved"], 1, 0),
    ],
)
def test_a_step_out_of_order_is_kept_and_counted(
    steps: list[str], irregular: int, waiting: int
) -> None:
    make = Events()
    task = Task().take(*(make.complaint(n * MINUTE, step) for n, step in enumerate(steps)))
    figures = task.figures()
    assert (figures["irregular_steps"], figures["complaints_open"]) == (irregular, waiting)
    assert len(task.customer.cases.cases[0].steps) == len(steps)
    assert task.statuses == ["accepted"] * len(steps)


def test_an_opened_that_comes_after_its_acknowledgement_makes_the_same_complaint() -> None:
    make = Events()
    task = Task().take(make.complaint(2 * HOUR, "acknowledged"), make.complaint(HOUR, "opened"))
    task.until(60 * DAY)
    assert levels(task) == [(2, HOUR + 15 * DAY), (3, HOUR + 15 * DAY)]


def test_a_vip_complaint_is_told_once_with_its_numbers() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, owner_id="manager-7"),
        make.transaction(0, 500_000.0),
        make.complaint(HOUR, "opened", severity=5),
    )
    (alert,) = task.alerts("vip_complaint")
    assert isinstance(alert, Alert)
    assert (alert.priority, alert.owner_id, alert.complaint_id) == (1, "manager-7", "k-1")
    assert alert.reason == (
        "A vip customer opened a complaint of severity 5 about fees;"
        " it is to be acknowledged within 1 h."
    )
    assert alert.cause == ("e-00003",)


def test_a_complaint_of_a_lower_tier_is_no_vip_complaint() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 299_999.0), make.complaint(HOUR, "opened"))
    assert task.alerts("vip_complaint") == []


def test_complaints_and_steps_stay_bounded_and_satisfaction_keeps_what_leaves() -> None:
    make = Events()
    task = Task()
    for n in range(100):
        task.take(make.complaint(n * MINUTE, "opened", complaint_id=f"k-{n}", severity=n % 5 + 1))
    expected_before = task.figures()["satisfaction"]
    assert len(task.customer.cases.cases) == 64
    assert task.figures()["complaints"] == 100
    assert {signal.kind for signal in task.signals()} == {"complaint_overflow"}
    # Severities 1-5 alike often, so the mean of 5 - severity is 2 but for minutes of decay.
    assert expected_before == pytest.approx(2.0, abs=1e-2)
    for n in range(100):
        task.take(make.complaint(DAY + n, "reopened", complaint_id="k-99"))
    assert len(task.customer.cases.cases[-1].steps) == 32
    assert task.customer.cases.cases[-1].steps[0].status == 1


def test_a_complaint_closed_for_40_days_leaves_and_its_moments_stay() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened", complaint_id="old", severity=1),
        make.complaint(1, "acknowledged", complaint_id="old"),
        make.complaint(2, "resolved", complaint_id="old"),
    )
    score = task.figures()["satisfaction"]
    assert score == pytest.approx((4 + 8) / 2, abs=1e-6)
    task.take(make.complaint(50 * DAY, "withdrawn", complaint_id="other"))
    assert [case.complaint_id for case in task.customer.cases.cases] == ["other"]
    assert task.figures()["satisfaction"] == pytest.approx(score, abs=1e-9)

"""Outrage: when it begins, when it ends, and the alert of a VIP."""

from __future__ import annotations

from typing import Any

import pytest

from domain.experience.outrage import outrage
from domain.policy import Policy
from tests.domain.bank import DAY, HOUR, START, Events, Task, after_start


def vip() -> tuple[Task, Events]:
    """A VIP who bought long ago, and the maker of the next events."""
    make = Events()
    return Task().take(make.transaction(0, 500_000.0)), make


def rage(task: Task, at: int) -> Any:
    """The figures of outrage as of ``at`` (ms after START)."""
    return task.figures(at)["experience"]["outrage"]


def test_a_complaint_about_fraud_outrages_a_vip_at_once_and_is_told_once() -> None:
    task, make = vip()
    task.take(make.complaint(40 * DAY, "opened", severity=2, category="fraud"))
    task.take(make.complaint(40 * DAY + HOUR, "opened", complaint_id="k-2", category="privacy"))
    [alert] = task.alerts("vip_outrage")
    assert after_start(alert) == 40 * DAY
    assert alert.cause == ("e-00002",)
    # judged when all is known: the complaint has brought the churn risk over its line as well
    assert (alert.priority, alert.priority_reason) == (
        1,
        "5 - 3 (tier vip) - 1 (high churn risk) - 1 (outrage) = 0, at least 1.",
    )
    assert alert.reason == (
        "A vip customer is outraged. Security is violated: complaint k-1 about fraud."
    )
    assert alert.suggested_action.startswith("Have a senior manager call")


def test_a_lower_tier_and_another_category_are_not_told() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 250_000.0))
    task.take(make.complaint(DAY, "opened", category="fraud"))
    assert task.alerts("vip_outrage") == []
    assert rage(task, DAY)
    task, make = vip()
    task.take(make.complaint(DAY, "opened", category="fees"))
    task.take(make.complaint(DAY, "opened", complaint_id="k-2", category="rudeness"))
    assert task.alerts("vip_outrage") == []
    figures = task.figures()["experience"]
    assert (figures["outrage"], figures["needs_violated"]) == (False, ["esteem"])
    assert figures["esteem_met"] is False


def test_it_lasts_while_the_complaint_is_open_and_30_days_from_its_beginning() -> None:
    task, make = vip()
    task.take(make.complaint(DAY, "opened", category="overcharge"))
    assert rage(task, 200 * DAY)
    task.take(make.complaint(2 * DAY, "acknowledged"), make.complaint(2 * DAY, "resolved"))
    assert rage(task, 31 * DAY - 1)
    assert not rage(task, 31 * DAY)
    task.take(make.complaint(38 * DAY, "reopened"))
    assert rage(task, 60 * DAY)
    assert [after_start(alert) for alert in task.alerts("vip_outrage")] == [DAY, 38 * DAY]


def test_a_complaint_that_is_withdrawn_violates_nothing() -> None:
    task, make = vip()
    task.take(make.complaint(DAY, "opened", category="fraud"))
    task.take(make.complaint(DAY + HOUR, "withdrawn"))
    assert not rage(task, DAY + HOUR)


def test_the_second_promise_broken_within_30_days_is_told_when_it_was_due() -> None:
    task, make = vip()
    for n, at in enumerate((40 * DAY, 60 * DAY, 61 * DAY)):
        task.take(make.contact(at, 0, "unresolved", contact_id=f"s-{n}"))
    task.until(80 * DAY)
    [alert] = task.alerts("vip_outrage")
    assert after_start(alert) == 60 * DAY + HOUR
    assert alert.cause == ()
    assert "Two or more promises were broken within 30 days: 2." in alert.reason
    assert rage(task, 80 * DAY)
    assert not rage(task, 61 * DAY + HOUR + 30 * DAY)


def test_a_promise_that_was_kept_or_broken_long_ago_does_not_count() -> None:
    task, make = vip()
    task.take(make.contact(40 * DAY, 0, "unresolved", contact_id="s-1"))
    task.take(make.contact(50 * DAY, 0, "unresolved", contact_id="s-2"))
    task.take(make.feedback(50 * DAY + HOUR - 1, "callback_done", contact_id="s-2"))
    task.take(make.contact(70 * DAY + HOUR, 0, "unresolved", contact_id="s-3")).until(80 * DAY)
    assert task.alerts("vip_outrage") == []
    kept = task.figures()["experience"]
    assert (kept["promises_kept"], kept["promises_broken"]) == (1, 2)
    assert kept["promises_kept_share"] == pytest.approx(1 / 3)


def test_an_operators_categories_and_numbers_are_followed() -> None:
    policy = Policy.model_validate(
        {"experience": {"needs": {"categories": {"fees": "justice"}, "broken_promises": 1}}}
    )
    make = Events()
    task = Task(policy).take(make.transaction(0, 500_000.0))
    task.take(make.complaint(DAY, "opened", category="fees"))
    assert len(task.alerts("vip_outrage")) == 1
    task = Task(policy).take(make.transaction(0, 500_000.0))
    task.take(make.contact(DAY, 0, "unresolved")).until(2 * DAY)
    [alert] = task.alerts("vip_outrage")
    assert "One or more promises were broken" in alert.reason


def test_what_came_a_day_late_is_counted_and_not_told() -> None:
    task, make = vip()
    task.take(make.click(60 * DAY), make.complaint(58 * DAY, "opened", category="fraud"))
    assert task.alerts("vip_outrage") == []
    assert rage(task, 60 * DAY)


def test_a_customer_without_complaints_or_promises_is_not_outraged() -> None:
    task, _ = vip()
    found = outrage(task.customer, START, Policy())
    assert found == (False, (), "No need is violated; broken promises: 0 of 2.")

"""Alerts about money, and the limits that hold for all alerts."""

from __future__ import annotations

import pytest

from domain.policy import Policy
from schemas.outputs import Output
from schemas.topics import ALERT_STATES
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task, after_start, ms_of


def test_reaching_the_vip_line_is_told_once_and_private_after_vip_is_not_new() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 299_999.0),
        make.transaction(1, 300_000.0),
        make.transaction(2, 9_000_000.0),
    )
    (alert,) = task.alerts("vip_new")
    assert after_start(alert) == 1
    assert alert.reason == ("The balance reached the vip line of 300,000 CNY; the tier was key.")
    assert (alert.tier, alert.priority) == ("vip", 2)
    assert [each.to_state for each in task.transitions()] == ["key", "vip", "private"]


@pytest.mark.parametrize(("amount", "told"), [(99_999.99, 0), (100_000.0, 1)])
def test_a_large_transaction_is_told_for_any_tier(amount: float, told: int) -> None:
    task = Task().take(Events().transaction(0, 50.0, amount=amount))
    assert len(task.alerts("large_transaction")) == told


def test_a_large_transaction_is_measured_in_base_currency() -> None:
    task = Task().take(Events().transaction(0, amount=15_000.0, currency="USD"))
    (alert,) = task.alerts("large_transaction")
    assert alert.reason == "A debit of 106,500.00 CNY reaches the line of 100,000."
    assert (alert.tier, alert.priority) == ("standard", 5)


def test_a_vips_balance_drop_by_30_percent_is_told_when_it_is_reached() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 1_000_000.0),
        make.transaction(DAY, 700_001.0),
        make.transaction(2 * DAY, 700_000.0),
        make.transaction(3 * DAY, 600_000.0),
    )
    (alert,) = task.alerts("vip_balance_drop")
    assert after_start(alert) == 2 * DAY
    assert alert.reason == (
        "The balance fell by 30% from its 7-day maximum of 1,000,000.00 CNY to 700,000.00 CNY."
    )
    assert alert.figures == {"maximum": 1e6, "balance": 7e5, "share": pytest.approx(0.3)}


def test_the_7_day_maximum_is_what_was_in_force_within_the_7_days() -> None:
    make = Events()
    # 1,000,000 stood until day 20, so it counts until day 27 although it was set on day 0.
    old = Task().take(
        make.transaction(0, 1_000_000.0),
        make.transaction(20 * DAY, 800_000.0),
        make.transaction(27 * DAY - 1, 690_000.0),
    )
    assert len(old.alerts("vip_balance_drop")) == 1
    make = Events()
    outdated = Task().take(
        make.transaction(0, 1_000_000.0),
        make.transaction(20 * DAY, 800_000.0),
        make.transaction(27 * DAY, 690_000.0),
    )
    assert outdated.alerts("vip_balance_drop") == []


def test_a_drop_out_of_the_tier_counts_with_the_tier_it_had() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 9_000_000.0), make.transaction(DAY, 10.0))
    (alert,) = task.alerts("vip_balance_drop")
    assert alert.tier == "private"
    make = Events()
    task = Task().take(make.transaction(0, 290_000.0), make.transaction(DAY, 10.0))
    assert task.alerts("vip_balance_drop") == []


def test_priority_rises_with_tier_and_severity() -> None:
    def priority(balance: float, severity: int) -> int:
        make = Events()
        opened = make.complaint(1, "opened", severity=severity)
        task = Task().take(make.transaction(0, balance), opened).until(2 * DAY)
        return task.alerts("complaint_escalated")[0].priority

    # An overdue complaint (0.5) of one who bought once (alive with 0.64) is a churn risk of
    # 1 - 0.5 x 0.64 = 0.68: over the line of 0.6, which counts where it is watched, from VIP on.
    assert [priority(b, 3) for b in (1.0, 1.5e5, 2.5e5, 5e5, 9e6)] == [5, 4, 3, 1, 1]
    assert [priority(b, 4) for b in (1.0, 1.5e5, 2.5e5, 5e5, 9e6)] == [4, 3, 2, 1, 1]


def test_an_event_over_24_hours_behind_the_newest_counts_but_raises_no_alert() -> None:
    make = Events()
    task = Task().take(make.transaction(2 * DAY, 50.0))
    task.take(make.transaction(DAY - 1, amount=200_000.0))
    assert task.alerts() == []
    assert task.figures()["transactions"] == 2
    task.take(make.transaction(DAY, amount=200_000.0))
    assert len(task.alerts("large_transaction")) == 1


def test_a_day_has_a_cap_and_what_is_over_it_is_counted() -> None:
    make = Events()
    task = Task()
    task.take(*(make.transaction(n * MINUTE, amount=2e5) for n in range(30)))
    task.take(*(make.transaction(DAY + n * MINUTE, amount=2e5) for n in range(5)))
    alerts = task.alerts("large_transaction")
    assert [sum(after_start(a) // DAY == day for a in alerts) for day in (0, 1)] == [20, 5]
    assert task.figures()["suppressed_alerts"] == 10


def test_a_cooldown_holds_back_the_same_kind_only() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 500_000.0))
    for minutes in (0, 9, 10, 15):
        task.take(make.contact(DAY + minutes * MINUTE, 700, contact_id=f"s-{minutes}"))
    at = [after_start(a) for a in task.alerts("vip_long_wait")]
    assert at == [DAY, DAY + 10 * MINUTE]
    assert task.figures()["suppressed_alerts"] == 2


def test_a_rule_can_be_switched_off() -> None:
    policy = Policy.model_validate(
        {"alerts": {"rules": {"large_transaction": {"enabled": False, "action": "none"}}}}
    )
    task = Task(policy).take(Events().transaction(0, amount=1e6))
    assert task.alerts() == []
    assert task.figures()["suppressed_alerts"] == 0


def test_the_same_cause_has_the_same_id_however_it_is_worked_out() -> None:
    def ids(task: Task) -> set[str]:
        return {each.output_id for each in told(task)}

    def told(task: Task) -> list[Output]:  # states of alerts have the alerts' ids
        return [each for each in task.outputs if each.topic != ALERT_STATES]

    make = Events()
    events = [
        make.transaction(0, 500_000.0, amount=2e5),
        make.contact(HOUR, 700),
        make.complaint(2 * HOUR, "opened"),
    ]
    # A day more: what was raised is raised again some minutes later.
    first = Task().take(*events).until(20 * DAY).until(21 * DAY)
    again = Task(reload_always=True).take(*events).until(5 * DAY).until(21 * DAY)
    assert ids(first) == ids(again)
    assert len(ids(first)) == len(told(first)) == len(told(again))


def test_an_alert_from_a_backlog_is_marked_late_and_says_when_it_was_raised() -> None:
    task = Task()
    task.ctx.late = True
    task.ctx.now = START + 3 * HOUR
    task.take(Events().transaction(0, amount=1e6))
    (alert,) = task.alerts()
    assert alert.late
    assert ms_of(alert.raised_at) == START + 3 * HOUR
    assert after_start(alert) == 0

"""Tiers: the lines, the rise at once, the grace before a fall, the pin."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.policy import Policy, load_policy
from tests.domain.bank import DAY, HOUR, START, Events, Task, after_start


@pytest.mark.parametrize(
    ("balance", "tier"),
    [
        (-5.0, "standard"),
        (99_999.99, "standard"),
        (100_000.0, "prospect"),
        (199_999.99, "prospect"),
        (200_000.0, "key"),
        (299_999.99, "key"),
        (300_000.0, "vip"),
        (7_999_999.99, "vip"),
        (8_000_000.0, "private"),
    ],
)
def test_the_tier_follows_the_balance(balance: float, tier: str) -> None:
    task = Task().take(Events().transaction(0, balance))
    assert task.figures()["tier"] == tier
    assert task.figures()["balance"] == balance


def test_a_customer_without_a_balance_is_standard_and_the_balance_is_missing() -> None:
    figures = Task().take(Events().click(0)).figures()
    assert figures["tier"] == "standard"
    assert figures["balance"] is None
    assert "balance_after" in figures["missing"]["balance"]


def test_the_balance_is_the_sum_of_the_newest_of_each_account_in_base_currency() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 100.0, account="a"),
        make.transaction(1, 50.0, account="b", currency="USD"),
        make.transaction(2, 30.0, account="a"),
    )
    assert task.figures()["balance"] == 30.0 + 50.0 * 7.1
    assert task.figures()["accounts"] == 2


def test_a_fall_takes_30_days_below_the_line_and_is_announced_when_due() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 400_000.0), make.transaction(DAY, 150_000.0))
    task.until(31 * DAY - 1)
    assert task.figures()["tier"] == "vip"
    task.until(31 * DAY)
    assert task.figures()["tier"] == "prospect"
    told = [(each.from_state, each.to_state, after_start(each)) for each in task.transitions()]
    assert told == [("standard", "vip", 0), ("vip", "prospect", 31 * DAY)]
    assert "below the vip line of 300,000 CNY for 30 days" in task.transitions()[1].reason
    assert not task.customer.core.tier_due


def test_a_fall_goes_down_in_steps_each_after_its_own_grace() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 9_000_000.0),
        make.transaction(10 * DAY, 250_000.0),
        make.transaction(20 * DAY, 10.0),
    )
    task.until(80 * DAY)
    told = [(each.to_state, after_start(each)) for each in task.transitions()]
    assert told == [("private", 0), ("key", 40 * DAY), ("standard", 50 * DAY)]


def test_a_recovery_within_the_grace_keeps_the_tier() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 400_000.0),
        make.transaction(DAY, 1.0),
        make.transaction(30 * DAY, 500_000.0),
    )
    task.until(100 * DAY)
    assert [each.to_state for each in task.transitions()] == ["vip"]


def test_a_pin_overrides_the_balance_until_it_is_taken_off() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 10.0),
        make.profile(DAY, tier_pin="private"),
        make.transaction(2 * DAY, 20.0),
    )
    assert task.figures()["tier"] == "private"
    task.until(90 * DAY)
    assert task.figures()["tier"] == "private"
    task.take(make.profile(91 * DAY, tier_pin=None))
    assert task.figures()["tier"] == "standard"
    told = [(each.to_state, after_start(each)) for each in task.transitions()]
    assert told == [("private", DAY), ("standard", 91 * DAY)]
    assert task.transitions()[0].reason == "The tier is pinned to private."


def test_a_late_balance_that_was_high_lifts_the_tier_by_its_own_time() -> None:
    make = Events()
    task = Task().take(make.transaction(10 * HOUR, 10.0), make.transaction(2 * HOUR, 400_000.0))
    assert task.figures()["balance"] == 10.0
    assert task.figures()["tier"] == "vip"
    task.until(10 * HOUR + 30 * DAY - 1)
    assert task.figures()["tier"] == "vip"
    task.until(10 * HOUR + 30 * DAY)
    assert task.figures()["tier"] == "standard"


def test_ties_of_time_are_settled_by_event_id() -> None:
    make = Events()
    b = make.transaction(0, 2.0, event_id="b")
    a = make.transaction(0, 1.0, event_id="a")
    assert Task().take(a, b).figures()["balance"] == 2.0
    assert Task().take(b, a).figures()["balance"] == 2.0


def test_a_balance_later_than_24_hours_still_counts_if_it_is_its_accounts_newest() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 5.0, account="a"),
        make.transaction(5 * DAY, 7.0, account="b"),
        make.transaction(3 * DAY, 100.0, account="a"),
        make.transaction(DAY, 1.0, account="a"),
    )
    assert task.figures()["balance"] == 107.0
    task.reload()
    assert task.figures()["balance"] == 107.0


def test_an_unknown_currency_is_counted_left_out_and_signalled_once_a_day() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 100.0),
        make.transaction(1, 5.0, currency="XAU"),
        make.transaction(2, 6.0, currency="XAU"),
        make.transaction(DAY, 6.0, currency="XAU"),
    )
    figures = task.figures()
    assert (figures["transactions"], figures["transaction_sum"]) == (4, 10.0)
    assert figures["balance"] == 100.0
    assert [signal.kind for signal in task.signals()] == ["unknown_currency"] * 2
    assert "XAU" in task.signals()[0].reason


def test_an_account_has_a_balance_in_each_currency() -> None:
    make = Events()
    task = Task(reload_always=True).take(
        make.transaction(0, 100.0), make.transaction(1, 10.0, currency="USD")
    )
    # 100 + 10 x 7.1
    assert (task.figures()["balance"], task.figures()["accounts"]) == (171.0, 1)
    task.take(make.transaction(2, 50.0))
    assert task.figures()["balance"] == 121.0


def test_a_balance_kept_before_currencies_were_told_is_in_that_of_the_next_one() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 5.0, account="other"))
    money = task.customer.money
    money.settled = {"a-1": (START - 9, "e", 900.0)}
    money.points.append((START + 1, "f", "a-2", 30.0))
    task.customer.balances = None
    task.reload()
    assert task.figures()["balance"] == 935.0
    task.take(make.transaction(HOUR, 10.0, currency="USD"), make.transaction(0, 7.0, account="a-2"))
    # 71 for 900; the 7 came late and is older than the 30
    assert task.figures()["balance"] == 5.0 + 71.0 + 30.0


def test_of_more_than_1024_accounts_the_empty_ones_longest_at_rest_leave_first() -> None:
    make = Events()
    task = Task()
    for n in range(1_024):
        task.take(make.transaction(n, 0.0 if n in (5, 9) else 1.0, account=f"a-{n}"))
    task.take(
        make.transaction(2_000, 1.0, account="b-1"), make.transaction(2_001, 1.0, account="b-2")
    )
    assert task.figures()["balance"] == 1_024.0
    assert not task.signals()
    kept = {account.partition("\x1f")[0] for account in task.customer.balances or {}}
    assert {f"a-{n}" for n in range(1_024)} - kept == {"a-5", "a-9"}
    # an old balance of a forgotten one, which was 0 since, comes late: it stays forgotten
    task.take(make.transaction(4, 500.0, account="a-5"))
    assert task.figures()["balance"] == 1_024.0
    assert [signal.kind for signal in task.signals()] == ["account_overflow"]
    # a new one comes back; for it the one longest at rest leaves
    task.take(make.transaction(DAY, 500.0, account="a-5"))
    assert task.figures()["balance"] == 1_023.0 + 500.0
    task.reload()
    assert task.figures()["balance"] == 1_023.0 + 500.0
    # at 0 it would only take the place of another
    task.take(make.transaction(DAY + 1, 0.0, account="c"))
    assert task.figures()["balance"] == 1_023.0 + 500.0
    assert task.figures()["accounts"] == 1_024


def test_accounts_points_and_changes_stay_bounded_under_abuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("domain.money.balances.MAX_ACCOUNTS", 64)
    make = Events()
    task = Task()
    for n in range(400):
        balance = 9e6 if n % 2 else 10.0
        task.take(make.transaction(n * HOUR // 10, balance, account=f"a-{n % 100}"))
    money = task.customer.money
    assert len(task.customer.balances or {}) == 64
    assert len(money.points) <= 64
    assert len(money.changes) <= 64
    assert len(money.peaks) <= 16
    assert {signal.kind for signal in task.signals()} == {"account_overflow"}


def test_an_operators_lines_are_used(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("tiers: {vip: 1000, prospect: 10, key: 100, grace_days: 1}\n")
    policy = load_policy(path)
    assert policy.tiers.private == Policy().tiers.private
    task = Task(policy).take(Events().transaction(0, 1_000.0))
    assert task.figures()["tier"] == "vip"

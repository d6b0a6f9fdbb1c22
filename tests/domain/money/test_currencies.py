"""Currencies without a rate: each is told, and what is kept of them stays bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.cause import ABOUT_FROM
from domain.money.transactions import CODES, MAX_UNKNOWN, _number
from tests.domain.bank import DAY, Events, Task


def test_each_currency_without_a_rate_is_signalled_for_itself_once_a_day() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 5.0, currency="XAU"),
        make.transaction(1, 6.0, currency="XAG"),
        make.transaction(2, 6.0, currency="XAU"),
        make.transaction(3, 6.0, currency="XAG"),
        make.transaction(DAY, 6.0, currency="XAG"),
    )
    told = [signal.labels["currency"] for signal in task.signals()]
    assert told == ["XAU", "XAG", "XAG"]
    first, second, third = (signal.occurred_at[:10] for signal in task.signals())
    assert first == second < third
    assert len({signal.signal_id for signal in task.signals()}) == 3


def test_what_a_version_before_had_signalled_is_told_at_most_once_more() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 5.0, currency="XAU"))
    signalled = task.customer.core.signalled
    day = signalled.pop(_number("XAU"))
    assert signalled == {1: day}  # as it was kept
    task.reload()
    task.take(*(make.transaction(n, 5.0, currency="XAU") for n in (1, 2)))
    assert [signal.labels["currency"] for signal in task.signals()] == ["XAU", "XAU"]
    assert len({signal.signal_id for signal in task.signals()}) == 2


def test_currencies_without_a_rate_stay_bounded_under_abuse() -> None:
    make = Events()
    task = Task()
    for day in range(3):
        for n in range(MAX_UNKNOWN + 4):
            task.take(
                make.transaction(day * DAY + n, 5.0, currency=f"Q{chr(65 + n)}{chr(65 + day)}")
            )
    signals = task.signals()
    assert len(signals) == 3 * (MAX_UNKNOWN + 1)
    assert sum("further ones" in signal.reason for signal in signals) == 3
    assert len(task.customer.core.signalled) <= MAX_UNKNOWN + 2
    task.reload()
    task.take(make.transaction(2 * DAY + 30, 5.0, currency="QAC"))  # told that day, and kept
    assert len(task.signals()) == 3 * (MAX_UNKNOWN + 1)


@settings(deadline=None)
@given(st.lists(st.text("ABYZ", min_size=3, max_size=3)))
def test_each_currency_has_a_number_of_its_own(codes: list[str]) -> None:
    numbers = {_number(code) for code in codes}
    assert len(numbers) == len(set(codes))
    assert all(ABOUT_FROM <= number < ABOUT_FROM + CODES for number in numbers)

"""How often one client may ask, at times that the test sets."""

from __future__ import annotations

from streams.serve.access.rates import WINDOW_SECONDS, Rates


class Clock:
    """Stands until it is set on; at the beginning of a window."""

    def __init__(self) -> None:
        self.at = 170_000_000.0 * WINDOW_SECONDS

    def __call__(self) -> float:
        return self.at


def test_all_of_a_window_at_once_and_then_no_more() -> None:
    clock = Clock()
    rates = Rates(2.0, clock)
    assert [rates.taken("crm") for _ in range(20)] == [None] * 20
    assert rates.taken("crm") == WINDOW_SECONDS
    assert rates.taken("desk") is None
    clock.at += 4
    assert rates.taken("crm") == WINDOW_SECONDS - 4


def test_what_was_asked_before_counts_less_and_less() -> None:
    clock = Clock()
    rates = Rates(1.0, clock)
    assert [rates.taken("crm") for _ in range(10)] == [None] * 10
    clock.at += WINDOW_SECONDS
    assert rates.taken("crm") == 1
    clock.at += WINDOW_SECONDS / 2
    assert [rates.taken("crm") for _ in range(5)] == [None] * 5
    assert rates.taken("crm") == 1
    clock.at += 1
    assert rates.taken("crm") is None


def test_after_two_windows_nothing_counts_any_more() -> None:
    clock = Clock()
    rates = Rates(0.01, clock)
    assert rates.taken("crm") is None
    assert rates.taken("crm") == WINDOW_SECONDS
    clock.at += 2 * WINDOW_SECONDS
    assert rates.taken("crm") is None

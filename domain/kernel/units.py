"""Units of time in milliseconds, and the one bound of lateness. Times are ms since the epoch.

Money that is added up over many is in whole micro-units: a sum is then the same in any order.
"""

from __future__ import annotations

from typing import Final

from schemas.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND, MS_PER_WEEK

LATENESS_MS: Final = MS_PER_DAY
"""Within this the figures do not depend on the order of arrival; what is later counts, but raises
no alert, and what nothing within it can change any more is settled."""
WINDOW_MS: Final = 7 * MS_PER_DAY
"""The memory of repeats and of clicks; what comes later than this is refused as too late."""
FUTURE_MS: Final = 5 * MS_PER_MINUTE
"""What happened later than this beyond now is refused."""

MICRO: Final = 1_000_000
"""Micro-units of one unit of base currency."""


MOST_MICRO: Final = 2**62
"""No sum in micro-units grows beyond this, 4.6e12 of base currency: 64 bits are stored."""


def micro(amount: float) -> int:
    """An amount (base currency) in whole micro-units.

    >>> micro(0.05), micro(1e-7), micro(1e15) == MOST_MICRO
    (50000, 0, True)
    """
    return min(MOST_MICRO, round(amount * MICRO))


def plus(one: int, other: int) -> int:
    """The sum of two numbers, within `MOST_MICRO`; of none below 0 in any order the same.

    >>> plus(3, 4), plus(MOST_MICRO, 1) == MOST_MICRO
    (7, True)
    """
    return max(-MOST_MICRO, min(MOST_MICRO, one + other))


__all__ = [
    "FUTURE_MS",
    "LATENESS_MS",
    "MICRO",
    "MOST_MICRO",
    "MS_PER_DAY",
    "MS_PER_HOUR",
    "MS_PER_MINUTE",
    "MS_PER_SECOND",
    "MS_PER_WEEK",
    "WINDOW_MS",
    "micro",
    "plus",
]

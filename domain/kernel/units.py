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


def micro(amount: float) -> int:
    """An amount (base currency) in whole micro-units.

    >>> micro(0.05), micro(1e-7)
    (50000, 0)
    """
    return round(amount * MICRO)


__all__ = [
    "FUTURE_MS",
    "LATENESS_MS",
    "MICRO",
    "MS_PER_DAY",
    "MS_PER_HOUR",
    "MS_PER_MINUTE",
    "MS_PER_SECOND",
    "MS_PER_WEEK",
    "WINDOW_MS",
    "micro",
]

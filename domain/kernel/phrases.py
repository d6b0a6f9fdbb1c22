"""Days, counts and shares in words, for the reasons of this room."""

from __future__ import annotations

import math

from domain.kernel.units import MS_PER_DAY


def days(milliseconds: float) -> str:
    """A length of time in days, to one digit behind the point; below 0 counts as 0.

    >>> from domain.kernel.units import MS_PER_HOUR
    >>> days(62 * MS_PER_DAY), days(MS_PER_DAY), days(36 * MS_PER_HOUR), days(-5)
    ('62 days', '1 day', '1.5 days', '0 days')
    """
    number = f"{max(0.0, milliseconds / MS_PER_DAY):.1f}".removesuffix(".0")
    return f"{number} day" if number == "1" else f"{number} days"


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "purchase"), counted(4, "purchase")
    ('1 purchase', '4 purchases')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cut(share: float) -> str:
    """A share with two digits, cut off below, so that no figure below a line reads as on it.

    >>> cut(0.3999), cut(0.29), cut(1.0)
    ('0.39', '0.29', '1.00')
    """
    return f"{math.floor(round(share * 100, 6)) / 100:.2f}"

"""UTC days as state counts them: by number since 1970-01-01."""

from __future__ import annotations

from datetime import date
from typing import Final

_EPOCH: Final = date(1970, 1, 1).toordinal()


def number_of(day: date) -> int:
    """The number of a day.

    >>> number_of(date(1970, 1, 2)), number_of(date(1969, 12, 31))
    (1, -1)
    """
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The day of a number.

    >>> day_of(-1).isoformat()
    '1969-12-31'
    """
    return date.fromordinal(_EPOCH + number)

"""The festivals of a year: by date, by weekday, or as the holidays library knows them.

Its calendar of China has Dragon Boat and Mid-Autumn by lunar date, from 2008, when they became
statutory, to 2099. A statutory festival falls out in a year of which it does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Protocol

from domain.kernel.days import number_of

COUNTRY: Final = "CN"
_DAYS_OF_A_WEEK: Final = 7


class Rule(Protocol):
    """How a festival's day follows from the year (`domain.policy.care.Festival`)."""

    name: str
    month: int
    day: int
    weekday: int
    nth: int
    statutory: str


class FestivalDays:
    """Every festival with its day (days since 1970-01-01); years are worked out once.

    >>> from domain.policy.care import FESTIVALS
    >>> days = FestivalDays(FESTIVALS)
    >>> from domain.kernel.days import day_of
    >>> [f"{day_of(day):%m-%d} {name}" for day, name in days.of_year(2026)][:4]
    ['03-08 women_day', '05-10 mother_day', '06-19 dragon_boat', '09-25 mid_autumn']
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._known: dict[int, tuple[tuple[int, str], ...]] = {}

    def of_year(self, year: int) -> tuple[tuple[int, str], ...]:
        """(day, name) of each festival of a year, ascending; of one day in the policy's order."""
        known = self._known.get(year)
        if known is None:
            found = [
                (number_of(day), place, rule.name)
                for place, rule in enumerate(self._rules)
                if (day := day_in(rule, year)) is not None
            ]
            known = tuple((day, name) for day, _, name in sorted(found))
            self._known[year] = known
        return known

    def first(self, day: int, year: int, fits: Callable[[str], bool]) -> tuple[int, str] | None:
        """The first festival from ``day``, which is of ``year``, on that fits; within two years."""
        for each in (year, year + 1):
            for found, name in self.of_year(each):
                if found >= day and fits(name):
                    return found, name
        return None


def day_in(rule: Rule, year: int) -> date | None:
    """The day of a festival in a year; ``None`` where the year has none.

    >>> from domain.policy.care import Festival
    >>> mothers = Festival(name="mother_day", month=5, weekday=7, nth=2)
    >>> boats = Festival(name="dragon_boat", statutory="Dragon Boat Festival")
    >>> day_in(mothers, 2026), day_in(boats, 2024), day_in(boats, 2150)
    (datetime.date(2026, 5, 10), datetime.date(2024, 6, 10), None)
    """
    if rule.statutory:
        return _statutory(year).get(rule.statutory)
    if not rule.day:
        first = date(year, rule.month, 1)
        ahead = (rule.weekday - first.isoweekday()) % _DAYS_OF_A_WEEK
        return first + timedelta(days=ahead + _DAYS_OF_A_WEEK * (rule.nth - 1))
    return in_year(rule.month, rule.day, year)


def in_year(month: int, day: int, year: int) -> date:
    """A day of the year in another year; 29 February is 28 February in other years.

    >>> in_year(2, 29, 2026), in_year(2, 29, 2028), in_year(6, 31, 2026)
    (datetime.date(2026, 2, 28), datetime.date(2028, 2, 29), datetime.date(2026, 6, 30))
    """
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


@lru_cache(maxsize=512)
def _statutory(year: int) -> dict[str, date]:
    """The first day of each statutory holiday, by its English name."""
    import holidays

    public = holidays.country_holidays(COUNTRY, years=year, language="en_US")
    found: dict[str, date] = {}
    for day, names in sorted(public.items()):
        for name in names.split("; "):
            found.setdefault(name, day)
    return found

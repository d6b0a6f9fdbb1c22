"""When a customer's next occasions for care are, each at its time of the customer's day.

Birthdays (29 February is 28 in other years), festivals, the anniversary of an organisation's key
person and ten years as a customer are days; a regular plan comes every so many days since the first
day of the customer. The time of the day is the policy's, and as many minutes later as the id
says: so not everybody's falls due at once. Nobody who is silent for longer than the policy's
``silent_days`` by then has any, nor who was lost. A day that was judged before has no occasion
any more, whatever a newer policy says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from xxhash import xxh3_64_intdigest

from domain.customer.consent import zone_for
from domain.customer.profile import field, owner_of, text
from domain.customer.state import CARE, FILE, LEDGER, Customer
from domain.kernel.days import day_of, number_of
from domain.kernel.local_time import offset_at
from domain.kernel.scales import KEY, TIERS
from domain.kernel.units import MS_PER_DAY, MS_PER_MINUTE
from domain.policy import Policy
from domain.policy.care import Plan
from domain.policy.festivals import in_year
from domain.relationship.customer_state import STATE_INDEX

TEN_YEARS: Final = 10
LOST: Final = STATE_INDEX["lost"]


class Occasion(NamedTuple):
    """A time (ms) with its local day. ``kind`` is the policy's; ``key`` is what a day is judged by,
    ``name`` what the task is called: a festival's or a regular plan's name, else the kind.
    """

    at: int
    day: int
    kind: str
    key: str
    name: str


def next_occasions(customer: Customer, after: int, policy: Policy) -> list[Occasion]:
    """The next occasions after ``after`` (ms): all of the soonest day that has any."""
    if not _may_have_any(customer) or is_over(customer, after, policy):
        return []
    days = _Days(customer, after, policy)
    found = sorted(days.all())
    if not found:
        return []
    soonest = found[0].day
    at = days.at(soonest)
    return [Occasion(at, *each) for each in found if each.day == soonest]


def is_over(customer: Customer, at: int, policy: Policy) -> bool:
    """Whether a customer gets no care by the calendar at ``at`` (ms): lost, or long silent."""
    core = customer.core
    return core.relation == LOST or at > core.newest + policy.care.silent_ms


def next_birthday(customer: Customer, after: int, policy: Policy) -> int | None:
    """The time (ms) of the next birthday after ``after``; ``None`` where it is not known."""
    if "birthday" not in policy.care.by_occasion:
        return None
    days = _Days(customer, after, policy)
    found = next(days.birthday(), None)
    return None if found is None else days.at(found.day)


def local_time(day: int, of_day: int, zone: ZoneInfo) -> int:
    """The instant (ms) of a wall time: ``of_day`` ms into a local day.

    >>> local_time(0, 9 * 3_600_000, ZoneInfo("Asia/Shanghai")) // 3_600_000
    1
    """
    wall = day * MS_PER_DAY + of_day
    return wall - offset_at(zone, wall - offset_at(zone, wall))


class _Day(NamedTuple):
    """A local day that has an occasion, as `Occasion` has it."""

    day: int
    kind: str
    key: str
    name: str


class _Days:
    """A customer's days of care after a time, which are counted and compared as local days."""

    def __init__(self, customer: Customer, after: int, policy: Policy) -> None:
        self._customer, self._rules = customer, policy.care
        self._zone = zone_for(customer, policy)
        spread = _spread(customer.customer_id, self._rules.spread_minutes)
        self._of_day = self._rules.begins_ms + spread
        self._made = customer.care.made if customer.has(CARE) else {}
        self._first = self._first_day(max(0, after))

    def at(self, day: int) -> int:
        """When (ms) the occasions of a day are."""
        return local_time(day, self._of_day, self._zone)

    def _first_day(self, after: int) -> int:
        """The first day whose occasions are after ``after`` (ms)."""
        day = (after + offset_at(self._zone, after) - self._of_day) // MS_PER_DAY
        while self.at(day) <= after:
            day += 1
        return day

    def all(self) -> Iterator[_Day]:
        """The next of each kind for which the policy has a plan."""
        plans = self._rules.by_occasion
        if "birthday" in plans:
            yield from self.birthday()
        if "holiday" in plans:
            yield from self._festival()
        if "anniversary" in plans:
            yield from self._anniversary()
        if "ten_years" in plans:
            yield from self._ten_years()
        for plan in plans.get("regular", ()):
            yield from self._regular(plan)

    def birthday(self) -> Iterator[_Day]:
        """The next birthday."""
        born = text(self._customer, "birth_date")
        if born is not None:
            yield from self._yearly("birthday", date.fromisoformat(born))

    def _yearly(self, kind: str, day: date) -> Iterator[_Day]:
        year = day_of(self._first).year
        for each in (year, year + 1, year + 2):
            occurs = self._on(kind, number_of(in_year(day.month, day.day, each)))
            if occurs is not None:
                yield occurs
                return

    def _festival(self) -> Iterator[_Day]:
        sex, whose = text(self._customer, "sex"), self._rules.sex_of
        meant = self._rules.kept_festivals
        first = max(self._first, self._made.get("holiday", -1) + 1)
        found = self._rules.calendar.first(
            first, day_of(first).year, lambda name: name in meant and whose.get(name, sex) == sex
        )
        if found is not None:
            yield _Day(found[0], "holiday", "holiday", found[1])

    def _anniversary(self) -> Iterator[_Day]:
        customer = self._customer
        if text(customer, "organisation_id") is None or not field(customer, "key_person"):
            return
        began = self._began()
        for occasion in self._yearly("anniversary", began):
            if day_of(occasion.day).year > began.year:
                yield occasion

    def _ten_years(self) -> Iterator[_Day]:
        began = self._began()
        if began.year + TEN_YEARS < date.max.year:
            day = in_year(began.month, began.day, began.year + TEN_YEARS)
            occurs = self._on("ten_years", number_of(day))
            if occurs is not None:
                yield occurs

    def _regular(self, plan: Plan) -> Iterator[_Day]:
        if plan.owned and owner_of(self._customer) is None:
            return
        if self._customer.core.tier < TIERS.index(plan.from_tier):
            return
        if plan.abc and not self._customer.has(LEDGER):
            return
        first, every = self._customer.core.first // MS_PER_DAY, plan.every_day
        turn = max(1, -(-(self._first - first) // every))
        for each in (turn, turn + 1):
            occurs = self._on("regular", first + each * every, plan.name)
            if occurs is not None:
                yield occurs
                return

    def _began(self) -> date:
        """The first day as a customer: as the profile says, or of the first event if earlier."""
        first = day_of(self._customer.core.first // MS_PER_DAY)
        seen = text(self._customer, "first_seen")
        return first if seen is None else min(first, date.fromisoformat(seen))

    def _on(self, kind: str, day: int, name: str = "") -> _Day | None:
        """The occasion of a day, where it is still to come and was not judged."""
        key = name or kind
        if day < self._first or day <= self._made.get(key, -1):
            return None
        return _Day(day, kind, key, key)


def _may_have_any(customer: Customer) -> bool:
    """Whether a plan could be for the customer: of whom nothing is known but clicks has none."""
    return bool(customer.core.other_parts & (FILE | LEDGER)) or customer.core.tier >= KEY


@lru_cache(maxsize=4_096)
def _spread(customer_id: str, minutes: int) -> int:
    """How much later (ms) than others an id's tasks are made, less than so many minutes.

    >>> _spread("alice", 0), 0 <= _spread("alice", 120) < 120 * 60_000
    (0, True)
    """
    return xxh3_64_intdigest(customer_id.encode()) % minutes * MS_PER_MINUTE if minutes else 0

"""The policy of care: plans as rows, the festivals of a year, the life of a task.

What the trade's own texts give is section 9 of the domain reference; the rest is our default, and
each field says so. Amounts are in base currency, times in the unit their name ends with.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from domain.kernel.units import MS_PER_DAY, MS_PER_MINUTE
from domain.policy.bounds import Amount, Days
from domain.policy.calendar import ClockTime, minutes_of
from domain.policy.festivals import FestivalDays
from domain.policy.relationship import Rules
from schemas.fields import Channel, Label, Tier
from schemas.figures.relationship import State
from schemas.figures.value import AbcClass

Occasion = Literal[
    "birthday", "holiday", "anniversary", "ten_years", "regular", "complaint_resolved", "took_part"
]
"""When a plan makes its tasks; the last two follow an event, the others the calendar."""
DATED: Final = ("birthday", "holiday")
"""What is of its day alone: another day would not do."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=48, pattern=r"^[a-z0-9_]+$")]
MOST_PLANS: Final = 32
MOST_FESTIVALS: Final = 32
MOST_A_WEEK: Final = 16


class Festival(Rules):
    """A day of the year: by ``month`` and ``day``, by the ``nth`` ``weekday`` (1 Monday) of the
    month, or as the holidays library of China calls it (``statutory``), which knows lunar dates.

    ``sex`` is whose festival it is, as the profile names it; none: everybody's.
    """

    name: Name
    month: Annotated[int, Field(ge=1, le=12)] = 1
    day: Annotated[int, Field(ge=0, le=31)] = 0
    weekday: Annotated[int, Field(ge=0, le=7)] = 0
    nth: Annotated[int, Field(ge=0, le=4)] = 0
    statutory: Annotated[str, Field(max_length=64)] = ""
    sex: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (bool(self.day), bool(self.weekday and self.nth), bool(self.statutory))
        if sum(ways) != 1:
            raise ValueError("must be given by day, by weekday and nth, or as statutory")
        return self


class Plan(Rules):
    """Whom a plan is for, on what occasion, and what is then to be done.

    It is for who fits all that is named: value classes (``abc``), tiers from ``from_tier`` on,
    customer ``states``, who has an owner, the key person of an organisation. Of the plans of one
    occasion the first that fits counts; each ``regular`` one for itself, every ``every_days``
    since the customer's first day. ``festivals`` are what a ``holiday`` plan is for; none: all.

    The task goes through the first of ``channels`` that the customer consents to (``given``), or
    did not refuse (``not_refused``: a person who comes or calls); without channels nobody is asked.
    ``cap`` is what it may cost, ``approver`` who approves it. It is to be done within ``due_days``
    and expires ``expire_days`` after that. What is not ``capped`` is a service: it counts among the
    tasks of a week, yet is made although they are full.
    """

    name: Name
    occasion: Occasion
    means: Label
    text_key: Label
    cap: Amount = 0.0
    approver: Label = "owner"
    abc: Annotated[tuple[AbcClass, ...], Field(max_length=3)] = ()
    from_tier: Tier = "standard"
    states: Annotated[tuple[State, ...], Field(max_length=8)] = ()
    owned: bool = False
    key_person: bool = False
    festivals: Annotated[tuple[Name, ...], Field(max_length=MOST_FESTIVALS)] = ()
    channels: Annotated[tuple[Channel, ...], Field(max_length=17)] = ()
    asks: Literal["given", "not_refused"] = "given"
    every_days: Annotated[float, Field(ge=2, le=3_650)] = 365.0
    due_days: Annotated[float, Field(ge=0, le=365)] = 0.0
    expire_days: Days = 1.0
    capped: bool = True

    @cached_property
    def due_ms(self) -> int:
        """How long there is to do it, in milliseconds."""
        return round(self.due_days * MS_PER_DAY)

    @cached_property
    def expire_ms(self) -> int:
        """How long after that it expires, in milliseconds."""
        return round(self.expire_days * MS_PER_DAY)

    @cached_property
    def every_day(self) -> int:
        """Of a regular plan the days between two tasks."""
        return round(self.every_days)


FESTIVALS: Final = (
    Festival(name="women_day", month=3, day=8, sex="female"),
    Festival(name="mother_day", month=5, weekday=7, nth=2),
    Festival(name="dragon_boat", statutory="Dragon Boat Festival"),
    Festival(name="mid_autumn", statutory="Mid-Autumn Festival"),
    Festival(name="national_day", month=10, day=1),
    Festival(name="thanksgiving", month=11, weekday=4, nth=4),
    Festival(name="christmas", month=12, day=25),
    Festival(name="year_end", month=12, day=31),
)
WRITTEN: Final[tuple[Channel, ...]] = ("wechat", "sms", "email", "app", "mail")
PLANS: Final = (
    Plan(
        name="birthday_cake", occasion="birthday", means="birthday cake", cap=500.0,
        text_key="care.birthday", approver="branch manager", from_tier="key",
        channels=("delivery",), asks="not_refused",
    ),
    Plan(
        name="birthday_message", occasion="birthday", means="message", text_key="care.birthday",
        channels=WRITTEN,
    ),
    Plan(
        name="holiday_gift_key", occasion="holiday", means="gift", cap=500.0,
        text_key="care.holiday", approver="branch manager", from_tier="key",
        channels=("delivery",), asks="not_refused",
    ),
    Plan(
        name="holiday_gift_b", occasion="holiday", means="gift", cap=500.0,
        text_key="care.holiday", approver="branch manager", abc=("B",),
        channels=("delivery",), asks="not_refused",
    ),
    Plan(
        name="year_end_gift", occasion="holiday", means="gift", cap=100.0,
        text_key="care.year_end", approver="branch manager", abc=("A", "C"),
        festivals=("year_end",), channels=("delivery",), asks="not_refused",
    ),
    Plan(
        name="holiday_card", occasion="holiday", means="card or message",
        text_key="care.holiday", channels=WRITTEN,
    ),
    Plan(
        name="organisation_visit", occasion="anniversary", means="visit by representative",
        text_key="care.anniversary", key_person=True, channels=("branch",), asks="not_refused",
        due_days=7.0, expire_days=14.0,
    ),
    Plan(
        name="ten_years", occasion="ten_years", means="reception, car-wash or fuel card",
        text_key="care.ten_years", approver="branch manager", channels=("branch",),
        asks="not_refused", due_days=30.0, expire_days=30.0,
    ),
    Plan(
        name="quarterly_call", occasion="regular", means="follow-up call",
        text_key="care.quarterly_call", owned=True, channels=("call_centre",), asks="not_refused",
        every_days=91.0, due_days=14.0, expire_days=14.0,
    ),
    Plan(
        name="home_visit", occasion="regular", means="home visit", text_key="care.home_visit",
        from_tier="vip", channels=("branch",), asks="not_refused", every_days=182.0, due_days=30.0,
        expire_days=30.0,
    ),
    Plan(
        name="trip", occasion="regular", means="trip within the province", text_key="care.trip",
        approver="head office", abc=("A",), channels=("branch",), asks="not_refused",
        every_days=365.0, due_days=90.0, expire_days=90.0,
    ),
    Plan(
        name="complaint_call", occasion="complaint_resolved", means="follow-up call",
        text_key="care.complaint_call", channels=("call_centre",), asks="not_refused",
        due_days=2.0, expire_days=14.0, capped=False,
    ),
    Plan(
        name="event_gift", occasion="took_part", means="gift", cap=100.0,
        text_key="care.event", approver="branch manager", channels=("delivery",),
        asks="not_refused", due_days=14.0, expire_days=14.0,
    ),
)  # fmt: skip


class CareRules(Rules):
    """Plans, festivals and the life of a task.

    Our defaults are ``week_cap``, ``feedback_days``, ``feedback_open_days``, ``follow_up_days``,
    ``silent_days``, ``expire_days``, the time of day and its spread, and the times of each plan.
    """

    enabled: bool = True
    plans: Annotated[tuple[Plan, ...], Field(max_length=MOST_PLANS)] = PLANS
    festivals: Annotated[tuple[Festival, ...], Field(max_length=MOST_FESTIVALS)] = FESTIVALS
    # when tasks of a day are made in the customer's zone, each customer's so many minutes later
    at: ClockTime = "09:00"
    spread_minutes: Annotated[int, Field(ge=0, le=600)] = 120
    # tasks by plan that a customer may get within 7 days
    week_cap: Annotated[int, Field(ge=0, le=MOST_A_WEEK)] = 2
    # nobody gets care by the calendar who was not heard of for so long
    silent_days: Days = 365.0
    # what other rules propose expires so long after it was due
    expire_days: Days = 30.0
    # what was done awaits feedback for so long, and takes it for so long
    feedback_days: Days = 14.0
    feedback_open_days: Days = 60.0
    # feedback up to this (1-5) makes a follow-up, due within so many days
    low_feedback: Annotated[float, Field(ge=0, le=5)] = 2.0
    follow_up_days: Days = 3.0

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [plan.name for plan in self.plans]
        if len(set(names)) < len(names):
            raise ValueError("must name each plan once")
        taken = set(get_args(Occasion))
        if any(plan.occasion == "regular" and plan.name in taken for plan in self.plans):
            raise ValueError("must not name a regular plan like an occasion")
        known = {festival.name for festival in self.festivals}
        if len(known) < len(self.festivals):
            raise ValueError("must name each festival once")
        strange = [name for plan in self.plans for name in plan.festivals if name not in known]
        if strange:
            raise ValueError(f"must be among the festivals, not {strange[0]}")
        if self.feedback_open_days < self.feedback_days:
            raise ValueError("must take feedback (feedback_open_days) as long as it is awaited")
        return self

    @cached_property
    def by_occasion(self) -> dict[str, tuple[Plan, ...]]:
        """The plans of each occasion, in order."""
        found: dict[str, tuple[Plan, ...]] = {}
        for plan in self.plans if self.enabled else ():
            found[plan.occasion] = (*found.get(plan.occasion, ()), plan)
        return found

    @cached_property
    def calendar(self) -> FestivalDays:
        """The days of the festivals."""
        return FestivalDays(self.festivals)

    @cached_property
    def kept_festivals(self) -> frozenset[str]:
        """The festivals that a plan is for: of several on one day the first of these counts."""
        plans = self.by_occasion.get("holiday", ())
        if any(not plan.festivals for plan in plans):
            return frozenset(each.name for each in self.festivals)
        return frozenset(name for plan in plans for name in plan.festivals)

    @cached_property
    def sex_of(self) -> dict[str, str]:
        """Whose festival each is that is not everybody's."""
        return {each.name: each.sex for each in self.festivals if each.sex}

    @cached_property
    def begins_ms(self) -> int:
        """From when in a local day tasks are made, in milliseconds."""
        return minutes_of(self.at) * MS_PER_MINUTE

    @cached_property
    def silent_ms(self) -> int:
        """After which silence there is no more care by the calendar, in milliseconds."""
        return round(self.silent_days * MS_PER_DAY)

    @cached_property
    def expire_ms(self) -> int:
        """How long after it was due what other rules propose expires, in milliseconds."""
        return round(self.expire_days * MS_PER_DAY)

    @cached_property
    def feedback_ms(self) -> int:
        """How long feedback is awaited, in milliseconds."""
        return round(self.feedback_days * MS_PER_DAY)

    @cached_property
    def feedback_open_ms(self) -> int:
        """How long feedback is taken, in milliseconds."""
        return round(self.feedback_open_days * MS_PER_DAY)

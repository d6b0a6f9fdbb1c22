"""Business time: as a walker counts it that asks of each minute whether the bank is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel.business_time import BusinessTime
from domain.policy import Policy
from domain.policy.calendar import BusinessCalendar
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task, after_start

ZONES = (
    "Asia/Shanghai", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
    "Africa/Casablanca", "Asia/Kathmandu",
)  # fmt: skip
# Days on or near which some zone's clocks change; Samoa had no 30 December 2011.
TURNS = ("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01",
         "2011-12-30", "2026-02-15", "2026-03-22", "2026-07-01")  # fmt: skip


def at(text: str) -> int:
    """Milliseconds of a UTC time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


def walk(
    start: int, minutes: int, zone: str, hours: tuple[int, int], works: Callable[[date], bool]
) -> int:
    """When so many open minutes are over, asking minute by minute."""
    opens, closes = hours
    now, wall = start, ZoneInfo(zone)
    while minutes:
        local = datetime.fromtimestamp(now / 1_000, wall)
        if works(local.date()) and opens <= local.hour * 60 + local.minute < closes:
            minutes -= 1
        now += MINUTE
    return now


@settings(deadline=None, max_examples=150)
@given(
    zone=st.sampled_from(ZONES),
    start=st.builds(
        lambda turn, offset: at(turn) + offset * MINUTE,
        st.sampled_from(TURNS),
        st.integers(-3 * 24 * 60, 24 * 60),
    ),
    hours=st.tuples(st.integers(0, 1_439), st.integers(1, 1_440)).filter(lambda h: h[0] < h[1]),
    days=st.sets(st.integers(0, 6), min_size=1),
    minutes=st.integers(0, 2_000),
)
def test_business_time_is_what_a_walker_counts(
    zone: str, start: int, hours: tuple[int, int], days: set[int], minutes: int
) -> None:
    opens, closes = hours
    minutes = min(minutes, 4 * (closes - opens))

    def works(day: date) -> bool:
        return day.weekday() in days

    found = BusinessTime(ZoneInfo(zone), opens, closes, works).after(start, minutes * MINUTE)
    assert found == walk(start, minutes, zone, hours, works)


def test_a_night_shift_has_an_hour_less_in_spring_and_one_more_in_autumn() -> None:
    shift = BusinessTime(ZoneInfo("Europe/Paris"), 0, 6 * 60, lambda day: True)
    spring, autumn = at("2026-03-28T23:00"), at("2026-10-24T22:00")
    assert shift.after(spring, 6 * HOUR) - spring == 24 * HOUR
    assert shift.after(spring, 5 * HOUR) - spring == 5 * HOUR
    assert shift.after(autumn, 7 * HOUR) - autumn == 7 * HOUR


def test_time_to_the_millisecond_is_kept() -> None:
    office = BusinessTime(ZoneInfo("UTC"), 540, 1_020, lambda day: True)
    assert office.after(START + 10 * HOUR + 7, 5) == START + 10 * HOUR + 12
    assert office.after(START + 17 * HOUR - 3, 5) == START + DAY + 9 * HOUR + 2


@given(start=st.integers(0, 30 * DAY), one=st.integers(0, 40 * DAY), two=st.integers(0, 40 * DAY))
def test_a_longer_promise_is_never_due_earlier(start: int, one: int, two: int) -> None:
    calendar = BusinessCalendar(enabled=True)
    short, long = sorted((one, two))
    assert calendar.due(START + start, short) <= calendar.due(START + start, long)


def test_public_holidays_and_the_weekends_worked_instead_come_from_the_library() -> None:
    calendar = BusinessCalendar(enabled=True, country="CN", time_zone="Asia/Shanghai")
    works = calendar._works()
    # Spring Festival 2026: 15-23 February off, Saturdays 14 and 28 February worked.
    assert [works(date(2026, 2, day)) for day in (13, 14, 15, 16, 23, 24, 28)] == [
        True, True, False, False, False, True, True,
    ]  # fmt: skip
    # Opened on Friday the 13th an hour before closing: Saturday is a working day.
    assert calendar.due(at("2026-02-13T08:00"), 2 * HOUR) == at("2026-02-14T02:00")


def test_a_subdivision_has_holidays_of_its_own() -> None:
    bavaria = BusinessCalendar(enabled=True, country="DE", subdivision="BY")._works()
    germany = BusinessCalendar(enabled=True, country="DE")._works()
    epiphany = date(2026, 1, 6)
    assert (bavaria(epiphany), germany(epiphany)) == (False, True)


def test_dates_given_go_before_everything_else() -> None:
    works = BusinessCalendar(
        enabled=True,
        country="CN",
        holidays=(date(2026, 3, 4),),
        working_dates=(date(2026, 10, 1), date(2026, 3, 7)),
    )._works()
    assert [works(day) for day in (date(2026, 3, 4), date(2026, 3, 5))] == [False, True]
    assert works(date(2026, 10, 1))
    assert works(date(2026, 3, 7))


@pytest.mark.parametrize(
    ("given_", "must"),
    [
        ({"closes": "09:00"}, "later than opens"),
        ({"time_zone": "Mars/Olympus_Mons"}, "IANA time zone"),
        ({"country": "XX"}, "Country XX not available"),
        ({"subdivision": "BY"}, "beside its country"),
        ({"country": "DE", "subdivision": "ZZ"}, "subdivision ZZ"),
        ({"holidays": ["2026-01-01"], "working_dates": ["2026-01-01"]}, "among holidays"),
        ({"working_days": []}, "at least 1 item"),
        ({"opens": "24:00"}, "pattern"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(given_: dict[str, object], must: str) -> None:
    with pytest.raises(ValidationError, match=must):
        BusinessCalendar.model_validate(given_)


# -- complaints ---------------------------------------------------------------------------

OFFICE = Policy.model_validate(
    {"complaints": {"calendar": {"enabled": True, "time_zone": "Europe/Paris"}}}
)


def levels(task: Task) -> list[tuple[int | None, int]]:
    """(level, when due in ms after START) of the escalations."""
    return [(each.level, after_start(each)) for each in task.alerts("complaint_escalated")]


def office_minutes(start: int, minutes: int) -> int:
    """When so many minutes of the office are over, in ms after START."""
    found = walk(
        START + start, minutes, "Europe/Paris", (540, 1_020), lambda day: day.weekday() < 5
    )
    return found - START


def test_promises_count_business_time_and_the_regulator_calendar_days() -> None:
    # START is a Monday; opened on Friday at 16:00 in Paris.
    opened = 4 * DAY + 15 * HOUR
    task = Task(OFFICE).take(Events().complaint(opened, "opened")).until(60 * DAY)
    day = 8 * 60
    assert levels(task) == [
        (1, office_minutes(opened, day)),
        # 15 working days are 21 days, but the regulator does not wait longer than 15.
        (2, opened + 15 * DAY),
        (3, opened + 15 * DAY),
    ]


def test_a_vip_has_an_hour_of_the_office_and_a_working_day() -> None:
    make = Events()
    opened = 27 * DAY - 2 * HOUR  # a Saturday night before summer time begins
    task = Task(OFFICE).take(make.transaction(0, 500_000.0), make.complaint(opened, "opened"))
    assert task.alerts("vip_complaint")[0].reason.endswith("within 1 h of business time.")
    task.until(60 * DAY)
    assert levels(task) == [
        (1, office_minutes(opened, 60)),
        (2, office_minutes(opened, 8 * 60)),
        (3, opened + 15 * DAY),
    ]


def test_a_rise_of_tier_shortens_a_promise_in_business_time_too() -> None:
    make = Events()
    opened, risen = 9 * HOUR, 30 * HOUR
    task = Task(OFFICE).take(make.complaint(opened, "opened"), make.transaction(risen, 500_000.0))
    task.until(60 * DAY)
    opening = 32 * HOUR  # 09:00 in Paris: nobody is there at 07:00
    assert levels(task) == [
        (1, opening),
        (2, max(opening, office_minutes(opened, 480))),
        (3, opened + 15 * DAY),
    ]

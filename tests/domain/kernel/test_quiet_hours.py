"""Quiet hours and consent: as a walker finds it that asks of each minute what the clock shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.quiet_hours import quiet_until
from domain.policy import Policy
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task, after_start, ms_of
from tests.domain.kernel.test_business_time import TURNS, ZONES, at

KEY = 250_000.0
EVENING = 13 * HOUR  # 21:00 in Shanghai


def walk(start: int, hours: tuple[int, int], zone: str) -> int | None:
    """The first minute from ``start`` on at which the clock shows no quiet hour."""
    begin, end = hours
    wall, now = ZoneInfo(zone), start
    while True:
        local = datetime.fromtimestamp(now / 1_000, wall)
        minute = local.hour * 60 + local.minute
        over_midnight = begin > end and (minute >= begin or minute < end)
        if not (over_midnight or begin <= minute < end):
            return None if now == start else now
        now += MINUTE


@settings(deadline=None, max_examples=200)
@given(
    zone=st.sampled_from(ZONES),
    start=st.builds(
        lambda turn, offset: at(turn) + offset * MINUTE,
        st.sampled_from(TURNS),
        st.integers(-24 * 60, 24 * 60),
    ),
    hours=st.tuples(st.integers(0, 1_439), st.integers(0, 1_439)),
)
def test_quiet_hours_end_when_a_walker_says(zone: str, start: int, hours: tuple[int, int]) -> None:
    assert quiet_until(start, *hours, ZoneInfo(zone)) == walk(start, hours, zone)


def test_the_night_clocks_go_forward_is_an_hour_shorter() -> None:
    def hours(night: str) -> float:
        start = round(datetime.fromisoformat(night).replace(tzinfo=UTC).timestamp() * 1_000)
        until = quiet_until(start, 22 * 60, 7 * 60, ZoneInfo("Europe/Paris"))
        assert until is not None
        return (until - start) / HOUR

    assert hours("2026-03-27T21:00") == 9
    assert hours("2026-03-28T21:00") == 8
    assert hours("2026-10-24T20:00") == 10


# -- the alert that waits -----------------------------------------------------------------


def consenting(make: Events, policy: Policy | None = None, **profile: Any) -> Task:
    """A key customer who consents to sms."""
    fields: dict[str, Any] = {"consent": {"sms": True, "email": False}} | profile
    task = Task(policy or Policy(), reload_always=True)
    return task.take(make.transaction(0, KEY), make.profile(0, **fields))


def offers(task: Task) -> list[int]:
    """When each offer window was raised, in ms after START."""
    return [ms_of(a.raised_at) - START for a in task.alerts("offer_window")]


def test_a_click_by_day_opens_the_window_at_once() -> None:
    make = Events()
    task = consenting(make).take(make.campaign(2 * HOUR, "clicked"))
    [alert] = task.alerts("offer_window")
    assert offers(task) == [2 * HOUR]
    assert alert.reason == "A key customer clicked campaign m-1 by sms and has not bought yet."


def test_a_click_at_night_waits_until_the_customers_own_morning() -> None:
    make = Events()
    task = consenting(make).take(make.campaign(EVENING + HOUR, "clicked"))
    assert offers(task) == []
    task.until(DAY - MINUTE).reload()
    assert offers(task) == []
    # 08:00 in Shanghai, the policy's zone
    task.until(3 * DAY)
    [alert] = task.alerts("offer_window")
    assert offers(task) == [3 * DAY]
    assert after_start(alert) == EVENING + HOUR
    assert task.customer.core.desk_due == 0
    assert alert.cause == ("e-00003",)


@pytest.mark.parametrize(
    ("profile", "due"),
    [
        ({"time_zone": "America/New_York"}, 2 * HOUR + 11 * HOUR),  # 21:00 there, until 08:00
        ({"time_zone": "America/New_York", "quiet_hours": ("22:00", "06:30")}, 2 * HOUR),
        ({"time_zone": "Europe/Berlin", "quiet_hours": ("20:00", "04:00")}, 3 * HOUR),
        ({"time_zone": "america/NEW_york"}, 2 * HOUR + 11 * HOUR),
        ({"quiet_hours": ("09:59", "10:30")}, 150 * MINUTE),
    ],
)
def test_hours_and_zone_are_the_profiles_own(profile: dict[str, Any], due: int) -> None:
    make = Events()
    hours = profile.pop("quiet_hours", None)
    if isinstance(hours, tuple):
        profile["quiet_hours"] = {"start": hours[0], "end": hours[1]}
    task = consenting(make, **profile).take(make.campaign(2 * HOUR, "clicked"))
    for now in range(2 * HOUR, 2 * DAY, 15 * MINUTE):
        task.until(now)
    assert offers(task) == [due]


def test_a_zone_that_nobody_knows_and_an_earlier_version_took_gives_way_to_the_policys() -> None:
    make = Events()
    task = consenting(make, quiet_hours={"start": "09:59", "end": "10:30"})
    at, event_id, _ = task.customer.file.fields.get("time_zone", (0, "e-0", None))
    task.customer.file.fields["time_zone"] = (at, event_id, "Mars/Crater")
    task.take(make.campaign(2 * HOUR, "clicked"))
    for now in range(2 * HOUR, DAY, 15 * MINUTE):
        task.until(now)
    assert offers(task) == [150 * MINUTE]


def test_a_policy_without_quiet_hours_waits_only_for_those_who_have_some() -> None:
    policy = Policy.model_validate({"alerts": {"quiet_hours": None}})
    make = Events()
    click = make.campaign(EVENING + HOUR, "clicked")
    assert offers(consenting(make, policy).take(click)) == [EVENING + HOUR]


def test_the_window_closes_at_a_conversion_or_an_opt_out_meanwhile() -> None:
    for action in ("converted", "opted_out"):
        make = Events()
        task = consenting(make).take(
            make.campaign(EVENING, "clicked"), make.campaign(EVENING + HOUR, action)
        )
        assert task.customer.core.desk_due == 0
        assert offers(task.until(3 * DAY)) == []
    make = Events()
    other = make.campaign(EVENING + HOUR, "converted", campaign_id="m-2")
    task = consenting(make).take(make.campaign(EVENING, "clicked"), other)
    assert offers(task.until(DAY)) == [DAY]


def test_quiet_hours_set_meanwhile_are_respected_too() -> None:
    make = Events()
    task = consenting(make).take(
        make.campaign(EVENING, "clicked"),
        make.profile(EVENING + HOUR, quiet_hours={"start": "20:00", "end": "10:00"}),
    )
    assert offers(task.until(DAY)) == []
    assert offers(task.until(DAY + 2 * HOUR)) == [DAY + 2 * HOUR]


def test_without_consent_to_the_channel_nothing_is_raised() -> None:
    make = Events()
    task = consenting(make).take(
        make.campaign(2 * HOUR, "clicked", channel="email"),
        make.campaign(3 * HOUR, "clicked", channel="wechat"),
    )
    assert task.alerts() == []
    assert task.figures()["suppressed_alerts"] == 0
    nobody = Task().take(make.transaction(0, KEY), make.campaign(2 * HOUR, "clicked"))
    assert nobody.alerts() == []


def test_lower_tiers_have_no_offer_window_and_a_day_has_one() -> None:
    make = Events()
    task = consenting(make).take(
        *(make.campaign(n * HOUR, "clicked", campaign_id=f"m-{n}") for n in range(1, 5)),
        make.campaign(DAY + 2 * HOUR, "clicked", campaign_id="m-9"),
    )
    assert offers(task) == [HOUR, DAY + 2 * HOUR]
    assert task.figures()["suppressed_alerts"] == 3
    poor = Task().take(make.profile(0, consent={"sms": True}), make.campaign(2 * HOUR, "clicked"))
    assert poor.alerts() == []


def test_what_waits_is_bounded() -> None:
    make = Events()
    task = consenting(make)
    task.take(
        *(make.campaign(EVENING + n * MINUTE, "clicked", campaign_id=f"m-{n}") for n in range(20))
    )
    assert len(task.customer.desk.held) == 8
    assert task.figures()["suppressed_alerts"] == 12
    assert offers(task.until(DAY)) == [DAY]
    assert task.alerts("offer_window")[0].customer_id == CUSTOMER
    assert task.figures()["suppressed_alerts"] == 19

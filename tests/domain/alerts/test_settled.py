"""What is settled is not raised again; and nothing is while the bank is closed, by a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.fields import milliseconds
from tests.domain.alerts.test_desk import CALM, VIP, desk, raised, urgent
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task, after_start
from tests.domain.test_order_of_arrival import THOROUGH


def step(minute: int, status: str) -> TouchpointBase:
    """A step of the complaint, so many minutes after its alert."""
    return Events().complaint(HOUR + minute * MINUTE, status, severity=5, event_id=f"s-{minute}")


@pytest.mark.parametrize("status", ["resolved", "withdrawn"])
@pytest.mark.parametrize(
    ("minute", "levels"), [(5, []), (9, []), (11, [2]), (19, [2]), (21, [2, 3])]
)
def test_a_complaint_that_is_settled_is_told_of_no_more(
    status: str, minute: int, levels: list[int]
) -> None:
    task = urgent().take(step(minute, status), Events().click(HOUR + 30 * MINUTE)).until(DAY)
    assert [level for level, _ in raised(task)] == levels
    assert not any(each.due for each in task.customer.desk.open)


def test_one_that_is_acknowledged_is_not_settled() -> None:
    task = urgent().take(step(5, "acknowledged")).until(DAY)
    assert raised(task) == [(2, 10), (3, 20)]


def test_a_complaint_reopened_has_an_alert_of_its_own_and_the_first_stays_settled() -> None:
    task = urgent().take(step(4, "resolved"), step(6, "reopened")).until(DAY)
    first, second = task.alerts("vip_complaint")
    assert first.alert_id != second.alert_id
    assert [(each.raises_again, after_start(each)) for each in task.again()] == [
        (second.alert_id, HOUR + 16 * MINUTE),
        (second.alert_id, HOUR + 26 * MINUTE),
    ]


def test_a_snooze_of_what_is_settled_wakes_nothing() -> None:
    task = urgent().take(step(5, "resolved")).until(HOUR + 12 * MINUTE)
    task.take(desk(15 * MINUTE, "snoozed", until=40 * MINUTE)).until(DAY)
    assert raised(task) == []
    assert not any(each.due for each in task.customer.desk.open)


def test_an_escalation_of_a_complaint_resolved_meanwhile_is_not_raised_again() -> None:
    rules = {"vip_complaint": {"enabled": False, "action": "none"}}
    policy = Policy.model_validate({"alerts": {"rules": rules}})
    make = Events()
    task = Task(policy, reload_always=True).take(
        make.transaction(0, VIP), make.complaint(0, "opened", severity=5)
    )
    task.take(make.complaint(HOUR + 5 * MINUTE, "resolved")).until(30 * DAY)
    [escalated] = task.alerts("complaint_escalated")
    assert (escalated.level, escalated.priority) == (1, 1)
    assert [each for each in task.again() if each.kind == "complaint_escalated"] == []


def test_another_complaint_settles_nothing() -> None:
    other = Events().complaint(HOUR + 5 * MINUTE, "resolved", complaint_id="k-2", event_id="o")
    assert raised(urgent().take(other).until(DAY)) == [(2, 10), (3, 20)]


def test_a_broken_promise_is_settled_by_a_late_callback() -> None:
    # two broken promises are an outrage: of a key customer, with a high risk, that is urgent
    def broken(*late: TouchpointBase) -> Task:
        make = Events()
        task = Task(CALM, reload_always=True).take(
            make.transaction(0, VIP),
            make.contact(HOUR, 0.0, "unresolved", contact_id="s-1"),
            make.contact(HOUR + MINUTE, 0.0, "unresolved", contact_id="s-2"),
        )
        task.until(2 * HOUR + MINUTE).take(*late).until(3 * HOUR)
        assert [each.priority for each in task.alerts("promise_broken")] == [2, 1]
        return task

    def called(contact: str, event_id: str) -> TouchpointBase:
        at = 2 * HOUR + 5 * MINUTE
        make = Events()
        return make.feedback(at, "callback_done", contact_id=contact, event_id=event_id)

    urgent_kinds = [each.kind for each in broken().again()]
    assert urgent_kinds.count("promise_broken") == 2
    assert not [e for e in broken(called("s-2", "c")).again() if e.kind == "promise_broken"]
    other = [e for e in broken(called("s-1", "c")).again() if e.kind == "promise_broken"]
    assert len(other) == 2


# -- the business calendar ----------------------------------------------------------------

PARIS = ZoneInfo("Europe/Paris")


def in_office(minutes: float) -> Policy:
    """Alerts wait so many minutes, a working day at most, of an office in Paris, nine to five."""
    return Policy.model_validate(
        {
            "complaints": {"calendar": {"enabled": True, "time_zone": "Europe/Paris"}},
            "alerts": CALM.model_dump()["alerts"] | {"acknowledge_minutes": minutes},
        }
    )


def is_open(at: datetime) -> bool:
    local = at.astimezone(PARIS)
    return local.weekday() < 5 and 9 <= local.hour < 17


def walked(since: datetime, minutes: int) -> datetime:
    """The end of so many minutes of the office, by looking at each minute."""
    now, left = since, minutes
    while left:
        left -= is_open(now)
        now += timedelta(minutes=1)
    return now


def utc(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text)) - START


def test_an_alert_of_friday_evening_comes_again_on_monday_morning() -> None:
    friday = utc("2026-03-06T16:55+01:00")
    task = urgent(in_office(10), at=friday).until(friday + 5 * DAY)
    first, second = task.again()
    assert after_start(first) == utc("2026-03-09T09:05+01:00")
    assert after_start(second) == utc("2026-03-09T09:15+01:00")
    assert first.reason.startswith(
        "Nobody acknowledged an alert of priority 1 within 10 min of business time: raised again"
    )
    assert first.figures == {"waited_seconds": (after_start(first) - friday) / 1_000}


def test_a_snooze_that_ends_at_night_ends_when_the_bank_opens() -> None:
    at = utc("2026-03-04T16:00+01:00")
    snooze = Events().desk(
        at + MINUTE, urgent(in_office(10), at=at).alerts("vip_complaint")[0].alert_id, "snoozed",
        until=utc("2026-03-05T02:00+01:00"), event_id="d",
    )  # fmt: skip
    task = urgent(in_office(10), at=at).take(snooze).until(at + 3 * DAY)
    assert [after_start(each) for each in task.again()] == [
        utc("2026-03-05T09:00+01:00"),
        utc("2026-03-05T09:10+01:00"),
    ]


@settings(THOROUGH, max_examples=60)
@given(st.integers(0, 60 * 24 * 30), st.integers(1, 480))
def test_what_comes_again_does_so_after_minutes_of_the_office(start: int, minutes: int) -> None:
    at = start * MINUTE + HOUR
    task = urgent(in_office(minutes), at=at, reload_always=False).until(at + 12 * DAY)
    begun = datetime.fromtimestamp((START + at) / 1_000, UTC)
    first = walked(begun, minutes)
    due = [milliseconds(each) - START for each in (first, walked(first, minutes))]
    expected: list[Any] = [each for each in due if each <= at + 12 * DAY]
    assert [after_start(each) for each in task.again()] == expected


def test_a_promise_of_the_calendar_is_said_as_what_it_is() -> None:
    hours = {"standard": 48, "prospect": 48, "key": 48, "vip": 48, "private": 48}
    policy = Policy.model_validate(
        {"complaints": {"acknowledge_hours": hours, "calendar": {"enabled": True}}}
    )
    make = Events()
    # from Monday 10:00 in Shanghai until Wednesday 10:00
    at = utc("2026-03-02T10:00+08:00")
    task = Task(policy).take(make.transaction(0, VIP), make.complaint(at, "opened"))
    assert task.alerts("vip_complaint")[0].reason.endswith("acknowledged within 2 working days.")
    task.until(at + 4 * DAY)
    levels = [(each.level, after_start(each)) for each in task.alerts("complaint_escalated")]
    assert (1, utc("2026-03-04T10:00+08:00")) in levels

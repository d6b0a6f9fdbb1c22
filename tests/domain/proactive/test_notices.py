"""Told before the customer complains: app errors of a day, unresolved contacts of 7 days."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import dispatch as rules
from domain.customer.state import HEALTH, LETTERS, Customer
from domain.policy import Policy
from domain.proactive.notices import MAX_CONTACTS
from schemas.cases import TouchpointBase
from schemas.moves import CustomerMove
from schemas.outputs import CareTask
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task, after_start

# START is a Monday, 2026-03-02T00:00Z: in Asia/Shanghai the next day begins at 16:00Z
EVENING = 16 * HOUR


def error(make: Events, at: int, **fields: Any) -> TouchpointBase:
    return make.click(at, "error", **fields)


def unresolved(make: Events, at: int, **fields: Any) -> TouchpointBase:
    return make.contact(at, 30.0, "unresolved", **fields)


def told(task: Task) -> list[int]:
    """When notices were given, in ms after START."""
    return [after_start(alert) for alert in task.alerts("service_failing")]


def tasks(task: Task) -> list[CareTask]:
    found = [each for each in task.outputs if isinstance(each, CareTask)]
    return [each for each in found if each.occasion == "service_notice"]


def peaking(begins: str, ends: str, **lines: int) -> Policy:
    peak = {"name": "spring", "begins": begins, "ends": ends}
    return Policy.model_validate({"proactive": {"peaks": [peak], "peak_lines": lines}})


def test_the_third_app_error_of_a_day_is_told_once() -> None:
    make = Events()
    task = Task().take(make.profile(0, owner_id="m-7", consent={"sms": True, "email": True}))
    task.take(*(error(make, hour * HOUR) for hour in (1, 2, 3, 4, 5)))
    (alert,) = task.alerts("service_failing")
    assert (after_start(alert), alert.owner_id, alert.figures) == (3 * HOUR, "m-7", {"errors": 3.0})
    assert alert.reason == "3 app errors on 2026-03-02; the line is 3."
    (notice,) = tasks(task)
    assert (notice.channel, notice.means, notice.owner_id) == ("sms", "message", "m-7")
    assert notice.due_at == "2026-03-02T04:00:00.000Z"
    assert notice.reason == alert.reason and notice.cause == alert.cause


def test_days_are_those_of_the_policys_zone() -> None:
    make = Events()
    apart = Task().take(*(error(make, EVENING + minutes * MINUTE) for minutes in (-2, -1, 1, 2)))
    assert told(apart) == []
    assert told(apart.take(error(make, EVENING + 3 * MINUTE))) == [EVENING + 3 * MINUTE]
    utc = Policy.model_validate({"proactive": {"time_zone": "UTC"}})
    assert told(Task(utc).take(*(error(make, hour * HOUR) for hour in (15, 17, 23)))) == [23 * HOUR]


def test_the_next_day_is_told_anew() -> None:
    make = Events()
    task = Task().take(*(error(make, day * DAY + n * HOUR) for day in (0, 1) for n in range(4)))
    assert told(task) == [2 * HOUR, DAY + 2 * HOUR]


def test_without_consent_the_owner_alone_is_told_at_any_hour() -> None:
    make = Events()
    night = 14 * HOUR  # 22:00 of the customer
    refusing = Task().take(make.profile(0, consent={"sms": False}))
    refusing.take(*(error(make, night + n) for n in range(3)))
    assert told(refusing) == [night + 2] and not tasks(refusing)
    taken_back = Task().take(make.profile(0, consent={"sms": True}))
    taken_back.take(make.campaign(HOUR, "opted_out", channel="sms"))
    taken_back.take(*(error(make, night + n) for n in range(3)))
    assert told(taken_back) == [night + 2] and not tasks(taken_back)
    agreed = Task().take(make.profile(0, consent={"wechat": True}))
    assert [
        each.channel for each in tasks(agreed.take(*(error(make, night) for _ in range(3))))
    ] == ["wechat"]


def test_two_unresolved_contacts_within_seven_days_are_told() -> None:
    make = Events()
    within = Task().take(unresolved(make, 0), unresolved(make, 7 * DAY - 1))
    (alert,) = within.alerts("service_failing")
    assert alert.figures == {"contacts": 2.0}
    assert alert.reason == "2 unresolved contacts within 7 days; the line is 2."
    assert told(Task().take(unresolved(make, 0), unresolved(make, 7 * DAY))) == []
    abandoned = make.contact(HOUR, 30.0, "abandoned")
    assert told(Task().take(unresolved(make, 0), abandoned)) == []


def test_of_many_contacts_one_notice_is_given_in_seven_days() -> None:
    make = Events()
    task = Task().take(*(unresolved(make, day * DAY) for day in range(10)))
    assert told(task) == [DAY, 8 * DAY]


def test_what_is_more_than_a_day_late_counts_and_is_not_told() -> None:
    make = Events()
    task = Task().take(make.survey(3 * DAY, "csat", 5.0))
    task.take(*(error(make, n) for n in range(3)))
    task.take(*(unresolved(make, HOUR + n) for n in range(2)))
    assert told(task) == [] and not tasks(task)
    found = task.exported().health
    assert (found.errors, found.failed_contacts) == (3, 2)


def test_lines_are_tighter_in_a_peak_and_what_was_counted_before_counts_on() -> None:
    make = Events()
    policy = peaking("03-03", "03-04", errors_per_day=2, unresolved_contacts=2)
    task = Task(policy).take(error(make, 0), error(make, HOUR))
    assert told(task) == []
    task.take(error(make, DAY), error(make, DAY + HOUR))
    (alert,) = task.alerts("service_failing")
    assert alert.reason == "2 app errors on 2026-03-03; the line in the spring peak is 2."
    # one contact before the peak, one in it
    both = Task(policy).take(unresolved(make, 0), unresolved(make, DAY))
    assert told(both) == [DAY]
    tight = peaking("03-03", "03-04", errors_per_day=2, unresolved_contacts=1)
    first = Task(tight).take(unresolved(make, 0))
    assert told(first) == []
    assert told(first.take(unresolved(make, DAY), unresolved(make, 2 * DAY))) == [DAY]
    # two before it are over the line of the peak: the next one is told all the same
    three = Policy.model_validate(
        tight.model_dump() | {"proactive": {**tight.proactive.model_dump(), "lines": {
            "errors_per_day": 3, "unresolved_contacts": 3}}}
    )  # fmt: skip
    task = Task(three).take(unresolved(make, 0), unresolved(make, HOUR), unresolved(make, DAY))
    assert [alert.figures for alert in task.alerts("service_failing")] == [{"contacts": 3.0}]


def test_a_burst_of_ten_thousand_errors_is_told_once_and_stays_linear() -> None:
    def lasts(errors: int) -> tuple[float, Task]:
        make = Events()
        events = [error(make, n * 100) for n in range(errors)]
        task, began = Task(), process_time()
        for event in events:
            task.take(event)
        return process_time() - began, task

    short, _ = lasts(2_500)
    long, task = lasts(10_000)
    assert told(task) == [200]
    assert task.exported().health.errors == 10_000
    assert task.customer.health.days.keys() == {20_514}
    assert long < 10 * short, "four times the events take about four times as long"


def test_contacts_and_days_that_are_kept_are_bounded() -> None:
    make = Events()
    task = Task()
    for day in range(100):
        task.take(error(make, day * DAY), unresolved(make, day * DAY))
    health = task.customer.health
    assert len(health.days) <= 31 and len(health.told) <= 4
    task.take(*(unresolved(make, 100 * DAY + n) for n in range(200)))
    assert len(health.unresolved) == MAX_CONTACTS


@st.composite
def troubles(draw: st.DrawFn, days: int = 12) -> tuple[list[TouchpointBase], list[TouchpointBase]]:
    """Errors and contacts in order of time, and in an order in which none is over a day late."""
    make, made = Events(), []
    for _ in range(draw(st.integers(1, 16))):
        at = draw(st.integers(0, days * 24)) * HOUR
        event = error(make, at) if draw(st.booleans()) else unresolved(make, at)
        made.append((at, draw(st.integers(0, DAY)), event))
    in_order = [event for _, _, event in sorted(made, key=lambda each: each[0])]
    arriving = [event for _, _, event in sorted(made, key=lambda each: each[0] + each[1])]
    return in_order, arriving


LINES = st.sampled_from((Policy(), peaking("03-06", "03-09", unresolved_contacts=1)))


@settings(deadline=None, max_examples=100)
@given(troubles(), LINES)
def test_as_many_notices_are_given_in_any_order_within_a_day(
    orders: tuple[list[TouchpointBase], list[TouchpointBase]], policy: Policy
) -> None:
    first, second = (Task(policy).take(*order) for order in orders)
    assert len(told(first)) == len(told(second))
    mine, theirs = first.customer.health, second.customer.health
    assert (mine.days, mine.told) == (theirs.days, theirs.told)
    # what no notice can count any more is forgotten with the next contact
    since = first.customer.core.newest - 8 * DAY
    counted, again = ([at for at in one.unresolved if at > since] for one in (mine, theirs))
    assert counted == again
    assert first.exported().health == second.exported().health


@settings(deadline=None, max_examples=50)
@given(troubles(days=1))
def test_a_notice_of_a_day_is_what_counting_by_hand_says(
    orders: tuple[list[TouchpointBase], list[TouchpointBase]],
) -> None:
    events, arriving = orders
    contacts = sum(event.type == "service_contact" for event in events)  # type: ignore[attr-defined]
    by_day = [0, 0]
    for event in events:
        if event.type == "app_click":  # type: ignore[attr-defined]
            at = round(event.occurred_at.timestamp() * 1_000) - START
            by_day[at >= EVENING] += 1
    expected = (contacts >= 2) + sum(errors >= 3 for errors in by_day)
    assert len(told(Task().take(*arriving))) == expected


def merged(one: Task, other: Task, at: int) -> Task:
    """``one`` merged into ``other``."""
    event = Events().profile(at, event_id="merge", merged_into="bob")
    one.take(event)
    (move,) = (each for each in one.outputs if isinstance(each, CustomerMove))
    other.customer.customer_id = "bob"
    other.outputs += rules.take_move(other.customer, move, other.ctx).outputs
    return other


@pytest.mark.parametrize("split", [0, 1, 2, 3])
def test_two_ids_of_one_person_are_told_once(split: int) -> None:
    make = Events()
    events = [error(make, n * HOUR) for n in range(3)]
    one, other = Task().take(make.survey(0, "csat", 5.0), *events[:split]), Task()
    other.customer = Customer.new("bob")
    other.take(*(event.model_copy(update={"customer_id": "bob"}) for event in events[split:]))
    both = merged(one, other, 4 * HOUR)
    assert len(told(one)) + len(told(both)) == 1
    assert both.exported().health.errors == 3


def test_an_erasure_forgets_the_record() -> None:
    make = Events()
    task = Task().take(*(error(make, n) for n in range(3)), unresolved(make, HOUR))
    task.save()
    assert LETTERS[HEALTH] + CUSTOMER.encode() in task.records
    task.take(make.profile(2 * HOUR, erase=True))
    task.save()
    assert not task.records
    task.take(error(make, 3 * HOUR))
    assert task.exported().health.errors == 1 and len(told(task)) == 1

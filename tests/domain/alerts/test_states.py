"""States of alerts: one of each, told when it changes, whatever order things come in."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts.ids import first_id
from domain.assembly.replanning import replan
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.outputs import AlertState
from tests.domain.alerts.test_desk import CALM, FIRST, OPENED, SECOND_ID, VIP, large, urgent
from tests.domain.bank import (
    CUSTOMER,
    DAY,
    HOUR,
    MINUTE,
    START,
    Events,
    Task,
    after_start,
    ms_of,
)
from tests.domain.test_order_of_arrival import THOROUGH

BROKEN = first_id("promise_broken", CUSTOMER, "left")


def act(
    at: int, action: str, alert_id: str = FIRST, *, by: str = "m-1", **fields: Any
) -> TouchpointBase:
    """An action about the alert of `urgent`, so many ms after it."""
    if "until" in fields:
        fields["until"] = HOUR + fields["until"]
    event_id = fields.pop("event_id", f"d-{at}-{action}-{by}")
    return Events().desk(HOUR + at, alert_id, action, by=by, event_id=event_id, **fields)


def only(task: Task) -> AlertState:
    """The state of the one alert there is of this complaint."""
    return task.states()[FIRST]


def since(state: AlertState) -> int:
    """Minutes after the alert since which it has its status."""
    return (ms_of(state.changed_at) - START - HOUR) // MINUTE


def shown(state: AlertState) -> tuple[Any, ...]:
    """What people have done of it."""
    return state.status, since(state), state.by, state.note, state.assignee


# -- worked by hand -----------------------------------------------------------------------


def test_an_alert_that_came_out_is_open_and_says_all_that_the_alert_does() -> None:
    task = urgent()
    [alert] = task.alerts("vip_complaint")
    state = only(task)
    same = (
        "alert_id", "kind", "customer_id", "tier", "owner_id", "segment", "priority",
        "priority_reason", "occurred_at", "raised_at", "complaint_id", "cause",
        "suggested_action", "reason", "late",
    )  # fmt: skip
    for name in same:
        assert getattr(state, name) == getattr(alert, name), name
    assert (state.status, state.level, state.newest_id) == ("open", 1, FIRST)
    assert (state.changed_at, state.by, state.note) == (alert.raised_at, None, None)
    assert state.due_at is not None
    assert ms_of(state.due_at) - START == HOUR + 10 * MINUTE


def test_raised_again_it_has_the_new_level_and_id_and_the_time_of_the_next() -> None:
    task = urgent().until(HOUR + 10 * MINUTE)
    state = only(task)
    assert (state.level, state.newest_id) == (2, SECOND_ID)
    assert state.due_at is not None
    assert ms_of(state.due_at) - START == HOUR + 20 * MINUTE
    last = only(task.until(HOUR + 20 * MINUTE))
    assert (last.level, last.due_at, last.status, since(last)) == (3, None, "open", 0)


def test_a_day_at_the_desk() -> None:
    task = urgent()
    steps: list[tuple[TouchpointBase, tuple[Any, ...]]] = [
        (act(MINUTE, "assigned", assign_to="m-7"), ("open", 0, None, None, "m-7")),
        (
            act(2 * MINUTE, "snoozed", by="m-7", until=30 * MINUTE, note="in a meeting"),
            ("snoozed", 2, "m-7", "in a meeting", "m-7"),
        ),
        (
            act(5 * MINUTE, "acknowledged", by="m-7"),
            ("acknowledged", 5, "m-7", "in a meeting", "m-7"),
        ),
        (
            act(6 * MINUTE, "noted", by="m-8", note="called"),
            ("acknowledged", 5, "m-7", "called", "m-7"),
        ),
        (act(7 * MINUTE, "resolved", by="m-8"), ("resolved", 7, "m-8", "called", "m-7")),
        (act(8 * MINUTE, "acknowledged", by="m-9"), ("resolved", 7, "m-8", "called", "m-7")),
        (act(9 * MINUTE, "reopened", by="m-9"), ("open", 9, "m-9", "called", "m-7")),
        (act(9 * MINUTE + 1, "assigned", assign_to=""), ("open", 9, "m-9", "called", None)),
    ]  # fmt: skip
    for event, expected in steps:
        assert shown(only(task.take(event))) == expected
    # reopened, it is told again ten minutes later
    due = only(task).due_at
    assert due is not None
    assert ms_of(due) - START == HOUR + 19 * MINUTE
    again = task.until(HOUR + 19 * MINUTE).again()
    assert [(each.level, after_start(each)) for each in again] == [(2, HOUR + 19 * MINUTE)]


def test_a_snooze_ends_by_itself_and_what_was_before_it_is_there_again() -> None:
    task = urgent().take(act(MINUTE, "acknowledged"), act(2 * MINUTE, "snoozed", until=9 * MINUTE))
    state = only(task)
    assert (state.status, since(state), state.due_at) == ("snoozed", 2, None)
    assert state.until is not None
    assert ms_of(state.until) - START == HOUR + 9 * MINUTE
    after = only(task.until(HOUR + 9 * MINUTE))
    assert (after.status, since(after), after.until) == ("acknowledged", 9, None)


def test_snoozed_and_nothing_else_it_comes_again_when_the_snooze_ends() -> None:
    task = urgent().take(act(MINUTE, "snoozed", until=60 * MINUTE))
    assert only(task).due_at == only(task).until
    state = only(task.until(HOUR + 60 * MINUTE))
    assert (state.status, state.level, since(state)) == ("open", 2, 60)


def test_one_of_a_lower_priority_wakes_up_too() -> None:
    make = Events()
    task = Task(CALM, reload_always=True).take(make.transaction(0, VIP))
    event, alert_id = large(HOUR, 1)
    task.take(event, make.desk(2 * HOUR, alert_id, "snoozed", until=5 * HOUR, event_id="s"))
    assert task.states()[alert_id].status == "snoozed"
    state = task.until(5 * HOUR).states()[alert_id]
    assert (state.status, state.due_at, ms_of(state.changed_at) - START) == ("open", None, 5 * HOUR)


@pytest.mark.parametrize("status", ["resolved", "withdrawn"])
def test_it_is_settled_with_its_complaint_and_open_again_where_that_was_judged_wrongly(
    status: str,
) -> None:
    make = Events()
    task = urgent().take(make.complaint(HOUR + 5 * MINUTE, status, event_id="end"))
    state = only(task)
    assert (state.status, since(state), state.by, state.due_at) == ("settled", 5, None, None)
    # that step came before the complaint was opened anew: the wait that this alert is of went on
    late = make.complaint(HOUR + 5 * MINUTE - 1, "opened", severity=5, event_id="again")
    before = make.complaint(HOUR - 1, "withdrawn", event_id="odd")
    assert only(urgent().take(late, before)).status == "open"


def test_a_person_s_word_goes_before_what_settled_it_and_a_reopening_after() -> None:
    make = Events()
    end = make.complaint(HOUR + 5 * MINUTE, "resolved", event_id="end")
    for order in itertools.permutations((end, act(3 * MINUTE, "resolved", by="m-2"))):
        assert shown(only(urgent().take(*order)))[:3] == ("resolved", 3, "m-2")
    for order in itertools.permutations((end, act(6 * MINUTE, "reopened", by="m-2"))):
        assert shown(only(urgent().take(*order)))[:3] == ("open", 6, "m-2")
    for order in itertools.permutations((end, act(4 * MINUTE, "reopened", by="m-2"))):
        assert shown(only(urgent().take(*order)))[:3] == ("settled", 5, None)
    # reopened after it was settled, it wants somebody again
    task = urgent().take(end, act(6 * MINUTE, "reopened", by="m-2")).until(HOUR + 16 * MINUTE)
    assert [each.level for each in task.again()] == [2]


@pytest.mark.parametrize("days", [0, 2, 4])
def test_a_broken_promise_is_settled_by_its_callback_however_late(days: int) -> None:
    make = Events()
    contact = make.contact(HOUR, 0, "unresolved", contact_id="s-9", event_id="left")
    task = Task(CALM, reload_always=True).take(make.transaction(0, VIP), contact).until(3 * HOUR)
    [alert] = task.alerts("promise_broken")
    assert task.states()[alert.alert_id].status == "open"
    task.take(make.feedback(5 * HOUR, "callback_done", contact_id="other"))
    assert task.states()[alert.alert_id].status == "open"
    at = days * DAY + 6 * HOUR
    task.take(make.transaction(at - 1, VIP), make.feedback(at, "callback_done", contact_id="s-9"))
    state = task.states()[alert.alert_id]
    assert (state.status, ms_of(state.changed_at) - START) == ("settled", at)
    # and stays so when the promise itself is known no longer
    task.take(make.transaction(at + 2 * DAY, VIP), make.profile(at + 2 * DAY, owner_id="m-1"))
    assert task.states()[alert.alert_id].status == "settled"


def test_a_broken_promise_reopened_is_settled_by_another_callback_after_that() -> None:
    make = Events()
    contact = make.contact(0, 0, "unresolved", contact_id="s-9", callback_by=HOUR, event_id="left")
    first = make.feedback(HOUR + 5 * MINUTE, "callback_done", contact_id="s-9")
    again = act(7 * MINUTE, "reopened", BROKEN, by="m-2")
    second = make.feedback(HOUR + 9 * MINUTE, "callback_done", contact_id="s-9")
    for order in itertools.permutations((contact, first, again, second)):
        task = Task(CALM, reload_always=True).take(make.transaction(0, VIP)).until(2 * HOUR)
        assert shown(task.take(*order).until(2 * HOUR).states()[BROKEN])[:3] == ("settled", 9, None)
    task = Task(CALM, reload_always=True).take(make.transaction(0, VIP), contact, first)
    assert since(task.states()[BROKEN]) == 5
    assert shown(task.take(again).states()[BROKEN])[:3] == ("open", 7, "m-2")
    # once the promise itself is known no longer too
    late = make.feedback(3 * DAY, "callback_done", contact_id="s-9")
    task.take(make.transaction(3 * DAY - 1, VIP), late)
    state = task.states()[BROKEN]
    assert (state.status, ms_of(state.changed_at) - START) == ("settled", 3 * DAY)


def test_a_state_follows_who_owns_the_customer_and_the_customer_s_tier() -> None:
    make = Events()
    task = urgent().take(make.profile(2 * HOUR, owner_id="m-4"))
    assert only(task).owner_id == "m-4"
    task.take(make.transaction(3 * HOUR, 9_000_000.0))
    assert only(task).tier == "private"


def test_nothing_is_told_that_is_known() -> None:
    task = urgent().until(2 * HOUR)
    make = Events()
    before = len(task.outputs)
    task.take(
        make.click(2 * HOUR),
        make.transaction(2 * HOUR, VIP),
        make.profile(2 * HOUR, region="Zhejiang"),
        make.survey(2 * HOUR, "csat", 5),
        make.campaign(2 * HOUR, "opted_out"),
    )
    assert not [each for each in task.outputs[before:] if isinstance(each, AlertState)]


# -- how long -----------------------------------------------------------------------------


def test_a_closed_alert_is_told_for_as_long_as_the_policy_says_and_leaves_no_words() -> None:
    days = {"alerts": {**CALM.model_dump(mode="json")["alerts"], "state_days": 2, "open_days": 30}}
    task = urgent(Policy.model_validate(days)).take(act(MINUTE, "resolved", note="done"))
    task.until(HOUR + MINUTE + 2 * DAY - 1)
    assert only(task).note == "done"
    task.until(HOUR + MINUTE + 2 * DAY)
    assert FIRST not in task.states()
    [opened] = [each for each in task.customer.desk.open if each.number.hex() == FIRST]
    assert (opened.reason, opened.cause, opened.note[2]) == ("", (), "")
    # somebody who still has it before them reopens it
    state = only(task.take(act(3 * DAY, "reopened")))
    assert (state.status, state.reason) == ("open", "What this alert said is not kept any more.")


def test_an_open_one_goes_a_day_after_it_can_be_acted_on() -> None:
    task = urgent().until(HOUR + 20 * MINUTE + 8 * DAY - 1)
    assert only(task).level == 3
    task.until(HOUR + 20 * MINUTE + 8 * DAY)
    assert FIRST not in task.states()
    assert task.customer.core.desk_due == 0


def test_what_is_told_no_more_is_not_told_again_by_another_policy() -> None:
    task = urgent().until(HOUR + 20 * MINUTE + 8 * DAY)
    assert FIRST not in task.states()
    alerts = {**CALM.model_dump(mode="json")["alerts"], "state_days": 2}
    policy = Policy.model_validate({"alerts": alerts})
    before = len(task.outputs)
    replan(task.customer, policy)
    task.ctx.policy = policy
    task.until(HOUR + 20 * MINUTE + 8 * DAY + 1)
    assert task.outputs[before:] == []


def test_what_is_forgotten_for_newer_ones_leaves_no_state() -> None:
    task = Task(CALM, reload_always=True)
    ids = []
    for n in range(40):
        event, alert_id = large(n * MINUTE, n)
        ids.append(alert_id)
        task.take(event)
    assert list(task.states()) == ids[-32:]


def test_an_erased_customer_has_no_state_left() -> None:
    task = urgent(reload_always=False)
    task.take(*(large(HOUR + n, n)[0] for n in range(3)))
    assert {FIRST, *(large(0, n)[1] for n in range(3))} <= task.states().keys()
    task.take(Events().profile(2 * HOUR, erase=True, event_id="x"))
    assert task.states() == {}


# -- whatever the order -------------------------------------------------------------------

WHO = st.sampled_from(("m-1", "m-2", "m-3"))
ACTS = st.sampled_from(
    ("acknowledged", "resolved", "snoozed", "reopened", "assigned", "noted", "settle", "unsettle")
)


@st.composite
def stories(draw: st.DrawFn, alert_id: str = FIRST) -> list[TouchpointBase]:
    """What was done about an alert within a day, and what settled it.

    Its complaint is resolved and reopened; of the broken promise there are callbacks.
    """
    make = Events()
    events: list[TouchpointBase] = []
    for number in range(draw(st.integers(0, 8))):
        at, action = draw(st.integers(0, 6)) * 3 * HOUR, draw(ACTS)
        event_id = f"d-{draw(st.integers(0, 9))}-{number}"
        fields: dict[str, Any]
        if action in ("settle", "unsettle"):
            status = "resolved" if action == "settle" else "reopened"
            if alert_id == BROKEN:
                fields = {"contact_id": "s-9", "event_id": event_id}
                events.append(make.feedback(HOUR + at, "callback_done", **fields))
                continue
            events.append(make.complaint(HOUR + at, status, event_id=event_id))
            continue
        fields = {"event_id": event_id, "by": draw(WHO)}
        if action == "snoozed":
            fields["until"] = at + draw(st.integers(0, 40)) * HOUR
        if action == "assigned":
            fields["assign_to"] = draw(WHO | st.just(""))
        if action == "noted" or draw(st.booleans()):
            fields["note"] = f"note {number}"
        fields["microseconds"] = draw(st.sampled_from((0, 0, 7)))
        events.append(act(at, action, alert_id, **fields))
    return events


def told(events: list[TouchpointBase], alert_id: str = FIRST) -> dict[str, Any]:
    """How the alert stands at the end, without what hangs on when it was worked out."""
    task = Task(CALM, reload_always=True)
    task.take(Events().transaction(0, VIP, event_id="e-money"))
    task.ctx.now = START + 24 * HOUR  # all of it comes late, and in any order
    task.take(*events)
    state = task.until(25 * HOUR).states().get(alert_id)
    assert state is not None
    return {
        name: getattr(state, name)
        for name in (
            "status", "by", "note", "assignee", "until", "level", "priority", "newest_id", "due_at",
        )
    } | {"since": state.changed_at if state.status != "open" or state.by else None}  # fmt: skip


@THOROUGH
@given(st.data())
def test_the_state_is_the_same_in_whatever_order_things_come(data: st.DataObject) -> None:
    make = Events()
    opened: TouchpointBase = make.complaint(HOUR, "opened", severity=5, event_id=OPENED)
    events = [opened, *data.draw(stories())]
    assert told(data.draw(st.permutations(events))) == told(events)


@THOROUGH
@given(st.data())
def test_that_of_a_broken_promise_is_the_same_too(data: st.DataObject) -> None:
    opened: TouchpointBase = Events().contact(
        0, 0, "unresolved", contact_id="s-9", callback_by=HOUR, event_id="left"
    )
    events = [opened, *data.draw(stories(BROKEN))]
    assert told(data.draw(st.permutations(events)), BROKEN) == told(events, BROKEN)


# -- what other versions and other ids left ------------------------------------------------


def as_before(task: Task) -> Task:
    """The task with its desk's records as a version wrote them that told no states."""
    task.save()
    [key] = [key for key in task.records if key[:1] == b"o"]
    head, packed = task.records[key][:1], task.records[key][1:]
    desk = msgspec.msgpack.decode(packed)
    desk[0] = [each[:FIELDS_BEFORE] for each in desk[0]]
    for each in desk[0]:
        if each[DONE]:  # its words were needed no longer
            each[REASON], each[EVENTS] = "", []
    desk[1] = [each[:4] for each in desk[1]]
    task.records[key] = head + msgspec.msgpack.encode(desk[:-1])
    task.outputs.clear()
    task.reload()
    return task


FIELDS_BEFORE, DONE, REASON, EVENTS = 13, 8, 10, 11


def test_alerts_that_a_version_before_kept_are_told_when_the_policy_is_another() -> None:
    make = Events()
    task = Task(CALM).take(make.transaction(0, VIP))
    ids = []
    for number, action in enumerate(("acknowledged", "resolved", "snoozed", "")):
        event, alert_id = large(HOUR + number, number)
        ids.append(alert_id)
        task.take(event)
        if action:
            until = 5 * HOUR if action == "snoozed" else None
            task.take(make.desk(2 * HOUR, alert_id, action, until=until, event_id=f"d{number}"))
    _, early = large(0, 9)
    task.take(make.desk(2 * HOUR, early, "acknowledged", event_id="d9"))
    as_before(task)
    assert replan(task.customer, CALM)
    task.until(3 * HOUR)
    told = task.states()
    stands = ["acknowledged", "resolved", "snoozed", "open"]
    assert [told[each].status for each in ids] == stands
    assert [told[each].by for each in ids] == [None] * 4  # which was not kept
    assert told[ids[0]].reason == "What this alert said is not kept any more."
    assert told[ids[3]].reason.startswith("A debit of 200,000.00 CNY ")
    # they are acted on as any other, and what waited for its alert is still there
    task.take(make.desk(3 * HOUR, ids[0], "reopened", event_id="r"), large(2 * HOUR, 9)[0])
    assert task.states()[ids[0]].status == "open"
    assert task.states()[early].status == "acknowledged"
    # once they are told nothing is left to do
    assert not replan(task.customer, CALM)

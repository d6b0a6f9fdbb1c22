"""The desk: an alert that nobody acknowledges comes again; what is done about it counts once."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts.ids import first_id, id_at
from domain.policy import Policy
from schemas.cases import TouchpointBase
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, SECOND, Events, Task, after_start
from tests.domain.test_order_of_arrival import THOROUGH

VIP = 500_000.0
OPENED = "e-opened"
FIRST = first_id("vip_complaint", CUSTOMER, "complaint", OPENED)
SECOND_ID = id_at(bytes.fromhex(FIRST), 2, CUSTOMER)
# No escalation disturbs, nor anything that depends on more than one event.
CALM = Policy.model_validate(
    {
        "alerts": {
            "rules": {
                "complaint_escalated": {"enabled": False, "action": "none"},
                "vip_dissatisfied": {"enabled": False, "action": "none"},
                "vip_churn_risk": {"enabled": False, "action": "none"},
            },
            "cap_per_customer_and_day": 1_000,
        }
    }
)


def urgent(policy: Policy = CALM, *, reload_always: bool = True, at: int = HOUR) -> Task:
    """A VIP whose grave complaint raised an alert of priority 1."""
    make = Events()
    task = Task(policy, reload_always=reload_always)
    opened = make.complaint(at, "opened", severity=5, event_id=OPENED)
    task.take(make.transaction(0, VIP, event_id="e-money"), opened)
    [alert] = task.alerts("vip_complaint")
    assert (alert.alert_id, alert.priority) == (FIRST, 1)
    return task


def raised(task: Task) -> list[tuple[int | None, int]]:
    """(level, minutes after the first) of what was raised again."""
    return [(each.level, (after_start(each) - HOUR) // MINUTE) for each in task.again()]


def desk(at: int, action: str, alert_id: str = FIRST, until: int | None = None) -> TouchpointBase:
    """An action ``at`` so many ms after the alert."""
    until = None if until is None else HOUR + until
    event_id = f"d-{at}-{action}-{alert_id[:4]}"
    return Events().desk(HOUR + at, alert_id, action, until=until, event_id=event_id)


# -- raised again -------------------------------------------------------------------------


def test_nobody_acknowledges_so_it_comes_again_at_two_levels_and_then_no_more() -> None:
    task = urgent().until(HOUR + 10 * MINUTE - 1)
    assert task.again() == []
    task.until(HOUR + 10 * MINUTE).reload()
    task.until(3 * DAY)
    assert raised(task) == [(2, 10), (3, 20)]
    first, second = task.again()
    assert (first.alert_id, first.raises_again) == (SECOND_ID, FIRST)
    assert second.raises_again == FIRST
    assert len({FIRST, first.alert_id, second.alert_id}) == 3
    assert (first.kind, first.priority, first.complaint_id) == ("vip_complaint", 1, "k-1")
    assert first.cause == (OPENED,)
    assert first.reason == (
        "Nobody acknowledged an alert of priority 1 within 10 min: raised again at level 2."
        " A vip customer opened a complaint of severity 5 about fees; it is to be acknowledged"
        " within 1 h."
    )
    assert second.reason.startswith("Nobody acknowledged an alert of priority 1 within 20 min:")
    assert second.figures == {"waited_seconds": 1_200.0}
    assert not any(each.due for each in task.customer.desk.open)
    # words are kept only as long as they may be needed
    task.until(HOUR + 20 * MINUTE + 8 * DAY)
    assert [(each.reason, each.cause) for each in task.customer.desk.open if each.reason] == []
    assert task.customer.core.desk_due == 0


def test_levels_that_fell_due_while_nobody_ran_come_once_each_in_ascending_order() -> None:
    task = urgent().until(2 * DAY)
    assert raised(task) == [(2, 10), (3, 20)]


@pytest.mark.parametrize("action", ["acknowledged", "resolved"])
@pytest.mark.parametrize(
    ("at", "levels"),
    [(0, []), (10 * MINUTE - 1, []), (10 * MINUTE, [2]), (15 * MINUTE, [2]), (20 * MINUTE, [2, 3])],
)
def test_an_action_ends_it_unless_it_comes_at_the_due_time_or_later(
    action: str, at: int, levels: list[int]
) -> None:
    task = urgent().take(desk(at, action)).until(DAY)
    assert [level for level, _ in raised(task)] == levels
    assert task.figures()["desk_unmatched"] == 0


def test_it_may_be_acknowledged_by_the_id_it_came_again_under() -> None:
    task = urgent().take(desk(12 * MINUTE, "acknowledged", SECOND_ID)).until(DAY)
    assert raised(task) == [(2, 10)]
    assert task.figures()["alerts_acknowledged"] == 1
    assert task.figures()["desk_unmatched"] == 0


def test_reopened_at_the_top_it_comes_once_more_each_time_as_far_as_there_are_levels() -> None:
    task = urgent().take(desk(25 * MINUTE, "reopened")).until(HOUR + 39 * MINUTE)
    assert raised(task) == [(2, 10), (3, 20), (4, 35)]
    fourth = task.again()[-1].alert_id
    task.take(desk(40 * MINUTE, "acknowledged", fourth), desk(50 * MINUTE, "reopened", fourth))
    assert raised(task.until(3 * HOUR)) == [(2, 10), (3, 20), (4, 35), (5, 60)]
    for n in range(3, 10):
        task.take(desk(n * HOUR, "reopened"))
    levels = [(level, n * 60 + 10) for level, n in ((6, 3), (7, 4), (8, 5), (9, 6))]
    assert raised(task.until(DAY)) == [(2, 10), (3, 20), (4, 35), (5, 60), *levels]
    assert len({FIRST, *(each.alert_id for each in task.again())}) == 9
    assert task.figures()["desk_unmatched"] == 0


def test_a_snooze_puts_it_off_and_the_one_made_last_counts() -> None:
    snoozed = urgent().take(desk(MINUTE, "snoozed", until=60 * MINUTE)).until(DAY)
    assert raised(snoozed) == [(2, 60), (3, 70)]
    again = (
        desk(MINUTE, "snoozed", until=300 * MINUTE),
        desk(2 * MINUTE, "snoozed", until=30 * MINUTE),
    )
    for order in (again, again[::-1]):
        assert raised(urgent().take(*order).until(DAY)) == [(2, 30), (3, 40)]
    short = urgent().take(desk(MINUTE, "snoozed", until=5 * MINUTE)).until(DAY)
    assert raised(short) == [(2, 10), (3, 20)]
    later = urgent().take(desk(15 * MINUTE, "snoozed", until=90 * MINUTE)).until(DAY)
    assert raised(later) == [(2, 10), (3, 90)]


def test_a_snooze_cannot_be_for_ever() -> None:
    task = urgent().take(desk(MINUTE, "snoozed", until=400 * DAY)).until(30 * DAY)
    assert raised(task)[0] == (2, 1 + 72 * 60)


def test_an_action_before_its_alert_is_known_counts_too() -> None:
    make = Events()
    task = Task(CALM, reload_always=True).take(
        make.transaction(0, VIP, event_id="e-money"),
        desk(5 * MINUTE, "acknowledged"),
    )
    assert task.figures()["desk_unmatched"] == 1
    task.take(make.complaint(HOUR, "opened", severity=5, event_id=OPENED)).until(DAY)
    assert task.again() == []
    figures = task.figures()
    assert (figures["desk_unmatched"], figures["alerts_acknowledged"]) == (0, 1)


def test_an_alert_of_a_lower_priority_is_not_raised_again() -> None:
    make = Events()
    task = Task(CALM).take(make.transaction(0, VIP), make.complaint(HOUR, "opened", severity=3))
    assert task.alerts("vip_complaint")[0].priority == 2
    assert task.until(DAY).again() == []


def test_an_escalation_goes_on_from_its_own_level() -> None:
    make = Events()
    rules = {"vip_complaint": {"enabled": False, "action": "none"}}
    policy = Policy.model_validate({"alerts": {"rules": rules}})
    task = Task(policy, reload_always=True).take(
        make.transaction(0, VIP), make.complaint(0, "opened", severity=5)
    )
    task.until(HOUR + 5 * MINUTE).until(DAY + 5 * MINUTE)
    task.until(15 * DAY + 5 * MINUTE).until(30 * DAY)
    found = [each for each in task.again() if each.kind == "complaint_escalated"]
    assert [(each.level, after_start(each)) for each in found] == [
        (2, HOUR + 15 * MINUTE),
        (3, HOUR + 25 * MINUTE),
        (3, DAY + 15 * MINUTE),
    ]
    levels = [(each.level, each.alert_id) for each in task.alerts("complaint_escalated")]
    assert [level for level, _ in levels] == [1, 2, 3]
    assert len({*(id_ for _, id_ in levels), *(each.alert_id for each in found)}) == 6


def test_an_erased_customer_has_no_alert_left() -> None:
    task = urgent(reload_always=False).take(
        Events().profile(HOUR + MINUTE, erase=True, event_id="x")
    )
    assert task.customer.next_due is None
    assert task.until(DAY).again() == []


# -- bounds -------------------------------------------------------------------------------


def large(at: int, number: int) -> tuple[TouchpointBase, str]:
    """A large payment and the id of its alert."""
    event_id = f"p-{number:03d}"
    made = Events().transaction(at, amount=200_000.0, event_id=event_id)
    return made, first_id("large_transaction", CUSTOMER, "transaction", event_id)


def test_at_most_32_alerts_are_kept_resolved_ones_leave_first_the_oldest_are_counted() -> None:
    task = Task(CALM, reload_always=True)
    ids = []
    for n in range(32):
        event, alert_id = large(n * MINUTE, n)
        ids.append(alert_id)
        task.take(event)
    assert task.figures()["alerts_open"] == 32
    make = Events()
    task.take(
        make.desk(HOUR, ids[20], "resolved", event_id="d-1"),
        make.desk(HOUR, ids[21], "acknowledged", event_id="d-2"),
    )
    for n in range(32, 36):
        task.take(large(2 * HOUR + n, n)[0])
    figures = task.figures()
    assert len(task.customer.desk.open) == 32
    assert (figures["alerts_open"], figures["alerts_acknowledged"]) == (32, 0)
    assert figures["alerts_forgotten"] == 2
    task.take(make.desk(3 * HOUR, ids[0], "resolved", event_id="d-3"))
    assert task.figures()["desk_unmatched"] == 1


def test_what_is_settled_is_not_open_and_leaves_before_what_is() -> None:
    make = Events()
    task = Task(CALM, reload_always=True).take(make.transaction(0, VIP, event_id="e-money"))
    first, first_large = large(MINUTE, 0)
    task.take(first, make.complaint(HOUR, "opened", severity=5, event_id=OPENED))
    assert {first_large, FIRST} <= task.states().keys()
    opened = task.figures()["alerts_open"]
    task.take(make.complaint(HOUR + MINUTE, "resolved", event_id="end"))
    assert task.figures()["alerts_open"] == opened - 1
    for n in range(1, 33 - len(task.customer.desk.open) + 1):
        task.take(large(2 * HOUR + n, n)[0])
    assert len(task.customer.desk.open) == 32
    assert FIRST not in task.states()
    assert first_large in task.states()
    figures = task.figures()
    assert (figures["alerts_open"], figures["alerts_forgotten"]) == (32, 0)
    # nor is it one that nobody acted on in time
    task = urgent().take(make.complaint(HOUR + MINUTE, "resolved", event_id="end"))
    others = len(task.customer.desk.open) - 1
    figures = task.figures(8 * DAY)
    assert (figures["alerts_open"], figures["alerts_forgotten"]) == (0, others)


def test_actions_without_an_alert_are_counted_once_and_stay_bounded() -> None:
    task = Task(CALM, reload_always=True)
    make = Events()
    for n in range(50):
        task.take(make.desk(n * SECOND, f"{n:032x}", "acknowledged"))
    task.take(make.desk(MINUTE, "not one of ours", "resolved"))
    assert len(task.customer.desk.early) == 32
    assert task.figures()["desk_unmatched"] == 51
    task.take(make.desk(3 * DAY, "f" * 32, "resolved"))
    assert len(task.customer.desk.early) == 1
    assert task.figures()["desk_unmatched"] == 52
    assert set(task.statuses) == {"accepted"}


def test_an_alert_is_open_for_seven_days() -> None:
    event, alert_id = large(0, 1)
    task = Task(CALM).take(event)
    assert task.figures(7 * DAY - 1)["alerts_open"] == 1
    figures = task.figures(7 * DAY)
    assert (figures["alerts_open"], figures["alerts_forgotten"]) == (0, 1)
    make = Events()
    task.take(make.click(8 * DAY), make.desk(8 * DAY, alert_id, "resolved"))
    assert task.figures()["desk_unmatched"] == 1
    task.take(large(9 * DAY, 2)[0])
    assert len(task.customer.desk.open) == 1
    figures = task.figures()
    assert (figures["alerts_open"], figures["alerts_forgotten"]) == (1, 1)


# -- any order ----------------------------------------------------------------------------


@st.composite
def work(draw: st.DrawFn) -> list[TouchpointBase]:
    """Payments of 23 hours, and actions on their alerts and on unknown ones; in order of time."""
    made: list[tuple[int, TouchpointBase]] = []
    ids = [f"{n:032x}" for n in range(2)]
    for n in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, 23 * 60)) * MINUTE
        event, alert_id = large(at, n)
        ids.append(alert_id)
        made.append((at, event))
    for n in range(draw(st.integers(0, 10))):
        at = draw(st.integers(0, 23 * 60)) * MINUTE
        action = draw(st.sampled_from(("acknowledged", "resolved", "snoozed")))
        which = draw(st.sampled_from(ids))
        until = at + HOUR if action == "snoozed" else None
        event_id = f"d-{n}"
        made.append((at, Events().desk(at, which, action, until=until, event_id=event_id)))
    return [event for _, event in sorted(made, key=lambda each: each[0])]


def standing(events: list[Any]) -> dict[str, int]:
    """What the desk must have found, by plain loops over all events."""
    alerts = {
        first_id("large_transaction", CUSTOMER, "transaction", each.event_id)
        for each in events
        if each.type == "transaction"
    }
    actions = [each for each in events if each.type == "desk"]
    resolved = {each.alert_id for each in actions if each.action == "resolved"} & alerts
    acknowledged = {each.alert_id for each in actions if each.action == "acknowledged"} & alerts
    return {
        "alerts_open": len(alerts - resolved - acknowledged),
        "alerts_acknowledged": len(acknowledged - resolved),
        "alerts_forgotten": 0,
        "desk_unmatched": sum(each.alert_id not in alerts for each in actions),
    }


@THOROUGH
@given(st.data())
def test_whatever_the_order_the_desk_stands_where_plain_loops_say(data: st.DataObject) -> None:
    events = data.draw(work())
    order = data.draw(st.permutations(events))
    reload_always = data.draw(st.booleans())
    task = Task(CALM, reload_always=reload_always).take(*order).until(2 * DAY)
    figures = task.figures()
    expected = standing(events)
    assert {name: figures[name] for name in expected} == expected


class Done(NamedTuple):
    """An action so many minutes after the alert."""

    minute: int
    action: str
    until: int


@st.composite
def actions(draw: st.DrawFn) -> list[Done]:
    """Actions within two hours, each at a minute of its own, in order."""
    minutes = draw(st.lists(st.integers(0, 120), max_size=6, unique=True))
    kinds = st.sampled_from(("snoozed", "snoozed", "acknowledged", "resolved", "reopened"))
    return [
        Done(minute, draw(kinds), minute + draw(st.integers(0, 90))) for minute in sorted(minutes)
    ]


def walked(done: list[Done]) -> list[tuple[int, int]]:
    """(level, minute) of what is raised again, minute by minute."""
    level, since, until, acted, begun = 1, 0, 0, False, 0
    found: list[tuple[int, int]] = []
    for minute in range(600):
        # what happens at the due time is too late; a shorter snooze may make it due now
        for each in (None, *(each for each in done if each.minute == minute)):
            if each is not None and each.action == "reopened":
                acted, until, begun = False, 0, minute
            elif each is not None:
                acted = acted or each.action != "snoozed"
                until = each.until if each.action == "snoozed" else until
            more = level < 3 or (level < 9 and since <= begun)
            if not acted and more and minute >= max(since + 10, begun + 10, until):
                level, since = level + 1, minute
                found.append((level, minute))
    return found


@THOROUGH
@given(actions(), st.booleans())
def test_what_comes_again_is_what_a_walker_sees(done: list[Done], reload_always: bool) -> None:
    task = urgent(reload_always=reload_always)
    for each in done:
        until = each.until * MINUTE if each.action == "snoozed" else None
        task.take(desk(each.minute * MINUTE, each.action, until=until))
    task.until(HOUR + 600 * MINUTE)
    assert raised(task) == walked(done)
    assert len({each.alert_id for each in task.again()}) == len(task.again())


def test_what_was_raised_again_before_is_found_under_the_id_it_was_raised_by() -> None:
    # as every version has made it, for an alert with this id
    assert id_at(bytes.fromhex("00" * 15 + "ff"), 2, CUSTOMER) == "9e7273e1542bd717a8b974883ce7d766"

"""Service recovery: an apology for each cause, compensation where a promise was broken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.fields import milliseconds
from schemas.outputs import CareTask
from schemas.touchpoints import Care
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task, after_start, ms_of
from tests.domain.test_order_of_arrival import PATIENT, THOROUGH, agree, arrivals, stable


def tasks(task: Task, occasion: str = "apology") -> list[CareTask]:
    """The tasks of an occasion that were proposed so far."""
    return task.proposed(occasion)


def keys(task: Task) -> list[tuple[str, int]]:
    """What was apologised for, and when it happened."""
    return [(each.text_key, after_start(each)) for each in tasks(task)]


def poor(task: Task) -> bool | None:
    """Whether the first impression was poor."""
    told: bool | None = task.figures()["experience"]["poor_first_impression"]
    return told


def test_a_wait_over_the_line_owes_an_apology_by_the_owner() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, owner_id="m-1"),
        make.transaction(0, 500_000.0, direction="credit"),
        make.contact(HOUR, 600.0),
        make.contact(2 * HOUR, 601.0),
    )
    [made] = tasks(task)
    assert (made.owner_id, made.tier, made.means, made.budget) == ("m-1", "vip", "apology call", 0)
    assert (made.text_key, made.cause, made.state) == (
        "care.apology.wait",
        ("e-00004",),
        "proposed",
    )
    assert (after_start(made), ms_of(made.due_at)) == (2 * HOUR, START + 2 * HOUR + DAY)
    assert made.reason == "A vip customer waited 601 s; the line is 600 s."


def test_a_broken_promise_owes_an_apology_and_a_compensation_once() -> None:
    make = Events()
    task = Task(reload_always=True).take(
        make.transaction(0, 150_000.0, direction="credit"),
        make.contact(HOUR, 0, "unresolved", contact_id="s-7", callback_by=3 * HOUR),
    )
    assert tasks(task.until(3 * HOUR - 1)) == []
    task.until(90 * DAY)
    [made], [paid] = tasks(task), tasks(task, "compensation")
    assert keys(task) == [("care.apology.promise", 3 * HOUR)]
    assert made.reason == (
        "The callback promised to a prospect customer after contact s-7 was not made."
    )
    assert paid.budget == 50 + 1 * 10  # a prospect's base, and one day begun
    assert (paid.means, paid.text_key) == ("account credit", "care.compensation")
    assert ms_of(paid.due_at) == START + 3 * HOUR + 3 * DAY
    assert paid.reason == (
        "The callback promised to a prospect customer after contact s-7 was not made: 50.00 + 1 x"
        " 10.00 a day begun, at most 500.00, makes 60.00 CNY."
    )
    assert made.cause == paid.cause == ("e-00002",)


def test_a_promise_that_was_kept_owes_nothing() -> None:
    make = Events()
    task = Task().take(
        make.contact(HOUR, 0, "unresolved", contact_id="s-7"),
        make.feedback(HOUR + MINUTE, "callback_done", contact_id="s-7"),
    )
    assert tasks(task.until(DAY)) == tasks(task, "compensation") == []


@pytest.mark.parametrize("days", [0, 3, 7])
def test_a_poor_moment_within_seven_days_spoils_the_first_impression_once(days: int) -> None:
    make = Events()
    task = Task().take(
        make.transaction(0),
        make.survey(days * DAY, "csat", 2.0),  # 2.5 of 10
        make.survey(days * DAY + 1, "nps", 0.0),
    )
    assert keys(task) == [("care.apology.first_purchase", days * DAY)]
    assert poor(task) is True
    assert tasks(task)[0].reason == (
        "A moment below 3 within 7 days of the first purchase spoilt the first impression of a"
        " standard customer; to repair it costs 25% to 50% more."
    )


def test_later_or_better_moments_or_those_of_later_purchases_spoil_nothing() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0),
        make.survey(DAY, "nps", 3.0),
        make.click(DAY, "error"),  # 3.0 by the policy
        make.transaction(7 * DAY),
        make.survey(7 * DAY + 1, "csat", 1.0),
    )
    assert keys(task) == []
    assert poor(task) is False
    assert poor(Task().take(make.survey(0, "csat", 1.0))) is None


@pytest.mark.parametrize(
    ("severity", "spoilt"),
    [(2, False), (3, True), (5, True)],  # a complaint begins at 5 - severity
)
def test_a_grave_complaint_spoils_the_first_impression(severity: int, spoilt: bool) -> None:
    make = Events()
    task = Task().take(make.transaction(0), make.complaint(DAY, "opened", severity=severity))
    assert poor(task) is spoilt
    assert len(tasks(task)) == spoilt


def test_poor_care_and_contacts_that_end_badly_do_so_too() -> None:
    make = Events()
    bought, ended = make.transaction(0), make.contact(DAY, 0, "abandoned")
    care = Care(
        event_id="c-1", customer_id="alice", occurred_at=ended.occurred_at, channel="other",
        task_id="ab", action="feedback", score=2.0,
    )  # fmt: skip
    for event in (ended, care):
        assert keys(Task().take(bought, event)) == [("care.apology.first_purchase", DAY)]


def test_what_has_an_apology_of_its_own_gets_no_second_one_for_the_first_purchase() -> None:
    make = Events()
    task = Task().take(make.transaction(0), make.contact(DAY, 1_000.0, "abandoned"))
    assert keys(task) == [("care.apology.wait", DAY)]
    assert poor(task) is True
    task.take(make.survey(2 * DAY, "csat", 1.0))
    assert keys(task)[1:] == [("care.apology.first_purchase", 2 * DAY)]


def test_a_broken_promise_spoils_it_too_and_a_late_callback_undoes_that() -> None:
    make = Events()
    task = Task().take(make.transaction(0), make.contact(DAY, 0, "unresolved", contact_id="s-1"))
    assert keys(task) == [("care.apology.first_purchase", DAY)]  # unresolved is 2.0
    quiet = Policy.model_validate({"satisfaction": {"scores": {"contact_unresolved": 5}}})
    for late in (False, True):
        task = Task(quiet).take(
            make.transaction(0), make.contact(DAY, 0, "unresolved", contact_id="s-1")
        )
        assert poor(task.until(DAY + 2 * HOUR)) is True
        if late:
            task.take(make.feedback(DAY + MINUTE, "callback_done", contact_id="s-1"))
        task.take(make.click(9 * DAY))
        assert poor(task) is not late
        assert keys(task) == [("care.apology.promise", DAY + HOUR)]


def test_a_purchase_that_comes_late_finds_the_poor_moment() -> None:
    make = Events()
    task = Task().take(make.survey(20 * HOUR, "csat", 1.0), make.transaction(HOUR))
    assert keys(task) == [("care.apology.first_purchase", 20 * HOUR)]
    task = Task().take(make.survey(20 * HOUR, "csat", 1.0), make.transaction(21 * HOUR))
    assert (keys(task), poor(task)) == ([], False)


def test_what_is_more_than_a_day_old_owes_no_apology_but_counts() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0), make.click(3 * DAY), make.contact(DAY, 1_000.0),
        make.survey(DAY, "csat", 1.0),
    )  # fmt: skip
    assert keys(task) == []
    assert poor(task) is True


def test_switched_off_nothing_is_owed() -> None:
    policy = Policy.model_validate({"experience": {"recovery": {"enabled": False}}})
    make = Events()
    task = Task(policy).take(
        make.transaction(0), make.contact(HOUR, 900, "unresolved"), make.survey(HOUR, "csat", 1.0)
    )
    assert tasks(task.until(DAY)) == tasks(task, "compensation") == []


@pytest.mark.parametrize(
    "fault", [{"first_purchase_days": 0.5}, {"repair_costs_more_high": 0.2}, {"poor_below": 11}]
)
def test_rules_that_make_no_sense_are_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"experience": {"recovery": fault}})


def brute(events: list[TouchpointBase], end: int) -> bool | None:
    """Whether the first impression is poor, from all events at once."""
    made: list[Any] = list(events)
    bought = [one for one in made if one.type == "transaction" and one.direction == "debit"]
    if not bought:
        return None
    first = min(ms(one) for one in bought)
    lows = [ms(one) for one in made if low(one)]
    for contact in made:
        if contact.type != "service_contact" or contact.outcome != "unresolved":
            continue
        due = ms(contact) + HOUR
        called = any(
            one.type == "feedback" and one.contact_id == contact.contact_id
            and ms(contact) <= ms(one) < due
            for one in made
        )  # fmt: skip
        if not called and due <= end:
            lows.append(due)
    return any(first <= at <= first + 7 * DAY for at in lows)


def low(event: Any) -> bool:
    """Whether a moment that cannot change any more is below 3."""
    if event.type == "service_contact":
        waited = (1200 - event.wait_seconds) / 1140 * 10
        return bool(event.outcome != "resolved" or waited < 3)
    if event.type == "survey":
        scales = {"csat": (1, 2.5), "nps": (0, 1), "ces": (1, 10 / 6)}
        least, step = scales[event.instrument]
        return bool((event.score - least) * step < 3)
    if event.type == "complaint":
        return bool(event.status in ("opened", "reopened") and (event.severity or 0) >= 3)
    return False


def ms(event: Any) -> int:
    return milliseconds(event.occurred_at)


@PATIENT
@settings(THOROUGH, max_examples=100)
@given(arrivals(hours=24 * 12))
def test_in_any_order_the_first_impression_is_that_of_brute_force(
    events: list[TouchpointBase],
) -> None:
    end = 14 * DAY
    task = Task(reload_always=True).take(*events).until(end)
    assert poor(task) is brute(events, START + end)
    in_order = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    other = Task().take(*in_order).until(end)
    agree(stable(task.figures()), stable(other.figures()))


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(arrivals(), st.integers(0, 3))
def test_no_cause_is_apologised_for_twice(events: list[TouchpointBase], again: int) -> None:
    task = Task(reload_always=True).take(*events, *events[:again]).until(30 * DAY)
    made = [each.task_id for each in task.proposed()]
    assert len(made) == len(set(made))
    assert sum(key == "care.apology.first_purchase" for key, _ in keys(task)) <= 1

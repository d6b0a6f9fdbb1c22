"""Whom to approach with care: worked examples of the four kinds, and their edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain.dispatch import export
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.fields import moment
from schemas.touchpoints import Care
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task
from tests.domain.figured import line_of


def declined(make: Events, at: int, task: int, action: str = "declined") -> Care:
    """What became of a care task, which is named by a number."""
    make.made += 1
    return Care(
        event_id=f"e-{make.made:05d}", customer_id=CUSTOMER, occurred_at=moment(START + at),
        channel="other", task_id=f"{task:032x}", action=action,  # type: ignore[arg-type]
    )  # fmt: skip


def kinds(events: Sequence[TouchpointBase], at: int = 100 * DAY) -> dict[str, dict[str, Any]]:
    """The kinds of who lived through these events in order of time, at ``at`` (ms after START)."""
    task = Task().take(*sorted(events, key=lambda event: event.occurred_at))
    line = line_of(export(task.customer, START + at, Policy()))
    return {each["kind"]: each for each in line["identification"]["approach"]}


def test_one_purchase_after_a_click_and_three_brands_make_a_bargain_hunter() -> None:
    make = Events()
    hunted = [
        make.campaign(0, "clicked"),
        make.transaction(6 * DAY),
        make.survey(7 * DAY, "brands_used", 3),
    ]
    found = kinds(hunted)["bargain_hunter"]
    assert found["reason"] == (
        "The only purchase followed a click on a campaign by 6 d, and 3 brands are in use."
    )
    assert found["measure"] == (
        "Show what the product is worth rather than a lower price: no discount before a second"
        " purchase."
    )
    assert not kinds([*hunted, make.transaction(8 * DAY)])  # a second purchase


@pytest.mark.parametrize(
    ("action", "offered", "is_one"),
    [
        ("clicked", 7 * DAY, True),
        ("clicked", 7 * DAY + 1, False),
        ("clicked", -1, False),  # after the purchase
        ("converted", 0, True),
        ("converted", -DAY, True),  # told a day later
        ("converted", -DAY - 1, False),
        ("converted", 7 * DAY + 1, False),
        ("opened", DAY, False),
    ],
)
def test_an_offer_counts_for_a_week_and_its_conversion_is_told_within_a_day(
    action: str, offered: int, is_one: bool
) -> None:
    make, bought = Events(), 20 * DAY
    brands = make.survey(0, "brands_used", 3)
    events = [brands, make.transaction(bought), make.campaign(bought - offered, action)]
    assert ("bargain_hunter" in kinds(events)) == is_one


def test_two_brands_or_none_known_make_no_bargain_hunter() -> None:
    make = Events()
    events = [make.campaign(0, "converted"), make.transaction(HOUR)]
    assert not kinds(events)
    assert not kinds([*events, make.survey(DAY, "brands_used", 2)])
    assert kinds([*events, make.survey(DAY, "brands_used", 3)])["bargain_hunter"]["reason"] == (
        "The only purchase was made through a campaign, and 3 brands are in use."
    )


def test_an_earlier_purchase_of_unknown_amount_is_a_purchase_too() -> None:
    make = Events()
    events = [
        make.transaction(0, currency="XXX"), make.campaign(DAY, "clicked"),
        make.transaction(2 * DAY), make.survey(3 * DAY, "brands_used", 5),
    ]  # fmt: skip
    assert not kinds(events)


def test_two_tasks_declined_and_no_contact_make_a_self_reliant_customer() -> None:
    make = Events()
    twice = [declined(make, 0, 1), declined(make, DAY, 2)]
    assert kinds(twice)["self_reliant"]["reason"] == (
        "2 care tasks declined, and never a contact for help."
    )
    assert not kinds([declined(make, 0, 1), declined(make, DAY, 1)])  # one task, told twice
    assert not kinds([declined(make, 0, 1), declined(make, DAY, 2, "done")])
    assert not kinds([*twice, make.contact(2 * DAY)])


def test_of_declined_tasks_sixteen_are_told_apart() -> None:
    make = Events()
    task = Task().take(*(declined(make, n * MINUTE, n) for n in range(20)))
    assert len(task.customer.habits.declined) == 16
    assert task.figures()["identification"]["declined_tasks"] == 16


def test_two_waits_given_up_make_an_impatient_customer() -> None:
    make = Events()
    once = [make.contact(0, 300, "abandoned"), make.contact(DAY, 300, "unresolved")]
    assert not kinds(once)
    found = kinds([*once, make.contact(2 * DAY, 10, "abandoned")])["impatient"]
    assert found["reason"] == "2 waits given up."


@pytest.mark.parametrize(("after", "is_one"), [(HOUR, True), (DAY, True), (DAY + 1, False)])
def test_a_complaint_reopened_within_a_day_does_so_too_for_ever(after: int, is_one: bool) -> None:
    make = Events()
    events = [
        make.complaint(0, "opened"),
        make.complaint(HOUR, "acknowledged"),
        make.complaint(2 * HOUR, "resolved"),
        make.complaint(2 * HOUR + after, "reopened"),
        make.complaint(5 * DAY, "resolved"),
    ]
    assert ("impatient" in kinds(events)) == is_one
    # after 40 days the complaint itself is not kept any more
    events += [make.complaint(50 * DAY, "opened", complaint_id="k-2")]
    task = Task().take(*events)
    assert [case.complaint_id for case in task.customer.cases.cases] == ["k-2"]
    assert ("impatient" in kinds(events)) == is_one


def test_margins_below_what_contacts_cost_make_a_loss() -> None:
    make = Events()
    # two contacts by call centre cost 30; the margin is 20
    events = [
        make.transaction(0, margin=20.0), make.contact(DAY), make.contact(2 * DAY),
    ]  # fmt: skip
    found = kinds(events)["loss_making"]
    assert found["reason"] == "The net value is -10.00 CNY."
    assert found["measure"] == "Lower the priority, charge fees for service, or let go."
    assert not kinds([make.transaction(0, margin=30.0), *events[1:]])
    assert not kinds([make.transaction(0), *events[1:]])  # without a margin nobody knows

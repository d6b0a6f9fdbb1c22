"""Whose an alert is: what the desk does about one of another customer is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_128_hexdigest

from domain.alerts.ids import CAUSE_HEX, first_id, id_at, is_of_another
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.customer.parts import Open
from domain.customer.state import Customer
from domain.dispatch import Outcome, apply
from schemas.codec import REASONS
from schemas.fields import milliseconds
from schemas.touchpoints import Desk
from tests.domain.alerts.test_desk import CALM, FIRST, SECOND_ID, desk, urgent
from tests.domain.bank import CUSTOMER, HOUR, MINUTE, Events, Task

SOMEONE = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=64)


def acted(task: Task, event: Desk) -> Outcome:
    return apply(task.customer, event, milliseconds(event.occurred_at), task.ctx)


def of(customer: str) -> str:
    return first_id("vip_complaint", customer, "e-1")


def test_what_is_done_about_another_customers_alert_is_refused_and_changes_nothing() -> None:
    task = urgent()
    before = task.figures()
    event = Events().desk(2 * HOUR, of("bob"), "acknowledged", event_id="d-1")
    outcome = acted(task, event)
    assert (outcome.status, outcome.reason) == ("rejected", "wrong_customer")
    assert outcome.reason in REASONS
    assert of("bob") in outcome.detail and "customer_id" in outcome.detail
    assert "bob" not in outcome.detail
    assert task.figures() == before
    stranger = Context(CALM, Aggregates())
    assert acted_on_nobody(event, stranger).status == "rejected"
    assert stranger.aggregates.customers == [0] * 5


def acted_on_nobody(event: Desk, ctx: Context) -> Outcome:
    return apply(Customer.new(CUSTOMER), event, milliseconds(event.occurred_at), ctx)


@pytest.mark.parametrize(
    "alert_id",
    [
        of(CUSTOMER),  # forgotten, or not known yet
        "a1b2c3",
        "0f" * 16,  # of an earlier version
        "0f" * 19 + "zz",
        "0f" * 18 + " 0f ",
    ],
)
def test_what_is_not_known_of_the_same_customer_is_counted_as_before(alert_id: str) -> None:
    task = Task().take(Events().desk(HOUR, alert_id, "resolved"))
    assert task.statuses == ["accepted"]
    assert task.figures()["desk_unmatched"] == 1


def test_ids_it_comes_again_under_are_its_customers_too() -> None:
    for level in (2, 3):
        again = id_at(bytes.fromhex(FIRST), level, CUSTOMER)
        assert not is_of_another(again, CUSTOMER)
        assert is_of_another(again, "bob")
    for alert_id in (SECOND_ID, FIRST, FIRST[:CAUSE_HEX]):
        task = urgent().take(desk(12 * MINUTE, "acknowledged", alert_id))
        assert task.figures()["alerts_acknowledged"] == 1


def complaint_of(task: Task) -> Open:
    """The alert of the complaint as it is kept."""
    [found] = [each for each in task.customer.desk.open if each.number == bytes.fromhex(FIRST)]
    return found


def test_an_alert_of_an_earlier_version_is_acted_on_by_its_old_ids() -> None:
    for level in (1, 2, 3):
        task = urgent()
        opened = complaint_of(task)
        opened.number = opened.number[:16]
        old = opened.number.hex()
        alert_id = old if level == 1 else xxh3_128_hexdigest(f"again\x1f{old}\x1f{level}".encode())
        task.take(desk(5 * MINUTE, "acknowledged", alert_id)).until(3 * HOUR)
        assert task.again() == []
        assert task.figures()["alerts_acknowledged"] == 1
    task = urgent()
    complaint_of(task).number = bytes.fromhex(FIRST[:CAUSE_HEX])
    task.until(3 * HOUR)
    assert [each.raises_again for each in task.again()] == [FIRST[:CAUSE_HEX]] * 2


def test_an_alert_that_came_here_from_another_id_is_acted_on_whoever_it_names() -> None:
    task = urgent()
    moved = complaint_of(urgent())
    moved.number = bytes.fromhex(of("old-id"))
    task.customer.desk.open.append(moved)
    task.take(Events().desk(HOUR + MINUTE, of("old-id"), "acknowledged", event_id="d"))
    assert task.statuses[-1] == "accepted"
    assert task.figures()["alerts_acknowledged"] == 1


@given(SOMEONE, SOMEONE, st.text(min_size=1, max_size=64), st.text(min_size=1, max_size=64))
def test_an_id_tells_its_customer_and_two_of_one_customer_share_nothing(
    mine: str, other: str, cause: str, second: str
) -> None:
    alert_id = first_id("vip_new", mine, cause)
    assert first_id("vip_new", mine, cause) == alert_id
    assert len(alert_id) == 40
    assert not is_of_another(alert_id, mine)
    assert is_of_another(alert_id, other) == (mine != other)
    if cause != second:
        assert first_id("vip_new", mine, second)[CAUSE_HEX:] != alert_id[CAUSE_HEX:]

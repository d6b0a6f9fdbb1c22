"""The signs of loyalty that follow from what a customer did: an offer opened, a purchase after a
failure."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cases import TouchpointBase
from tests.domain.bank import DAY, HOUR, Events, Task


def phase(task: Task, at: int) -> tuple[Any, str]:
    figures = task.figures(at)["relationship"]
    return figures["loyalty_phase"], figures["loyalty_phase_reason"]


def fond(make: Events) -> Task:
    """Price rated 8, attitude 7 by an NPS of 7, repurchase 3: liked, with no intent yet."""
    return Task().take(
        make.survey(0, "factor_rating", 8, factor="price", measure="experience"),
        make.survey(1, "nps", 7),
        make.survey(2, "repurchase", 3),
    )


def test_an_offer_opened_within_90_days_shows_an_intent() -> None:
    make = Events()
    task = fond(make).take(make.campaign(HOUR, "opened"))
    _, reason = phase(task, 90 * DAY)
    assert "an offer opened" in reason
    _, reason = phase(task, 90 * DAY + HOUR)
    assert "an offer opened" not in reason


def test_a_purchase_after_a_failure_is_loyalty_in_action() -> None:
    make = Events()
    task = fond(make).take(
        make.campaign(HOUR, "opened"),
        make.transaction(2 * HOUR, direction="debit"),
        make.contact(3 * HOUR, outcome="abandoned"),
    )
    assert "bought again after a failure" not in phase(task, DAY)[1]
    task.take(make.transaction(4 * HOUR, direction="debit"))
    found, reason = phase(task, DAY)
    assert found == "action"
    assert reason.endswith("bought again after a failure.")


def test_a_purchase_before_the_first_failure_shows_nothing_and_a_resolved_call_is_none() -> None:
    make = Events()
    task = fond(make).take(
        make.campaign(HOUR, "opened"),
        make.contact(2 * HOUR, outcome="resolved"),
        make.transaction(3 * HOUR, direction="debit"),
        make.complaint(4 * HOUR, "opened"),
    )
    assert "bought again after a failure" not in phase(task, DAY)[1]


@given(st.permutations(range(5)))
@settings(deadline=None, max_examples=40)
def test_the_order_of_arrival_does_not_matter(order: list[int]) -> None:
    make = Events()
    events: list[TouchpointBase] = [
        make.campaign(2 * HOUR, "opened"),
        make.campaign(5 * HOUR, "opened"),
        make.transaction(3 * HOUR, direction="debit"),
        make.contact(4 * HOUR, outcome="unresolved"),
        make.complaint(1 * HOUR, "opened"),
    ]
    task = fond(make).take(*(events[place] for place in order))
    assert phase(task, 6 * HOUR) == phase(fond(make).take(*events), 6 * HOUR)
    assert phase(task, 6 * HOUR)[0] == "action"

"""Lighthouse customers: four conditions, each with a reason where it is missing."""

from __future__ import annotations

from typing import Any

import pytest

from domain.dispatch import export
from domain.identification.lighthouse import Standing, lighthouse
from domain.policy.identification import LighthouseRules
from schemas.cases import TouchpointBase
from schemas.standings import Standings
from tests.domain.bank import DAY, DEFAULTS, HOUR, START, Events, Task
from tests.domain.figured import line_of
from tests.domain.value.test_value_classes import STANDINGS

FULL = Standing("most_valuable", "loyal", 3, 7.0)


def story(make: Events) -> list[TouchpointBase]:
    """Four purchases of 1,000 within 30 days, an NPS of 9, commitment 7 and three feedbacks."""
    return [
        *(make.transaction(day * DAY, amount=1_000.0) for day in (0, 10, 20, 30)),
        make.survey(21 * DAY, "nps", 9),
        make.survey(22 * DAY, "commitment", 7),
        make.feedback(5 * DAY, "praise"),
        make.feedback(15 * DAY, "suggestion"),
        make.feedback(25 * DAY, "comment_card"),
    ]


def out(task: Task, at: int, standings: Standings | None = STANDINGS) -> dict[str, Any]:
    """How the customer stands out at ``at`` (ms after START)."""
    found: dict[str, Any] = line_of(export(task.customer, START + at, task.ctx.policy, standings))[
        "identification"
    ]
    return found


def told(events: list[TouchpointBase]) -> Task:
    """Everything in order of time."""
    return Task().take(*sorted(events, key=lambda event: event.occurred_at))


def test_a_customer_of_the_top_class_who_is_loyal_speaks_and_is_committed_is_one() -> None:
    found = out(told(story(Events())), 31 * DAY)
    assert found["lighthouse"] and found["lighthouse_missing"] == []
    assert found["lighthouse_reason"] == (
        "Most valuable by CLV, loyal, 3 feedbacks in 365 days and a commitment of 7."
    )
    assert (found["feedbacks"], found["commitment"]) == (3, 7.0)


def test_without_standings_the_class_is_not_known_and_nobody_is_one() -> None:
    found = out(told(story(Events())), 31 * DAY, None)
    assert found["lighthouse_missing"] == ["clv_class"]
    assert found["lighthouse_reason"] == "Not yet: the CLV class is not known."


def test_feedback_counts_for_a_year_and_only_the_customers_own() -> None:
    make = Events()
    ours = [make.feedback(26 * DAY, "callback_done", contact_id="s-1")]
    task = told([*story(make), *ours])
    assert out(task, 31 * DAY)["feedbacks"] == 3
    assert out(task, 370 * DAY - HOUR)["feedbacks"] == 3
    assert out(task, 370 * DAY)["feedbacks"] == 2  # that of day 5 is 365 days ago


@pytest.mark.parametrize(
    ("change", "missing", "said"),
    [
        ({"clv_class": "most_growable"}, "clv_class", "the CLV class is most growable, not"),
        ({"clv_class": None}, "clv_class", "the CLV class is not known"),
        ({"state": "at_risk"}, "loyal", "the state is at risk, not loyal"),
        ({"feedbacks": 2}, "feedback", "2 feedbacks in 365 days, of 3 at least"),
        ({"commitment": 6.9}, "commitment", "commitment is 6.9, of 7 at least"),
        ({"commitment": None}, "commitment", "commitment was never asked for"),
    ],
)
def test_each_condition_that_is_missing_is_named(
    change: dict[str, Any], missing: str, said: str
) -> None:
    assert lighthouse(FULL, LighthouseRules()).missing == []
    found = lighthouse(FULL._replace(**change), LighthouseRules())
    assert found.missing == [missing]
    assert said in found.reason


def test_feedback_kept_is_bounded_and_still_enough() -> None:
    make = Events()
    task = Task().take(*(make.feedback(n * HOUR, "praise") for n in range(40)))
    assert len(task.customer.habits.feedback) == 32
    assert task.customer.habits.feedback[0] == START + 8 * HOUR
    assert out(task, 2 * DAY)["feedbacks"] == 32
    assert DEFAULTS.identification.lighthouse.feedbacks <= 32

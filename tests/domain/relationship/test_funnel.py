"""The funnel: how far, how many of those before, how long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.relationship.funnel import Funnel
from schemas.codec import encode
from schemas.figures import CustomerFigures
from tests.domain.bank import DAY, Events, Task
from tests.domain.figured import figured


def customer(
    customer_id: str, state: str, purchases: int = 0, first: str | None = None
) -> CustomerFigures:
    line = {
        "customer_id": customer_id, "first_event_at": first,
        "value": {"purchases": purchases}, "relationship": {"state": state},
    }  # fmt: skip
    return figured(line)


def moved(customer_id: str, to: str, day: int, dimension: str = "relationship") -> dict[str, Any]:
    return {
        "customer_id": customer_id, "dimension": dimension, "to_state": to,
        "occurred_at": f"2026-03-{day:02d}T00:00:00.000Z",
    }  # fmt: skip


def test_everyone_who_came_farther_has_come_so_far() -> None:
    funnel = Funnel()
    for given in [
        customer("a", "potential"), customer("b", "target"), customer("c", "first_time", 1),
        customer("d", "lost", 5), customer("e", "loyal", 9), customer("f", "at_risk", 1),
    ]:  # fmt: skip
        funnel.add(given)
    steps = {step.name: step for step in funnel.steps()}
    assert {name: step.reached for name, step in steps.items()} == {
        "potential": 6, "target": 5, "first_time": 4, "repeat": 2, "loyal": 1,
    }  # fmt: skip
    assert {name: step.now for name, step in steps.items()} == {
        "potential": 1, "target": 1, "first_time": 1, "repeat": 0, "loyal": 1,
    }  # fmt: skip
    assert steps["potential"].conversion is None
    assert steps["target"].conversion == pytest.approx(5 / 6)
    assert steps["loyal"].conversion == 0.5
    assert all(step.days is None for step in steps.values())


def test_transitions_tell_who_was_there_before_and_how_long_it_took() -> None:
    funnel = Funnel()
    funnel.add_transition(moved("a", "first_time", 5))
    funnel.add_transition(moved("a", "repeat", 9))
    funnel.add_transition(moved("a", "loyal", 20))
    funnel.add_transition(moved("a", "loyal", 29))  # again, after a loss: the first one counts
    funnel.add_transition(moved("a", "vip", 2, dimension="tier"))
    funnel.add_transition(moved("b", "first_time", 4))
    funnel.add_transition(moved("gone", "loyal", 4))
    funnel.add(customer("a", "lost", 3, first="2026-03-01T00:00:00.000Z"))
    funnel.add(customer("b", "first_time", 1, first="2026-03-02T12:00:00.000Z"))
    steps = {step.name: step for step in funnel.steps()}
    assert steps["loyal"].reached == 1
    assert (steps["first_time"].days, steps["first_time"].timed) == (2.75, 2)
    assert (steps["repeat"].days, steps["loyal"].days) == (4.0, 11.0)
    assert (steps["target"].days, steps["target"].timed) == (None, 0)


def test_the_rules_transitions_tell_the_same() -> None:
    make = Events()
    task = Task().take(make.profile(0, sex="male"))
    for day in (3, 7, 8):
        task.take(make.transaction(day * DAY, 100.0))
    task.take(make.survey(9 * DAY, "nps", 10))
    funnel = Funnel()
    for transition in task.transitions("relationship"):
        funnel.add_transition(json.loads(encode(transition)))
    funnel.add(task.exported())
    assert [(step.name, step.reached, step.days) for step in funnel.steps()] == [
        ("potential", 1, None), ("target", 1, None), ("first_time", 1, 3.0),
        ("repeat", 1, 4.0), ("loyal", 1, 2.0),
    ]  # fmt: skip

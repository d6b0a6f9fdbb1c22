"""Journeys by step: how far customers come, where they drop off, and what stood in the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.customer.cause import Cause
from domain.customer.state import JOURNEY
from domain.experience import paths
from domain.experience.path_figures import StepRow
from domain.experience.portfolio import ExperiencePortfolio
from domain.policy import Policy
from domain.policy.experience import ExperienceRules
from domain.policy.journeys import JourneyPath, JourneyStep
from schemas.cases import TouchpointBase
from tests.domain.bank import DAY, HOUR, START, Events, Task

LOAN = JourneyPath(
    name="loan",
    steps=(
        JourneyStep(name="look", type="app_click", where={"function": "loan"}),
        JourneyStep(name="ask", type="service_contact", where={"stage": "before"}),
        JourneyStep(name="take", type="transaction", where={"product": "loan"}),
    ),
)
POLICY = Policy(experience=ExperienceRules(journeys=(LOAN,)))


def look(make: Events, at: int) -> TouchpointBase:
    click = make.click(at, "function_visit")
    return click.model_copy(update={"function": "loan"})


def ask(make: Events, at: int, wait: float = 0.0, outcome: str = "resolved") -> TouchpointBase:
    return make.contact(at, wait, outcome, stage="before")


def take(make: Events, at: int) -> TouchpointBase:
    return make.transaction(at, product="loan")


def test_a_customer_comes_step_by_step_to_the_end() -> None:
    make = Events()
    task = Task(POLICY)
    assert task.exported(0).experience.journeys == {}
    way = task.take(look(make, HOUR)).exported().experience.journeys["loan"]
    assert (way.step, way.status) == ("look", "on_the_way")
    way = task.take(ask(make, DAY)).exported().experience.journeys["loan"]
    assert (way.step, way.status, list(way.reached_at)) == ("ask", "on_the_way", ["look", "ask"])
    way = task.take(take(make, 2 * DAY)).exported(90 * DAY).experience.journeys["loan"]
    assert (way.step, way.status) == ("take", "finished")


def test_who_rests_longer_than_the_policy_allows_has_dropped_off() -> None:
    make = Events()
    task = Task(POLICY).take(look(make, HOUR), ask(make, DAY))
    assert task.exported(8 * DAY).experience.journeys["loan"].status == "on_the_way"
    assert task.exported(8 * DAY + 1).experience.journeys["loan"].status == "dropped"


def test_obstacles_belong_to_the_step_where_the_customer_stood() -> None:
    make = Events()
    task = Task(POLICY).take(
        make.click(0, "error"),  # before the journey
        look(make, HOUR), make.click(2 * HOUR, "error"), make.click(3 * HOUR, "error"),
        ask(make, DAY, 601.0, "abandoned"),  # the wait of the step itself
        make.complaint(DAY + HOUR, "opened"),
        take(make, 2 * DAY), make.click(3 * DAY, "error"),  # behind the journey
    )  # fmt: skip
    way = task.exported().experience.journeys["loan"]
    assert way.obstacles == {
        "look": {"error": 2}, "ask": {"wait": 1, "abandoned": 1, "complaint": 1},
    }  # fmt: skip


@given(st.permutations(range(6)), st.booleans())
def test_the_order_of_arrival_within_a_day_does_not_matter(
    order: list[int], reload_always: bool
) -> None:
    make = Events()
    events = [
        look(make, HOUR), look(make, 5 * HOUR), make.click(2 * HOUR, "error"),
        ask(make, 3 * HOUR), make.click(4 * HOUR, "error"), take(make, 20 * HOUR),
    ]  # fmt: skip
    task = Task(POLICY, reload_always=reload_always).take(*(events[place] for place in order))
    way = task.exported(DAY).experience.journeys["loan"]
    assert (way.step, way.status) == ("take", "finished")
    assert way.obstacles == {"look": {"error": 1}, "ask": {"error": 1}}
    assert [at[11:13] for at in way.reached_at.values()] == ["01", "03", "20"]


def test_two_ids_of_one_person_have_come_as_far_as_both() -> None:
    make = Events()
    one = Task(POLICY).take(look(make, 5 * HOUR), make.click(6 * HOUR, "error"))
    other = Task(POLICY).take(look(make, HOUR), ask(make, 7 * HOUR))
    paths.join(one.customer, other.customer, Cause(one.ctx, START))
    way = one.exported(DAY).experience.journeys["loan"]
    assert [at[11:13] for at in way.reached_at.values()] == ["01", "07"]
    assert way.obstacles == {"look": {"error": 1}}


def test_steps_that_the_policy_names_no_more_make_room() -> None:
    make = Events()
    task = Task(POLICY)
    task.customer.touch(JOURNEY)
    task.customer.journey.steps = {f"old.{number}": number for number in range(paths.MAX_STEPS)}
    task.take(look(make, HOUR))
    assert list(task.customer.journey.steps) == ["loan.look"]


def test_without_journeys_nothing_is_kept() -> None:
    make = Events()
    task = Task().take(look(make, 0), make.contact(HOUR, 900.0, "abandoned"))
    journey = task.customer.journey
    assert (journey.steps, journey.obstacles) == ({}, [])
    assert not task.ctx.follows_clicks


def test_reports_tell_drop_off_and_obstacles_by_step() -> None:
    found = []
    for number in range(10):
        make = Events()
        task = Task(POLICY).take(look(make, 0))
        if number < 4:
            task.take(make.click(HOUR, "error"))
        if number >= 6:
            task.take(ask(make, 2 * HOUR))
        if number == 9:
            task.take(take(make, 3 * HOUR))
        found.append(task.exported(30 * DAY))
    (loan,) = ExperiencePortfolio.of(found, POLICY).report().journeys
    first, second, third = loan.steps
    assert first == StepRow(
        name="look", reached=10, conversion=None, on_the_way=0, dropped=6, drop_off=0.6,
        obstacles={"error": 4}, hindered=4,
    )  # fmt: skip
    assert (second.reached, second.conversion, second.dropped, second.drop_off) == (4, 0.4, 3, 0.75)
    assert (third.reached, third.conversion, third.dropped, third.hindered) == (1, 0.25, 0, 0)
    assert loan.weakest == "look"


def test_steps_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="product cannot be asked for"):
        JourneyStep(name="look", type="app_click", where={"product": "loan"})
    step = JourneyStep(name="look", type="app_click")
    with pytest.raises(ValidationError, match="must name each step once"):
        JourneyPath(name="loan", steps=(step, step))
    with pytest.raises(ValidationError, match="must name each journey once"):
        ExperienceRules(journeys=(LOAN, LOAN))

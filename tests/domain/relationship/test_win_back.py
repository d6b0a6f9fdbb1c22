"""Winning back: a task for a lost customer of class A or B, and the transition says so."""

from __future__ import annotations

import pytest

from domain.policy import Policy
from schemas.examples import OUTPUT_EXAMPLES
from schemas.outputs import CareTask, CustomerTransition
from schemas.standings import Standings
from tests.domain.bank import DAY, DEFAULTS, Events, Task, after_start, ms_of

# class A above 8,251.20 in 365 days, B above 3,120.40
STANDINGS = Standings.model_validate(OUTPUT_EXAMPLES["Standings"][0])


def ranked(task: Task, standings: Standings | None) -> Task:
    """The task with these standings in force."""
    if standings is not None:
        known_by = task.ctx.policy.value.rules_id
        refused = task.ctx.standing.adopt(standings.model_copy(update={"rules_id": known_by}))
        assert refused is None
    return task


def lost(amount: float, standings: Standings | None, policy: Policy = DEFAULTS) -> Task:
    """A customer who bought eight times for so much, a week apart, and then no more."""
    make, task = Events(), ranked(Task(policy), standings)
    task.take(make.profile(0, owner_id="m-1"))
    task.take(*(make.transaction(n * 7 * DAY, 250_000.0, amount=amount) for n in range(8)))
    return task.until(100 * DAY)


def found(task: Task) -> tuple[list[CareTask], CustomerTransition]:
    tasks = task.proposed("win_back")
    [move] = [each for each in task.transitions("relationship") if each.to_state == "lost"]
    return tasks, move


@pytest.mark.parametrize(("amount", "letter"), [(2_000.0, "A"), (500.0, "B")])
def test_a_valuable_customer_is_to_be_won_back(amount: float, letter: str) -> None:
    [made], move = found(lost(amount, STANDINGS))
    assert (made.occasion, made.tier, made.owner_id) == ("win_back", "key", "m-1")
    assert made.occurred_at == move.occurred_at
    assert ms_of(made.due_at) - ms_of(made.occurred_at) == 7 * DAY
    assert made.reason.startswith(f"Lost, of value class {letter}. No purchase for ")
    assert f"Worth {8 * amount:,.2f} CNY in 365 days" in made.reason
    assert move.reason.endswith(f"A win-back task is made: value class {letter}.")


def test_others_are_not_and_the_transition_says_why() -> None:
    tasks, move = found(lost(10.0, STANDINGS))
    assert tasks == []
    assert move.reason.endswith("No win-back task for a customer of value class C.")
    tasks, move = found(lost(2_000.0, None))
    assert tasks == []
    assert move.reason.endswith(
        "No win-back task: the ABC class is unknown without standings of all customers."
    )


def test_the_policy_says_whom_how_and_for_how_much() -> None:
    rules = {"classes": ["C"], "due_days": 2.0, "means": "voucher", "budget": 80.0}
    policy = Policy.model_validate_json(
        f'{{"relationship": {{"win_back": {str(rules).replace(chr(39), chr(34))}}}}}'
    )
    assert found(lost(2_000.0, STANDINGS, policy))[0] == []
    [made], _ = found(lost(10.0, STANDINGS, policy))
    assert (made.means, made.budget) == ("voucher", 80.0)
    assert ms_of(made.due_at) - ms_of(made.occurred_at) == 2 * DAY


def test_who_is_lost_twice_has_two_tasks() -> None:
    make, task = Events(), ranked(Task(reload_always=True), STANDINGS)
    for start in (0, 250):
        days = range(start, start + 56, 7)
        task.take(*(make.transaction(day * DAY, amount=2_000.0) for day in days))
    task.until(500 * DAY)
    tasks = task.proposed("win_back")
    assert len({each.task_id for each in tasks}) == len(tasks) == 2
    found_at = [after_start(each) / DAY for each in tasks]
    assert 49 < found_at[0] < 250
    assert 299 < found_at[1] < 500

"""Handover: one task for a change of owner, due in 7 days, whichever event comes first."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.outputs import CareTask
from schemas.touchpoints import Profile
from tests.domain import oracle
from tests.domain.bank import DAY, HOUR, Events, Task, after_start, ms_of


def handovers(task: Task) -> list[CareTask]:
    return task.proposed("handover")


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_a_change_of_owner_makes_one_task_in_any_order(order: tuple[int, ...]) -> None:
    make = Events()
    events = [
        make.transaction(0, 250_000.0),
        make.profile(HOUR, owner_id="m-1"),
        make.profile(2 * HOUR, owner_id="m-2"),
    ]
    task = Task(reload_always=True).take(*(events[place] for place in order))
    [made] = handovers(task)
    assert (made.occasion, made.tier, made.owner_id) == ("handover", "key", "m-2")
    assert after_start(made) == 2 * HOUR
    assert ms_of(made.due_at) - ms_of(made.occurred_at) == 7 * DAY
    assert made.cause == (events[2].event_id,)
    assert "changed from m-1 to m-2" in made.reason
    assert task.figures()["owner_id"] == "m-2"


def test_no_task_without_a_former_owner_or_for_other_tiers_or_long_after() -> None:
    make = Events()
    first = Task().take(make.transaction(0, 900_000.0), make.profile(1, owner_id="m-1"))
    first.take(make.profile(2, owner_id="m-1"), make.profile(3, owner_id=None))
    assert handovers(first) == []
    poor = Task().take(make.profile(1, owner_id="m-1"), make.profile(2, owner_id="m-2"))
    assert handovers(poor.take(make.transaction(HOUR, 900_000.0))) == []
    late = Task().take(make.transaction(0, 900_000.0), make.profile(1, owner_id="m-1"))
    late.take(make.click(3 * DAY), make.profile(2, owner_id="m-2"))
    assert handovers(late) == []
    assert late.figures()["owner_id"] == "m-2"


def test_each_change_has_its_task_and_who_comes_back_is_a_change_too() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 9_000_000.0))
    for day, owner in enumerate(("m-1", "m-2", "m-2", None, "m-3", "m-1"), start=1):
        task.take(make.profile(day * DAY, owner_id=owner))
    told = [(each.owner_id, each.tier) for each in handovers(task)]
    assert told == [("m-2", "private"), ("m-3", "private"), ("m-1", "private")]
    assert len({each.task_id for each in handovers(task)}) == 3


def test_the_policy_says_from_which_tier_and_how_soon() -> None:
    make = Events()
    policy = Policy.model_validate(
        {"relationship": {"handover": {"from_tier": "vip", "due_days": 3.0, "means": "visit"}}}
    )
    events = [make.profile(1, owner_id="m-1"), make.profile(2, owner_id="m-2")]
    assert handovers(Task(policy).take(make.transaction(0, 250_000.0), *events)) == []
    [made] = handovers(Task(policy).take(make.transaction(0, 350_000.0), *events))
    assert made.means == "visit"
    assert ms_of(made.due_at) - ms_of(made.occurred_at) == 3 * DAY


@st.composite
def days(draw: st.DrawFn) -> list[TouchpointBase]:
    """Owners and balances of one day, in any order of arrival."""
    make, made = Events(), list[TouchpointBase]()
    minutes = st.lists(st.integers(0, 23 * 60), min_size=2, max_size=10, unique=True)
    for minute in draw(minutes):
        at = minute * 60_000
        if draw(st.booleans()):
            owner = draw(st.sampled_from(("m-1", "m-2", "m-3", None)))
            made.append(make.profile(at, owner_id=owner))
        else:
            made.append(make.transaction(at, draw(st.sampled_from((50_000.0, 2e5, 4e5)))))
    return draw(st.permutations(made))


@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=400)
@given(days(), st.booleans())
def test_the_owner_in_force_was_handed_over_once_if_the_tier_of_then_asks_for_it(
    events: list[TouchpointBase], reload_always: bool
) -> None:
    task = Task(reload_always=reload_always).take(*events)
    made = handovers(task)
    assert len({each.task_id for each in made}) == len(made)
    ordered = oracle.in_order(events)
    profiles: list[Profile] = [each for each in ordered if isinstance(each, Profile)]
    named = [each for each in profiles if each.owner_id]
    if not profiles or profiles[-1].owner_id is None:
        return
    changes = [now for last, now in pairwise(named) if last.owner_id != now.owner_id]
    since = changes[-1] if changes else None
    run = [each for each in named if since and oracle.ms(each) >= oracle.ms(since)]
    told = [each for each in made if set(each.cause) & {event.event_id for event in run}]
    due = since is not None and oracle.tier_at(events, oracle.ms(since)) in {
        "key",
        "vip",
        "private",
    }
    owners = [each.owner_id for each in told]
    # a change that was told may turn out to have been sooner, when the tier did not ask for it
    assert owners in ([profiles[-1].owner_id], [profiles[-1].owner_id] * due)

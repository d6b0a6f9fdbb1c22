"""Contacts: their type follows from all within 180 days, whatever the order of arrival."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.relationship.contacts import MAX_CONTACTS
from schemas.touchpoints import ServiceContact
from tests.domain.bank import DAY, HOUR, Events, Task

Met = tuple[int, str | None, str | None]


def contact(make: Events, met: Met) -> ServiceContact:
    at, agent, branch = met
    return make.contact(at).model_copy(update={"agent_id": agent, "branch_id": branch})


def expected(met: list[Met], now: int) -> str | None:
    """The type by brute force."""
    recent = [(agent, branch) for at, agent, branch in met if at > now - 180 * DAY]
    if not recent:
        return None
    agents = [agent for agent, _ in recent if agent is not None]
    if len(recent) >= 3 and any(2 * agents.count(one) >= len(recent) for one in agents):
        return "relationship"
    branches = {branch for _, branch in recent if branch is not None}
    there = {agent for agent, branch in recent if agent is not None and branch is not None}
    return "pseudo" if len(branches) == 1 and len(there) > 1 else "encounter"


@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 300 * 24).map(lambda hour: hour * HOUR),
            st.sampled_from((None, "li", "wu", "he")),
            st.sampled_from((None, "north", "north", "south")),
            st.integers(0, DAY),
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 200),
)
def test_the_type_is_that_of_all_contacts_at_once(
    plan: list[tuple[int, str | None, str | None, int]], days: int
) -> None:
    make, met = Events(), [(at, agent, branch) for at, agent, branch, _ in plan]
    arrivals = sorted(plan, key=lambda each: each[0] + each[3])
    events = [contact(make, (at, agent, branch)) for at, agent, branch, _ in arrivals]
    task = Task(reload_always=True).take(*events)
    now = max(at for at, *_ in met) + days * DAY
    figures = task.until(now).figures()["relationship"]
    assert figures["contact_type"] == expected(met, now)
    assert figures["contact_type_reason"]


def test_the_newest_32_contacts_are_kept_in_any_order_and_their_bytes_are_few() -> None:
    met: list[Met] = [(n * HOUR, f"agent-{n % 40}", "north") for n in range(50)]
    dumped = []
    for order in (met, met[::-1][:20] + met[:30]):
        make = Events()
        task = Task().take(*(contact(make, each) for each in order))
        task.save()
        dumped.append(task.records[b"kalice"])
        assert len(task.customer.contacts.newest) == MAX_CONTACTS
    assert dumped[0] == dumped[1]
    assert len(dumped[0]) <= 700


def test_what_left_the_window_is_forgotten() -> None:
    make = Events()
    task = Task().take(*(contact(make, (n * DAY, "li", "north")) for n in range(0, 400, 40)))
    assert [at for at, *_ in task.customer.contacts.newest] == sorted(
        at for at, *_ in task.customer.contacts.newest
    )
    assert len(task.customer.contacts.newest) == 5

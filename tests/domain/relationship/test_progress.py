"""Lifecycle phases and relationship stages: told when they move, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cases import TouchpointBase
from schemas.outputs import CustomerTransition
from schemas.touchpoints import Transaction
from tests.domain import oracle_relationship as oracle
from tests.domain.bank import DAY, HOUR, START, Events, Task, after_start
from tests.domain.test_order_of_arrival import agree


@dataclass
class Plan:
    """What a customer does: times in ms after START."""

    buys: list[tuple[int, float, str, str]] = field(default_factory=list)
    shares: list[tuple[int, float]] = field(default_factory=list)
    arrivals: list[tuple[int, TouchpointBase]] = field(default_factory=list)

    @property
    def times(self) -> list[int]:
        """When something happened."""
        return [at for at, *_ in self.buys] + [at for at, _ in self.shares]

    @property
    def late(self) -> list[TouchpointBase]:
        """In the order of arrival."""
        return [event for _, event in sorted(self.arrivals, key=lambda each: each[0])]

    @property
    def in_time(self) -> list[TouchpointBase]:
        """In the order of time."""
        events = [event for _, event in self.arrivals]
        return sorted(events, key=lambda event: (event.occurred_at, event.event_id))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Purchases over a year or two by several products and channels, up to a day late."""
    make, plan, at = Events(), Plan(), 0
    for _ in range(draw(st.integers(1, 18))):
        at += draw(st.sampled_from((5 * HOUR, DAY, 9 * DAY, 30 * DAY, 95 * DAY)))
        at += draw(st.integers(0, 5 * HOUR))
        due = at + draw(st.integers(0, DAY))
        if draw(st.integers(0, 5)) == 0:
            share = draw(st.sampled_from((0.2, 0.5, 0.9)))
            plan.shares.append((at, share))
            plan.arrivals.append((due, make.survey(at, "wallet_share", share)))
            continue
        product = draw(st.sampled_from(("card", "card", "loan")))
        channel = draw(st.sampled_from(("branch", "branch", "web")))
        amount = float(draw(st.sampled_from((7, 70, 100, 110, 143))))
        made = make.transaction(at, amount=amount, channel=channel)
        plan.buys.append((at, amount, product, channel))
        plan.arrivals.append((due, made.model_copy(update={"product": product})))
    return plan


def chain(transitions: list[CustomerTransition]) -> list[tuple[int, str, str]]:
    """When, from what, to what."""
    return [(after_start(each), each.from_state or "", each.to_state) for each in transitions]


def expected_phase(plan: Plan, now: int) -> str:
    """By brute force, as of ``now`` (ms after START)."""
    first = min(at for at in plan.times if at <= now)
    bought = [(START + at, amount) for at, amount, *_ in plan.buys if at <= now]
    return oracle.phase(START + first, bought, START + now)


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=60)
@given(plans(), st.integers(0, 300))
def test_in_order_each_phase_is_told_when_it_begins(plan: Plan, days: int) -> None:
    end = max(plan.times) + days * DAY
    task = Task(reload_always=True).take(*plan.in_time).until(end)
    bought = {at for at, *_ in plan.buys}
    # an answer too may be the first thing that happens when the 90 days of exploration are over
    looks = sorted({*plan.times} | {day * DAY for day in range(end // DAY + 1)} - {0})
    before, expected = "exploration", list[tuple[int, str, str]]()
    for at in looks:
        if at >= min(bought, default=end + 1) and (after := expected_phase(plan, at)) != before:
            expected.append((at, before, after))
            before = after
    assert chain(task.transitions("lifecycle_phase")) == expected


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=80)
@given(plans(), st.integers(0, 300), st.booleans())
def test_phase_and_stage_are_those_of_all_events_at_once(
    plan: Plan, days: int, reload_always: bool
) -> None:
    end = max(plan.times) + (days + 1) * DAY
    task = Task(reload_always=reload_always).take(*plan.late).until(end)
    figures = task.figures()["relationship"]
    assert figures["lifecycle_phase"] == expected_phase(plan, end)
    products, channels = {buy[2] for buy in plan.buys}, {buy[3] for buy in plan.buys}
    share = max(plan.shares, default=(0, None))[1]
    stage = oracle.stage(products, channels, share, figures["state"] == "loyal")
    assert figures["stage"] == stage
    for dimension, start, last in (
        ("lifecycle_phase", "exploration", expected_phase(plan, end // DAY * DAY)),
        ("relationship_stage", "basic", stage or "unknown"),
    ):
        told = chain(task.transitions(dimension))
        assert [start, *(to for _, _, to in told)][:-1] == [since for _, since, _ in told]
        assert ([start, *(to for _, _, to in told)])[-1] == last
    in_time = Task().take(*plan.in_time).until(end).figures()["relationship"]
    agree(figures, in_time)


def test_an_old_customer_who_buys_less_declines_at_a_midnight_without_an_event() -> None:
    make = Events()
    early = [make.transaction(day * DAY + HOUR, amount=100.0) for day in (0, 20, 40, 60, 80)]
    task = Task().take(*early, make.transaction(130 * DAY + HOUR, amount=90.0)).until(400 * DAY)
    told = [(at / DAY, to) for at, _, to in chain(task.transitions("lifecycle_phase"))]
    assert told == [
        (91, "formation"),  # 90 days are over: 400 after 100
        (130, "decline"),  # the purchase of day 40 left the newest 90 days: 200 after 300
        (130 + 1 / 24, "stability"),  # 290 after 300
        (150, "decline"),  # 190 after 400
        (310, "stability"),  # nothing left in 180 days
    ]
    decline = task.transitions("lifecycle_phase")[3]
    assert decline.cause == ()
    assert "below 0.7 times" in decline.reason


@pytest.mark.parametrize("reload_always", [True, False])
def test_the_end_of_exploration_is_told_at_the_first_event_behind_it(reload_always: bool) -> None:
    """Whether or not the purchase before it has been written meanwhile."""
    make = Events()
    buys = [make.transaction(day * DAY + 10 * HOUR) for day in (0, 30, 60)]
    buys.append(make.transaction(90 * DAY + 9 * HOUR))
    survey = make.survey(90 * DAY + 11 * HOUR, "ces", 5.0)
    task = Task(reload_always=reload_always).take(*buys, survey).until(92 * DAY)
    assert chain(task.transitions("lifecycle_phase")) == [
        (90 * DAY + 11 * HOUR, "exploration", "formation")
    ]


def test_an_app_click_neither_reads_nor_writes_phase_or_stage() -> None:
    make = Events()
    buys: list[Transaction] = [make.transaction(day * DAY, 10.0) for day in range(100)]
    task = Task().take(*buys)
    task.save()
    task.reload()
    task.take(make.click(100 * DAY + HOUR))
    assert {key[:1] for key, _ in task.save()} <= {b"c", b"p"}


@pytest.mark.parametrize(("share", "stage"), [(0.6, "interdependent"), (0.4, "cooperative")])
def test_the_stage_waits_for_what_only_the_customer_knows(share: float, stage: str) -> None:
    make = Events()
    buys = [make.transaction(n * DAY, channel=("branch", "web")[n % 2]) for n in range(4)]
    task = Task().take(make.survey(0, "nps", 9.0), *buys)
    assert [to for *_, to in chain(task.transitions("relationship_stage"))] == [
        "cooperative",
        "unknown",
    ]
    assert task.figures()["relationship"]["stage"] is None
    task.take(make.survey(5 * DAY, "wallet_share", share))
    assert task.transitions("relationship_stage")[-1].to_state == stage
    assert task.figures()["relationship"]["stage"] == stage

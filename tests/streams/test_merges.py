"""Ids of one person that are merged end as if there had been one id all along.

On partitions as the worker has them, one for each id, without a broker: what goes from one to
another lies in between for as long as Hypothesis likes.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.customers import customers
from domain.alerts.open_alerts import MAX_OPEN
from domain.assembly.context import Context
from domain.kernel.scales import TIERS
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.codec import Bad, encode
from schemas.deadletter import Original
from schemas.topics import ALERT_STATES, ALERTS, DEAD_LETTERS, READ_BACK_TOPICS, TOPIC_OF_TYPE
from schemas.touchpoints import Desk, Profile
from streams.engine.checkpoint import Checkpoint
from streams.engine.partition import Opening, Partition, Sent
from streams.engine.store import MemoryStore
from streams.queries.campaigns import campaigns_of
from tests.domain.bank import DAY, HOUR, Events
from tests.domain.figured import line_of
from tests.domain.test_order_of_arrival import (
    DEPENDS_ON_ORDER,
    PATIENT,
    THOROUGH,
    agree,
    events_at,
)

NAMES = ("ann", "ben", "cat", "dan")
POLICY = Policy()
TOPOLOGY = customers(POLICY)
# What is said of a segment and of a change is said for each id; the rest is one person's.
APART = DEPENDS_ON_ORDER | {"segment", "segment_since", "segment_changes", "signals"}


class Net:
    """A partition for each name, and what they send each other, still on its way."""

    def __init__(self) -> None:
        self.stores = {name: MemoryStore() for name in NAMES}
        self.parts = {name: self._open(name, None) for name in NAMES}
        self.on_way = {name: deque[Sent]() for name in NAMES}
        self.sent: list[Sent] = []
        self.states: dict[str, dict[bytes, dict[str, Any]]] = {name: {} for name in NAMES}
        self.offset = 0

    def _open(self, name: str, checkpoint: Checkpoint | None) -> Partition[Any, Any, Any]:
        number = NAMES.index(name)
        return Opening(number, self.stores[name], checkpoint, "event").of(TOPOLOGY)

    def take(self, event: Any) -> None:
        """Let an event come to its customer's partition."""
        (decoded,) = TOPOLOGY.decode([encode(event)])
        assert not isinstance(decoded, Bad), decoded
        name, topic = event.customer_id, TOPIC_OF_TYPE[event.type]
        record = Original(topic, 0, self.offset, 0, name.encode(), encode(event))
        self.offset += 1
        self.parts[name].apply(self.parts[name].judge(decoded, topic, record), 0)
        self._collect(name)

    def deliver(self, name: str) -> None:
        """Let the next of what is on its way to a partition come there."""
        if self.on_way[name]:
            sent, part = self.on_way[name].popleft(), self.parts[name]
            record = Original(sent.topic, 0, self.offset, 0, sent.key, sent.value)
            self.offset += 1
            for item in part.judged(sent.topic, [record]):
                part.apply(item, 0)
            self._collect(name)

    def deliver_all(self) -> None:
        for _ in range(100_000):
            waiting = [name for name in NAMES if self.on_way[name]]
            if not waiting:
                return
            for name in waiting:
                self.deliver(name)
        raise AssertionError("what goes round never ends")

    def restart(self, name: str) -> None:
        """End a partition and open it again with what it wrote."""
        part = self.parts[name]
        part.drain()
        checkpoint = Checkpoint(clock=part.now, versions=part.versions)
        self.parts[name] = self._open(name, checkpoint)

    def advance(self, now: int) -> None:
        for name, part in self.parts.items():
            part.advance(now)
            self._collect(name)

    def figures(self) -> dict[str, dict[str, Any]]:
        """All who count, by name."""
        found: dict[str, dict[str, Any]] = {}
        for part in self.parts.values():
            part.drain()
            found |= {name: line_of(figures) for name, figures in part.export()}
        return found

    def contexts(self) -> list[Context]:
        return [part.context for part in self.parts.values()]

    def outputs(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(one.value or b"") for one in self.sent if one.topic == topic]

    def letters(self) -> list[dict[str, Any]]:
        return self.outputs(DEAD_LETTERS)

    def _collect(self, name: str) -> None:
        part = self.parts[name]
        outputs, part.outputs = part.outputs, []
        self.sent += outputs
        for sent in outputs:
            if sent.topic == ALERT_STATES and sent.key is not None:
                if sent.value is None:
                    del self.states[name][sent.key]
                else:
                    self.states[name][sent.key] = json.loads(sent.value)
            if sent.topic in READ_BACK_TOPICS:
                to = (sent.key or b"").decode()
                if to in self.on_way:
                    self.on_way[to].append(sent)


def check_states(net: Net, root: dict[str, str]) -> None:
    """Of each alert there is one state in all partitions, in that of who its customer is now."""
    alerts = {one["alert_id"] for one in net.outputs(ALERTS) if "raises_again" not in one}
    keys = [key.decode() for told in net.states.values() for key in told]
    assert len(keys) == len(set(keys))
    assert set(keys) <= alerts
    whose = {name for name, told in net.states.items() if told}
    assert whose <= {person(name, root) for name in NAMES}
    for name, told in net.states.items():
        assert {each["customer_id"] for each in told.values()} <= {name}
        if len(told) < MAX_OPEN:  # none had to leave for newer ones
            own = {
                one["alert_id"]
                for one in net.outputs(ALERTS)
                if "raises_again" not in one and person(one["customer_id"], root) == name
            }
            assert {key.decode() for key in told} == own


def of(name: str, event: Any) -> Any:
    return event.model_copy(update={"customer_id": name})


def merged(make: Events, at: int, name: str, into: str) -> Any:
    common: dict[str, Any] = {"event_id": f"m-{make.made:05d}", "channel": "other"}
    make.made += 1
    event = make.profile(at)
    return Profile(**common, customer_id=name, occurred_at=event.occurred_at, merged_into=into)


def _is_no_desk(event: TouchpointBase) -> bool:
    return not isinstance(event, Desk)


@st.composite
def lives(draw: st.DrawFn, hours: int) -> tuple[list[Any], dict[str, str]]:
    """Events of four ids, the order in which they come, and into which each was merged."""
    make, made = Events(), []
    names = NAMES[: draw(st.integers(2, 4))]
    for _ in range(draw(st.integers(4, 30))):
        at = draw(st.integers(0, hours)) * HOUR + draw(st.integers(0, 59))
        # an action of the desk names an alert, whose id is another for each id of the person
        drawn = draw(events_at(make, at).filter(_is_no_desk))
        event = of(draw(st.sampled_from(names)), drawn)
        made.append((at + draw(st.integers(0, DAY)), event))
    root = {"ann": "ann"}
    order = draw(st.permutations(names[1:]))
    for place, name in enumerate(order):
        if draw(st.integers(0, 3)):
            into = draw(st.sampled_from(("ann", *order[:place])))
            root[name] = into
            at = draw(st.integers(0, hours)) * HOUR
            comes = max(at, draw(st.integers(0, 2 * DAY)))
            made.append((min(comes, at + DAY), merged(make, at, name, into)))
    made.sort(key=lambda each: each[0])
    return [event for _, event in made], root


def person(name: str, root: dict[str, str]) -> str:
    while root.get(name, name) != name:
        name = root[name]
    return name


def as_one(event: Any, root: dict[str, str]) -> Any:
    """The event as it would have been with one id; a merge is then a profile that says nothing."""
    name = person(event.customer_id, root)
    if event.type == "profile" and event.merged_into:
        keep: dict[str, Any] = {
            "event_id": event.event_id,
            "occurred_at": event.occurred_at,
            "channel": "other",
        }
        return Profile(**keep, customer_id=name)
    return of(name, event)


@PATIENT
@settings(THOROUGH, max_examples=150)
@given(st.data())
def test_merged_ids_end_as_if_they_had_been_one(data: st.DataObject) -> None:
    # a day at most: what is older than that is settled, and joins as well as it can
    events, root = data.draw(lives(hours=23))
    net, one = Net(), Net()
    for event in events:
        net.take(event)
        for _ in range(data.draw(st.integers(0, 3))):
            net.deliver(data.draw(st.sampled_from(NAMES)))
        if data.draw(st.integers(0, 9)) == 0:
            net.restart(data.draw(st.sampled_from(NAMES)))
        one.take(as_one(event, root))
    net.deliver_all()
    check_states(net, root)
    end = max(part.now for part in (*net.parts.values(), *one.parts.values())) + 60 * DAY
    for each in (net, one):
        each.advance(end)
        each.deliver_all()
    assert not net.letters()
    got, expected = net.figures(), one.figures()
    assert got.keys() == expected.keys()
    for name, line in expected.items():
        agree(
            {figure: value for figure, value in got[name].items() if figure not in APART},
            {figure: value for figure, value in line.items() if figure not in APART},
        )
    # a person counts once for a campaign
    assert campaigns_of(net.contexts()).sums == campaigns_of(one.contexts()).sums
    # a customer for each person, and of its tier
    for net_ in (net, one):
        counted = [0] * len(TIERS)
        for part in net_.parts.values():
            for tier, count in enumerate(part.context.aggregates.customers):
                counted[tier] += count
        tiers = [0] * len(TIERS)
        for line in net_.figures().values():
            tiers[TIERS.index(line["tier"])] += 1
        assert counted == tiers


@PATIENT
@settings(THOROUGH, max_examples=60)
@given(st.data())
def test_an_erased_person_stays_erased_in_whatever_order_its_ids_come(data: st.DataObject) -> None:
    make, draw = Events(), data.draw
    lived = []
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(1, 23)) * HOUR
        drawn = draw(events_at(make, at).filter(_is_no_desk))
        lived.append(of(draw(st.sampled_from(NAMES[:3])), drawn))
    merges = [merged(make, 5 * HOUR, "ben", "ann"), merged(make, 6 * HOUR, "cat", "ben")]
    gone = of("ann", make.profile(DAY, erase=True))
    new = [of("ann", make.click(DAY + HOUR + n)) for n in range(draw(st.integers(0, 2)))]
    order = draw(st.permutations([*lived, *merges, gone, *new]))
    # what occurred after the erasure and came before it is gone with it: so it comes behind
    order = [event for event in order if event not in new]
    order[order.index(gone) + 1 :] = draw(st.permutations([*order[order.index(gone) + 1 :], *new]))
    net = Net()
    for event in order:
        net.take(event)
        for _ in range(draw(st.integers(0, 3))):
            net.deliver(draw(st.sampled_from(NAMES)))
        if draw(st.integers(0, 9)) == 0:
            net.restart(draw(st.sampled_from(NAMES)))
    net.deliver_all()
    assert not net.letters()
    events = {name: line["events"] for name, line in net.figures().items()}
    assert events == ({"ann": len(new)} if new else {})
    erased = [o["customer_id"] for o in net.outputs("customer-transitions") if is_erased(o)]
    assert sorted(erased) == ["ann", "ben", "cat"]
    gone_at = gone.occurred_at.isoformat()
    left = [each for told in net.states.values() for each in told.values()]
    assert all(each["occurred_at"] > gone_at[:19] for each in left)


def is_erased(told: dict[str, Any]) -> bool:
    return bool(told["to_state"] == "erased")


CIRCLES = [
    [("ann", "ben"), ("ben", "ann")],
    [("ann", "ben"), ("ben", "cat"), ("cat", "ann")],
    [("ann", "ben"), ("ben", "cat"), ("cat", "dan"), ("dan", "ben")],
]


@pytest.mark.parametrize("circle", CIRCLES)
@settings(THOROUGH, max_examples=60)
@given(data=st.data())
def test_a_circle_leaves_out_its_newest_merge_whatever_came_first(
    circle: list[tuple[str, str]], data: st.DataObject
) -> None:
    make = Events()
    events = [merged(make, HOUR + n, name, into) for n, (name, into) in enumerate(circle)]
    root = dict(circle[:-1])
    clicks = [of(name, make.click(n)) for n, name in enumerate(NAMES * 2)]
    net = Net()
    for event in data.draw(st.permutations([*events, *clicks])):
        net.take(event)
        for _ in range(data.draw(st.integers(0, 3))):
            net.deliver(data.draw(st.sampled_from(NAMES)))
    net.deliver_all()
    left = {person(name, root) for name in NAMES}
    figures = net.figures()
    assert figures.keys() == left
    expected = {name: 0 for name in left}
    for event in clicks:
        expected[person(event.customer_id, root)] += 1
    for event in events:
        expected[person(event.customer_id, root)] += 1
    refused = len(net.letters())
    assert sum(line["events"] for line in figures.values()) == sum(expected.values()) - refused
    assert refused <= 1

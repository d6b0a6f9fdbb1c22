"""One answer over all customers, however many partitions they are spread over."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import pytest

from agents.customers import customers
from agents.modelling import AnyModelling
from agents.modellings import modellings
from domain.policy import Policy
from schemas.fields import milliseconds
from schemas.segments import SegmentModel
from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    PORTFOLIO,
    SIGNALS,
)
from streams.replay.events import Replay
from streams.sources.bank import Bank
from tests.domain.figured import line_of

pytestmark = pytest.mark.long

CUSTOMERS = 250
EVENTS = 14_000
COUNTS = (4, 12)
DAY_MS = 86_400_000
BY_SEGMENT = {"segment"}
"""Segments are one clustering, not the same to the letter: see test_one_clustering.py."""
BY_RUN = {"standings_id", "version", "occurred_at", "reason"}


class End(NamedTuple):
    """Where a replay ended: figures by customer, outputs by topic and id, the standings."""

    figures: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, tuple[str, str]]]
    standings: dict[str, Any]


@cache
def lines() -> list[bytes]:
    """Some days of a small bank, with every type of event."""
    bank = Bank(seed=9, customers=CUSTOMERS, bad=0.0)
    return [record[2] for record in itertools.islice(bank.events(), EVENTS)]


def made(policy: Policy) -> tuple[AnyModelling, ...]:
    """All modellings; segments, whose model takes long and is not compared here, but once a day."""
    return tuple(
        replace(one, replay_ms=DAY_MS) if one.kind == SegmentModel.kind else one
        for one in modellings(policy)
    )


@cache
def replayed(partitions: int) -> End:
    """The bank through so many partitions, all clocks set to the same end."""
    policy = Policy()
    replay = Replay(customers(policy), partitions, made(policy))
    last = max(json.loads(line)["occurred_at"] for line in lines())
    told: dict[str, dict[str, tuple[str, str]]] = {}
    end = milliseconds(datetime.fromisoformat(last)) + 2 * DAY_MS
    fed = itertools.chain(replay.feed(lines()), replay.until(end))
    for topic, value in fed:
        output = json.loads(value)
        known = told.setdefault(topic, {})
        if output.get("deleted"):
            known.pop(_id(output))
        else:
            what = output.get("status", output.get("kind", ""))
            known[_id(output)] = what, output["occurred_at"]
    figures = {state.customer_id: line_of(state) for state in replay.customers()}
    return End(figures, told, json.loads(replay.models["standings"].model_dump_json()))


def _id(output: dict[str, Any]) -> str:
    names = ("alert_id", "transition_id", "signal_id", "task_id", "update_id", "dead_letter_id")
    found: list[str] = [output[name] for name in names if name in output]
    return found[0] if found else output["reason"]


@pytest.mark.parametrize("partitions", COUNTS)
def test_every_figure_of_every_customer_is_the_same(partitions: int) -> None:
    one, other = replayed(1).figures, replayed(partitions).figures
    assert one.keys() == other.keys()
    for customer, figures in one.items():
        _agree(figures, other[customer], customer)


@pytest.mark.parametrize("partitions", COUNTS)
@pytest.mark.parametrize("topic", [ALERTS, ALERT_STATES, CARE_TASKS, CUSTOMER_TRANSITIONS, SIGNALS])
def test_the_same_is_told_of_the_same_causes(partitions: int, topic: str) -> None:
    one, other = replayed(1).outputs.get(topic, {}), replayed(partitions).outputs.get(topic, {})
    assert one == other
    if topic in (ALERTS, CUSTOMER_TRANSITIONS):
        assert len(one) > 40
    if topic == ALERT_STATES:
        assert len(one) > 20


@pytest.mark.parametrize("partitions", COUNTS)
def test_the_lines_between_classes_are_the_same(partitions: int) -> None:
    one, other = (
        {name: value for name, value in replayed(count).standings.items() if name not in BY_RUN}
        for count in (1, partitions)
    )
    assert one == other
    assert one["customers"] > CUSTOMERS / 2
    assert PORTFOLIO not in replayed(1).outputs


def _agree(one: Any, other: Any, place: str) -> None:
    """Equal, floats to 1e-9."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for name in one.keys() - BY_SEGMENT:
            _agree(one[name], other[name], f"{place}.{name}")
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-9), place
    else:
        assert one == other, place

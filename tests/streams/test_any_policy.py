"""Any policy within its bounds runs a bank: no rule, model or timer ends in an exception."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from schemas.examples import EXAMPLES
from schemas.fields import milliseconds
from schemas.units import MS_PER_DAY
from streams.replay.events import Replay
from streams.sources.bank import Bank, Mix
from tests.domain.figured import line_of
from tests.domain.policy.any_policy import everywhere, policies

pytestmark = pytest.mark.long

CUSTOMERS = 12
EVENTS = 260
AHEAD_DAYS = (1, 45, 1_500)
"""Timers run so far behind the last event, one after another."""
EXAMPLES_RUN = int(os.environ.get("TOUCHLINE_TEST_POLICIES", "60"))
MIX = Mix(
    app_click=0.4, transaction=0.2, complaint=0.08, survey=0.12, contact=0.1,
    feedback=0.05, campaign=0.06, owner_change=0.02, awakening=0.01,
)  # fmt: skip


@cache
def lines() -> list[bytes]:
    """Some weeks of a small bank with a good deal of what is rare, and every case of every type."""
    bank = Bank(seed=4, customers=CUSTOMERS, vip_share=0.4, bad=0.0, mix=MIX)
    made = [record.value for record in itertools.islice(bank.events(), EVENTS)]
    last = json.loads(made[-1])["occurred_at"]
    known = sorted({json.loads(line)["customer_id"] for line in made})
    cases = (example for examples in EXAMPLES.values() for example in examples)
    for nth, example in enumerate(cases):
        event = example | {"occurred_at": last, "customer_id": known[nth % len(known)]}
        made.append(json.dumps(event).encode())
    return made


def run(policy: Policy) -> Replay:  # type: ignore[type-arg]
    """The bank under a policy, with every timer far behind its end; everybody's figures told."""
    daily = [replace(one, replay_ms=MS_PER_DAY) for one in modellings(policy)]
    replay = Replay(customers(policy), 2, daily)
    end = milliseconds(datetime.fromisoformat(json.loads(lines()[-1])["occurred_at"]))
    later = (replay.until(end + days * MS_PER_DAY) for days in AHEAD_DAYS)
    for _, value in itertools.chain(replay.feed(lines()), *later):
        json.loads(value)
    for figures in replay.customers():
        line_of(figures)
        assert not lost(msgspec.to_builtins(figures)), figures.customer_id
    return replay


def lost(told: Any, path: str = "") -> list[str]:
    """Numbers that are none: JSON would have null there."""
    if isinstance(told, float):
        return [] if isfinite(told) else [path]
    inner: Iterable[tuple[Any, Any]] = told.items() if isinstance(told, dict) else ()
    inner = enumerate(told) if isinstance(told, list) else inner
    return [one for name, value in inner for one in lost(value, f"{path}.{name}")]


def test_the_bank_has_every_type_of_event() -> None:
    assert {json.loads(line)["type"] for line in lines()} == set(EXAMPLES)


@pytest.mark.parametrize("end", [0, 1])
def test_the_least_and_the_most_of_every_number_run_the_bank(end: int) -> None:
    replay = run(everywhere(end))
    assert len(list(replay.customers())) >= CUSTOMERS - 1  # one is erased


@pytest.mark.timeout(1_800)
@settings(max_examples=EXAMPLES_RUN, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies())
def test_any_policy_within_bounds_runs_the_bank(policy: Policy) -> None:
    run(policy)

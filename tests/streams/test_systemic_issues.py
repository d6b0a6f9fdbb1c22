"""Systemic issues from complaints of many customers, however many partitions they lie in."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from schemas.surges import Surges
from streams.replay.events import Replay


@cache
def lines() -> list[bytes]:
    """Three quiet days with a complaint an hour, then nine about cards within one hour."""
    told = [(hour * 60, "fees", "account") for hour in range(72)]
    told += [(72 * 60 + 2 * n, "outage", "card") for n in range(9)]
    told += [(74 * 60, "fees", "account")]
    return [
        json.dumps(
            {
                "event_id": f"e-{n}",
                "customer_id": f"c-{n}",
                "occurred_at": f"2026-03-{2 + at // 1_440:02}T{at // 60 % 24:02}:{at % 60:02}:00Z",
                "channel": "app",
                "type": "complaint",
                "complaint_id": f"k-{n}",
                "status": "opened",
                "severity": 3,
                "factor": "service",
                "category": category,
                "product": product,
            }
        ).encode()
        for n, (at, category, product) in enumerate(told)
    ]


def replayed(partitions: int) -> tuple[list[Any], Surges]:
    """The signals and the record of a replay."""
    policy = Policy()
    replay = Replay(customers(policy), partitions, modellings(policy))
    signals = [json.loads(value) for topic, value in replay.feed(lines()) if topic == "signals"]
    record = replay.models["surges"]
    assert isinstance(record, Surges)
    return signals, record


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_an_outage_is_signalled_once_with_examples(partitions: int) -> None:
    signals, record = replayed(partitions)
    [signal] = signals
    assert signal["kind"] == "systemic_issue"
    assert signal["labels"] == {"category": "outage", "product": "card", "channel": "app"}
    assert (signal["value"], signal["occurred_at"]) == (9.0, "2026-03-05T00:00:00.000Z")
    assert signal["cause"] == ["e-72", "e-73", "e-74"]
    assert record.version == 1
    assert [surge.complaints for surge in record.signalled] == [9]
    assert (signals, record) == replayed(1)

"""The desk on a partition that is stopped and restored: what is due comes once, on time."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from agents.customers import customers
from domain.alerts.ids import first_id
from domain.policy import Policy
from schemas.deadletter import Original
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore

MINUTE = 60_000
START = 1_772_409_600_000  # 2026-03-02T00:00:00Z
ALERT = first_id("vip_complaint", "c-1", "complaint", "e-opened")
TOPIC = {"transaction": "touchpoints.transactions", "complaint": "touchpoints.complaints",
         "desk": "touchpoints.desk", "app_click": "touchpoints.app"}  # fmt: skip


class Worker:
    """A partition over a store; ``restart`` forgets all that is not in the store."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.alerts: list[dict[str, Any]] = []
        self.refused: list[tuple[str, str]] = []
        self._offsets = itertools.count()
        self.restart()

    def restart(self) -> None:
        """A new worker over what was committed."""
        saved = self.store.get(CHECKPOINT_KEY)
        checkpoint = load_checkpoint(saved) if saved else None
        self.partition = Partition(customers(Policy()), 0, self.store, checkpoint, clock="wall")

    def take(self, minute: int, kind: str, customer: str = "c-1", **fields: Any) -> None:
        """Apply and commit one event that happened just now."""
        at = START + minute * MINUTE
        event = {
            "event_id": f"e-{minute}-{kind}", "customer_id": customer, "channel": "app",
            "occurred_at": f"2026-03-02T{minute // 60:02}:{minute % 60:02}:00Z", "type": kind,
        } | fields  # fmt: skip
        value = json.dumps(event).encode()
        record = Original(TOPIC[kind], 0, next(self._offsets), at, customer.encode(), value)
        decoded = self.partition.topology.decode([value])[0]
        self.partition.apply(self.partition.judge(decoded, record.topic, record), at)
        self.commit()

    def until(self, minute: int) -> None:
        """Let the wall clock run, and commit."""
        self.partition.advance(START + minute * MINUTE)
        self.commit()

    def commit(self) -> None:
        """What one transaction would send."""
        drained = self.partition.drain()
        letters = [
            json.loads(sent.value or b"")
            for sent in drained.outputs
            if sent.topic == "dead-letters"
        ]
        self.refused += [(letter["reason"], letter["customer_id"]) for letter in letters]
        told = [json.loads(sent.value or b"") for sent in drained.outputs if sent.topic == "alerts"]
        self.alerts += [alert for alert in told if alert["kind"] == "vip_complaint"]


def with_an_urgent_alert() -> Worker:
    """A worker that has just told of a VIP's grave complaint."""
    worker = Worker()
    money: dict[str, Any] = {"amount": 1, "currency": "CNY", "direction": "credit"}
    worker.take(0, "transaction", account_id="a", balance_after=500_000, **money)
    opened: dict[str, Any] = {"complaint_id": "k-1", "status": "opened", "severity": 5}
    worker.take(1, "complaint", event_id="e-opened", factor="service", category="fees", **opened)
    assert [alert["alert_id"] for alert in worker.alerts] == [ALERT]
    return worker


@pytest.mark.parametrize("restarts", [False, True])
def test_an_alert_nobody_acknowledges_comes_again_once_a_level_whatever_is_restarted(
    restarts: bool,
) -> None:
    worker = with_an_urgent_alert()
    for minute in range(2, 60):
        if restarts:
            worker.restart()
        worker.until(minute)
        if minute == 5:  # somebody else's event moves nothing
            worker.take(5, "app_click", "c-2", action="tab_switch")
    told = [(alert["level"], alert["occurred_at"][11:16]) for alert in worker.alerts[1:]]
    assert told == [(2, "00:11"), (3, "00:21")]
    assert len({alert["alert_id"] for alert in worker.alerts}) == 3


def test_a_worker_that_was_down_tells_both_levels_when_it_is_back() -> None:
    worker = with_an_urgent_alert()
    worker.restart()
    worker.until(55)
    assert [alert["level"] for alert in worker.alerts[1:]] == [2, 3]
    assert {alert["raised_at"][11:16] for alert in worker.alerts[1:]} == {"00:55"}


def test_an_acknowledgement_survives_a_restart() -> None:
    worker = with_an_urgent_alert()
    worker.take(8, "desk", alert_id=ALERT, action="acknowledged", by="m-1")
    worker.restart()
    worker.until(59)
    assert len(worker.alerts) == 1
    [(_, state)] = worker.partition.export()
    assert (state.alerts_acknowledged, state.desk_unmatched) == (1, 0)


def test_what_is_done_about_an_alert_of_another_customer_is_a_dead_letter() -> None:
    worker = with_an_urgent_alert()
    worker.take(7, "desk", "c-2", alert_id=ALERT, action="acknowledged", by="m-1")
    worker.take(8, "desk", "c-2", alert_id=ALERT[:32], action="acknowledged", by="m-1")
    worker.until(12)
    assert worker.refused == [("wrong_customer", "c-2")]
    assert [alert.get("level") for alert in worker.alerts] == [None, 2]
    [(_, state), (_, other)] = worker.partition.export()
    assert (state.alerts_acknowledged, other.events, other.desk_unmatched) == (0, 1, 1)

"""The judge of the read model's moments sees half a commit, what is lost, doubled or stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from domain.assembly.erasures import Erasures
from schemas.fields import moment, rfc3339
from schemas.topics import ALERT_STATES, SIGNALS
from streams.engine.checkpoint import CHECKPOINT_KEY, SHARED_PREFIX, Checkpoint, dump_checkpoint
from tests.chaos.ledger import Ledger
from tests.chaos.moments import judge
from tests.chaos.shown import Seen, Stand

TOPIC, CHANGELOG = "touchpoints.app", "test-changelog"
AT, DONE = 1_767_225_600_000, 1_767_225_601_000  # 2026-01-01, and a second later


class Came(NamedTuple):
    """A record as it is fetched."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = DONE + 1_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


def checkpoint(counted: int) -> bytes:
    return dump_checkpoint(Checkpoint(next_offsets={TOPIC: counted}, clock=AT))


def mark_of(customer: str) -> tuple[bytes, bytes]:
    """The record of an erasure that was done at ``DONE``."""
    erasures = Erasures()
    erasures.note(customer, AT, DONE + 1_000_000, DONE)
    [(key, value)] = erasures.changed_records(DONE)
    assert value is not None
    return SHARED_PREFIX + key, value


def signal(customer: str, at: str) -> bytes:
    told = {"kind": "unknown_currency", "customer_id": customer, "occurred_at": at, "reason": ""}
    return json.dumps(told).encode()


BEFORE, AFTER = (signal("bob", f"2026-01-01T00:00:0{second}Z") for second in (0, 2))
MARK, MARK_VALUE = mark_of("bob")
FIRST = {b"calice": b"one", CHECKPOINT_KEY: checkpoint(1)}
SECOND = {b"calice": b"two", MARK: MARK_VALUE, CHECKPOINT_KEY: checkpoint(2)}


def ledger() -> Ledger:
    """Two commits, the second one with bob's erasure; a signal of bob before it, one after."""
    made = Ledger("", CHANGELOG, 1)
    records = [*FIRST.items(), *SECOND.items()]
    made.take(CHANGELOG, 0, [Came(offset, *each) for offset, each in enumerate(records)])
    made.take(SIGNALS, 0, [Came(0, b"bob", BEFORE), Came(1, b"bob", AFTER)])
    made.take(TOPIC, 0, [Came(0, b"alice", b"torn")])
    return made


def seen(
    position: int, counted: int, records: Mapping[bytes, bytes], signals: Mapping[int, bytes],
    **more: Any,
) -> Seen:  # fmt: skip
    positions = {(CHANGELOG, 0): position, (SIGNALS, 0): 2, (TOPIC, 0): 1}
    outputs = [(SIGNALS, 0, offset, "bob", value) for offset, value in signals.items()]
    inputs = more.pop("inputs", [(TOPIC, 0, 0, "alice", b"torn")])
    stand = Stand(positions, {(TOPIC, 0): counted}, 0)
    return Seen(stand, [0], {0: dict(records)}, outputs, [], [], inputs, **more)


def test_whole_commits_with_what_is_not_erased_are_right() -> None:
    kafka = ledger()
    assert judge(kafka, seen(2, 1, FIRST, {0: BEFORE, 1: AFTER})) == []
    assert judge(kafka, seen(5, 2, SECOND, {1: AFTER})) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (seen(3, 1, FIRST | {b"calice": b"two"}, {1: AFTER}), "half a commit"),
        (seen(2, 1, FIRST | {b"calice": b"two"}, {0: BEFORE, 1: AFTER}), "record in 0"),
        (seen(5, 1, SECOND, {1: AFTER}), "counted in 0"),
        (seen(5, 2, SECOND, {0: BEFORE, 1: AFTER}), "output"),  # of who was erased
        (seen(5, 2, SECOND, {}), "output"),  # from after that
        (seen(2, 1, FIRST, {1: AFTER}), "output"),  # not erased yet
        (seen(5, 2, SECOND, {1: AFTER}, inputs=[]), "event"),
        (seen(5, 2, SECOND, {1: AFTER}, inputs=[(TOPIC, 0, 0, "alice", b"torn")] * 2), "twice"),
    ],
)
def test_what_is_otherwise_is_told(wrong: Seen, told: str) -> None:
    assert any(told in line for line in judge(ledger(), wrong))


def test_going_back_is_told() -> None:
    kafka = ledger()
    judge(kafka, seen(5, 2, SECOND, {1: AFTER}))
    assert "undone" in judge(kafka, seen(2, 1, FIRST, {0: BEFORE, 1: AFTER}))[0]


def test_a_deletion_of_an_alert_that_moved_to_another_partition_may_be_told_or_not() -> None:
    kafka = Ledger("", CHANGELOG, 2)
    when = "2026-01-01T00:00:00Z"
    state = json.dumps(
        {
            **{"alert_id": "a1", "newest_id": "a1", "customer_id": "bob", "status": "open"},
            **{"kind": "vip_new", "tier": "vip", "priority": 2},
            **{"raised_at": when, "changed_at": when},
        }
    ).encode()
    for number in range(2):
        kafka.take(ALERT_STATES, number, [Came(0, b"a1", state), Came(1, b"a1", None)])
    kafka.take(ALERT_STATES, 0, [Came(2, b"a2", None)])
    assert kafka.moved_on() == {(ALERT_STATES, 0, 1), (ALERT_STATES, 1, 1)}


def test_what_came_in_after_an_erasure_was_asked_for_is_of_a_new_life() -> None:
    kafka = ledger()
    kafka.fold(0, 5)
    events = [
        json.dumps({"type": "app_click", "occurred_at": rfc3339(moment(at))}).encode()
        for at in (AT, AT + 1, DONE + 1)
    ]
    kafka.take(TOPIC, 0, [Came(1 + n, b"bob", value) for n, value in enumerate(events)])
    assert [line.offset for line in kafka.kept((TOPIC, 0), 9) if line.customer == "bob"] == [2, 3]
    assert [line.offset for line in kafka.kept((SIGNALS, 0), 9)] == [1]

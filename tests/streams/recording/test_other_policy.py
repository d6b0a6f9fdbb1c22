"""A partition under another policy: its timers are set anew, and its record plays the same."""

from __future__ import annotations

import time
from pathlib import Path

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from domain.policy.fingerprint import fingerprint
from schemas.deadletter import Original
from schemas.topics import ALERTS, PARTITION_SUMMARIES
from schemas.workers import WorkedBy
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.doings import Advance, Drain, Land, Work
from streams.engine.inbox import Taken
from streams.engine.partition import Drained, Opening
from streams.engine.store import MemoryStore
from streams.engine.worked_by import worked_by
from streams.recording.playing import Playback
from streams.recording.writing import Recorder
from tests.streams.recording.test_recording import copied
from tests.streams.running import CustomersPartition, ago, event

TIERS = ("standard", "prospect", "key", "vip", "private")


def promising(hours: float) -> Policy:
    """A policy by which each complaint is to be acknowledged within so many hours."""
    return Policy.model_validate({"complaints": {"acknowledge_hours": dict.fromkeys(TIERS, hours)}})


def now() -> int:
    """The wall time in ms."""
    return time.time_ns() // 1_000_000


LONG, SHORT = promising(300), promising(0.01)


def opening(store: MemoryStore, policy: Policy) -> Opening:
    """How a worker of a policy opens what lies in the store."""
    saved = store.get(CHECKPOINT_KEY)
    before = load_checkpoint(saved) if saved else None
    by = worked_by(WorkedBy(fingerprint(policy), "f", "1", "w:1"), before, now(), 0)
    return Opening(0, store, before, "wall", by=by)


def complained(store: MemoryStore, customers_: int) -> None:
    """Complaints of so many customers, opened a minute ago under the long promise."""
    one: CustomersPartition = opening(store, LONG).of(customers(LONG))
    for number in range(customers_):
        topic, key, value = event(
            f"e-{number}", f"c-{number}", "complaint", complaint_id=f"k-{number}", status="opened",
            severity=3, factor="service", category="fees", **ago(60),
        )  # fmt: skip
        record = Original(topic, 0, number, now(), key, value)
        one.take(Taken(one.judged(topic, [record]), {topic: number + 1}), now())
    assert not escalated(one.drain())


def escalated(drained: Drained) -> int:
    """How many complaints were escalated."""
    return sum(
        sent.topic == ALERTS and sent.kind == "complaint_escalated" for sent in drained.outputs
    )


def test_timers_are_set_anew_in_slices_and_played_to_the_byte(tmp_path: Path) -> None:
    store = MemoryStore()
    complained(store, 300)
    recorder, kept = Recorder(tmp_path, SHORT, 1 << 22), copied(store)
    opened = opening(kept, SHORT)
    partition: CustomersPartition = opened.of(customers(SHORT))
    do = recorder.watch(partition, opened)
    slices = 0
    while partition.busy:
        do(Work())
        slices += 1
    assert slices >= 3
    do(Advance(now()))
    drained = do(Drain())
    do(Land())
    assert escalated(drained) == 300
    assert sum(sent.topic == PARTITION_SUMMARIES for sent in drained.outputs) == 1
    playback = Playback(customers(SHORT), modellings(SHORT), tmp_path)
    assert [value for _, value in playback.play()] == [sent.value for sent in drained.outputs]
    again = playback.partitions[0].store
    assert dict(again.items()) == dict(kept.items())


def test_by_the_same_policy_nothing_is_looked_at_again() -> None:
    store = MemoryStore()
    complained(store, 3)
    partition: CustomersPartition = opening(copied(store), LONG).of(customers(LONG))
    while partition.population is not None and partition.population.busy:
        partition.work()
    before = dict(partition.timers.due_of)
    assert not partition.busy and partition.pending == 0
    other: CustomersPartition = opening(copied(store), SHORT).of(customers(SHORT))
    while other.busy:
        other.work()
    assert {key: due for key, due in before.items()} != dict(other.timers.due_of)


def test_who_opens_before_all_timers_are_set_anew_begins_again() -> None:
    """As by a commit that failed, or a worker that was killed."""
    store = MemoryStore()
    complained(store, 300)
    first: CustomersPartition = opening(store, SHORT).of(customers(SHORT))
    first.work()
    first.drain()
    assert first.busy
    second: CustomersPartition = opening(store, SHORT).of(customers(SHORT))
    while second.busy:
        second.work()
    assert second.pending
    second.advance(now())
    assert escalated(second.drain()) == 300
    third: CustomersPartition = opening(store, SHORT).of(customers(SHORT))
    while third.population is not None and third.population.busy:
        third.work()
    assert not third.busy and third.pending == 0

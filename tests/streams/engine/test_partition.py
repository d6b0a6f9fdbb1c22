"""One partition without Kafka: what it applies, fires, refuses, keeps and finds again."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from schemas.deadletter import Original
from schemas.topics import DEAD_LETTERS
from streams.engine.cache import Budget
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from tests.streams.engine.counting import TIMER_MS, Counted, counted, counting, line

WALL = 1_000_000_000


def partition(
    store: MemoryStore | None = None,
    clock: Literal["wall", "event"] = "event",
    budget: Budget | None = None,
) -> Counted:
    store = MemoryStore() if store is None else store
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved else None
    return Partition(counting("a", "b"), 0, store, checkpoint, clock=clock, budget=budget)


def records(topic: str, events: Sequence[tuple[str, int, int]], start: int = 0) -> list[Original]:
    return [
        Original(topic, 0, start + n, at, key.encode(), line(key, at, amount, topic))
        for n, (key, at, amount) in enumerate(events)
    ]


def letters(outputs: Sequence[Any]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(sent.value) for sent in outputs if sent.topic == DEAD_LETTERS]


def test_topics_are_applied_in_event_order_and_the_checkpoint_follows() -> None:
    one = partition()
    one.receive("a", records("a", [("x", 30, 1), ("x", 50, 2)]), 2)
    one.receive("b", records("b", [("x", 40, 4)]), 1)
    assert one.step(WALL, limit=2) == 2
    assert one.now == 40
    assert one.next_offsets == {"a": 1, "b": 1}
    assert one.step(WALL) == 1
    checkpoint = load_checkpoint(dict(one.drain().changelog)[CHECKPOINT_KEY] or b"")
    assert checkpoint.next_offsets == {"a": 2, "b": 1}
    assert checkpoint.clock == 50


def test_records_below_the_checkpoint_are_dropped() -> None:
    store = MemoryStore()
    first = partition(store)
    first.receive("a", records("a", [("x", 1, 5), ("x", 2, 6)]), 2)
    first.step(WALL)
    first.drain()
    again = partition(store)
    again.receive("a", records("a", [("x", 1, 5), ("x", 2, 6), ("x", 3, 7)]), 3)
    again.step(WALL)
    state = again.state("x")
    assert state is not None
    assert (state.events, state.total) == (3, 18)


def test_state_is_found_again_after_eviction_and_restart() -> None:
    store = MemoryStore()
    one = partition(store, budget=Budget(0))
    for round_ in range(3):
        events = [(key, 10 * round_ + 1, 1) for key in ("x", "y", "z")]
        one.receive("a", records("a", events, start=3 * round_), 3 * round_ + 3)
        one.step(WALL)
        one.drain()
    restarted = partition(store)
    assert [state["events"] for _, state in counted(restarted)] == [3, 3, 3]
    assert restarted.context.events == 9


def test_a_timer_fires_when_the_clock_passes_it_and_only_once() -> None:
    one = partition()
    one.receive("a", records("a", [("x", 10, 0), ("y", 10 + TIMER_MS - 1, 1)]), 2)
    one.step(WALL)
    assert one.drain().outputs == []
    one.receive("a", records("a", [("y", 10 + TIMER_MS, 1)], start=2), 3)
    one.step(WALL)
    assert [sent.kind for sent in one.drain().outputs] == ["due"]
    one.advance(10**12)
    assert one.drain().outputs == []


def test_a_timer_survives_a_restart() -> None:
    store = MemoryStore()
    one = partition(store)
    one.receive("a", records("a", [("x", 10, 0)]), 1)
    one.step(WALL)
    one.drain()
    again = partition(store)
    again.advance(10 + TIMER_MS)
    assert [sent.kind for sent in again.drain().outputs] == ["due"]
    assert partition(store).timers.next_due is None


def test_what_cannot_be_applied_becomes_a_dead_letter_with_its_reason() -> None:
    one = partition(clock="wall")
    good = line("x", WALL, 1, "a")
    bad = [
        Original("a", 0, 0, 1, b"x", b"no event"),
        Original("a", 0, 1, 1, b"y", good),
        Original("a", 0, 2, 1, b"x", line("x", WALL, 1, "b")),
        Original("a", 0, 3, 1, b"x", line("x", WALL + 300_001, 1, "a")),
        Original("a", 0, 4, 1, b"x", line("x", WALL, -1, "a")),
        Original("a", 0, 5, 1, b"x", line("x", WALL + 300_000, 7, "a")),
    ]
    one.receive("a", bad, 6)
    one.step(WALL)
    drained = one.drain()
    found = [(letter["offset"], letter["reason"]) for letter in letters(drained.outputs)]
    assert found == [
        (0, "invalid"),
        (1, "key_mismatch"),
        (2, "key_mismatch"),
        (3, "in_future"),
        (4, "too_late"),
    ]
    state = one.state("x")
    assert state is not None
    assert state.total == 7
    assert drained.next_offsets["a"] == 6


def test_the_wall_clock_bounds_the_task_clock_and_old_events_are_late() -> None:
    one = partition(clock="wall")
    one.receive("a", records("a", [("x", WALL + 1000, 1)]), 1)
    one.step(WALL)
    assert one.now == WALL
    one.receive("a", records("a", [("x", WALL - 60_001, 1)], start=1), 2)
    one.step(WALL)
    assert one.context.late
    assert one.now == WALL


def test_a_batch_applied_in_pieces_gives_the_same_bytes() -> None:
    events = [(f"k{n % 7}", 100 * n, n % 5) for n in range(200)]
    stores = []
    for size in (200, 1, 13):
        store = MemoryStore()
        one = partition(store)
        one.receive("a", records("a", events), len(events))
        while one.step(WALL, limit=size):
            one.drain()
        stores.append(store.records)
    assert stores[0] == stores[1] == stores[2]


def test_a_partition_without_a_population_goes_on_after_it_was_told_to_settle() -> None:
    one = partition(clock="wall")
    one.receive("a", records("a", [("x", 1_000, 1)]), 1)
    one.step(WALL)
    one.settle()
    one.receive("a", records("a", [("x", 9_000, 2)], start=1), 2)
    assert one.step(WALL) == 1
    state = one.state("x")
    assert state is not None
    assert state.total == 3
    assert not one.busy

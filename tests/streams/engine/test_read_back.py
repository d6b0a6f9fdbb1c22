"""Outputs that are read back: applied at once, waited for by nobody, no event of anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from faust.types import TP

from schemas.deadletter import Original
from schemas.topics import DEAD_LETTERS
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.inbox import LAST, Chunk
from streams.engine.intake import Intake
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from streams.settings import Settings
from tests.streams.engine.counting import TIMER_MS, Counted, counting, line

TOPOLOGY = counting("a", "b", read_back="echo")
WALL = 1_000_000_000


def partition(store: MemoryStore | None = None, clock: Any = "event") -> Counted:
    store = MemoryStore() if store is None else store
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved else None
    return Partition(TOPOLOGY, 0, store, checkpoint, clock=clock)


def events(topic: str, *given: tuple[str, int, int], start: int = 0) -> list[Original]:
    return [
        Original(topic, 0, start + n, at, key.encode(), line(key, at, amount, topic))
        for n, (key, at, amount) in enumerate(given)
    ]


def echoes(*given: tuple[str, int], start: int = 0) -> list[Original]:
    return [
        Original("echo", 0, start + n, 5, key.encode(), f"{key},{amount}".encode())
        for n, (key, amount) in enumerate(given)
    ]


@pytest.mark.parametrize("clock", ["event", "wall"])
def test_it_is_applied_before_all_that_waits_and_moves_no_clock(clock: str) -> None:
    one = partition(clock=clock)
    one.receive("a", events("a", ("x", 50, 0)), 1)
    one.step(WALL)
    assert one.now == 50
    one.receive("a", events("a", ("x", 60, 1), start=1), 2)
    one.receive("echo", echoes(("x", 100), ("y", 7)), 2)
    assert one.step(WALL, limit=2) == 2
    state = one.state("x")
    assert state is not None
    assert (state.events, state.total) == (1, 100)
    assert one.now == 50
    assert one.context.events == 1
    assert one.next_offsets == {"a": 1, "echo": 2}
    one.step(WALL)
    drained = one.drain()
    assert drained.counts["echo", "read_back"] == 2
    assert drained.counts["counted", "accepted"] == 2
    assert drained.outputs == []
    assert one.timers.next_due == 50 + TIMER_MS


def test_it_is_kept_and_not_taken_twice_after_a_restart() -> None:
    store = MemoryStore()
    first = partition(store)
    first.receive("echo", echoes(("x", 5), ("x", 6)), 2)
    first.step(WALL)
    first.drain()
    again = partition(store)
    again.receive("echo", echoes(("x", 5), ("x", 6), ("x", 7)), 3)
    again.step(WALL)
    assert again.next_offsets["echo"] == 3
    state = again.state("x")
    assert state is not None
    assert (state.events, state.total) == (0, 18)


def test_what_is_no_such_record_is_a_dead_letter() -> None:
    one = partition()
    bad = [
        Original("echo", 0, 0, 1, b"x", line("x", 1, 1, "a")),
        Original("echo", 0, 1, 1, b"y", b"x,1"),
        Original("echo", 0, 2, 1, None, b"x,1"),
        Original("echo", 0, 3, 1, b"x", None),
    ]
    one.receive("echo", bad, 4)
    one.receive("a", [Original("a", 0, 0, 1, b"x", b"x,1")], 1)
    one.step(WALL)
    letters = [
        msgspec.json.decode(sent.value or b"")
        for sent in one.drain().outputs
        if sent.topic == DEAD_LETTERS
    ]
    assert sorted((each["source_topic"], each["offset"], each["reason"]) for each in letters) == [
        ("a", 0, "invalid"),
        ("echo", 0, "invalid"),
        ("echo", 1, "key_mismatch"),
        ("echo", 2, "key_mismatch"),
        ("echo", 3, "invalid"),
    ]
    assert one.next_offsets == {"echo": 4, "a": 1}


def test_a_position_behind_nothing_is_committed_although_other_topics_wait() -> None:
    one = partition()
    one.receive("a", events("a", ("x", 50, 1)), 1)
    one.receive("echo", [], 3)
    assert one.next_offsets == {"echo": 3}
    one.receive("echo", echoes(("x", 1), start=3), 4)
    one.receive("echo", [], 6)
    assert one.next_offsets == {"echo": 3}
    one.step(WALL)
    assert one.next_offsets == {"a": 1, "echo": 6}


# -- what the merge waits for -------------------------------------------------------------


@dataclass
class Asked:
    """What Kafka last said of each topic: when it had been read to its end, ``None``: it has more.

    Stands for the transport's consumer, of which an intake asks no more than this.
    """

    until: dict[str, int | None]
    held: set[TP] = field(default_factory=set)

    def start_from(self, positions: Mapping[TP, int]) -> dict[TP, int]:
        return dict.fromkeys(positions, 1)

    def leave(self, tps: Iterable[TP]) -> None: ...

    def hold(self, tps: Iterable[TP]) -> None:
        self.held |= set(tps)

    def release(self, tps: Iterable[TP]) -> None:
        self.held -= set(tps)

    def ended(self, tp: TP, received: int) -> int | None:
        return self.until[tp.topic]

    def asked_at(self, tp: TP) -> int:
        return max(at or 0 for at in self.until.values())


@dataclass
class Reading:
    """An intake of the counting topology on a clock, and its partition."""

    clock: Any
    asked: Any

    def __post_init__(self) -> None:
        self.partition = partition(clock=self.clock)
        self.intake = Intake(TOPOLOGY, 0, Settings(clock=self.clock))
        self.intake.start(self.asked, {"a": 0, "b": 0, "echo": 0})
        self.ends = {"a": 0, "b": 0, "echo": 0}

    def arrives(self, topic: str, records: list[Original]) -> None:
        start, end = self.ends[topic], self.ends[topic] + len(records)
        self.ends[topic] = end
        chunk = Chunk(topic, 0, records, start, end, 1)
        assert self.intake.accept(self.asked, self.partition, chunk)

    def turn(self) -> int | None:
        """One turn of a task; the bound it worked by."""
        look = self.intake.look(self.asked, self.partition)
        if look.bound is not None:
            self.partition.step(WALL, bound=look.bound)
        return look.bound


FOREVER = 1 << 60


@pytest.mark.parametrize("clock", ["event", "wall"])
def test_no_topic_waits_for_one_that_is_read_back(clock: str) -> None:
    reading = Reading(clock, Asked({"a": FOREVER, "b": FOREVER, "echo": None}))
    reading.arrives("a", events("a", ("x", 50, 1), ("x", 70, 1)))
    assert reading.turn() == LAST
    assert reading.partition.next_offsets == {"a": 2}
    # nor is anything bound by what of it waits
    reading.arrives("echo", echoes(("x", 10)))
    reading.arrives("a", events("a", ("x", 90, 1), start=2))
    assert reading.turn() == LAST
    assert reading.partition.next_offsets == {"a": 3, "echo": 1}


@pytest.mark.parametrize("clock", ["event", "wall"])
def test_what_is_read_back_waits_for_no_topic(clock: str) -> None:
    reading = Reading(clock, Asked({"a": FOREVER, "b": None, "echo": FOREVER}))
    reading.arrives("a", events("a", ("x", 50, 1)))
    reading.arrives("echo", echoes(("x", 10)))
    reading.turn()
    state = reading.partition.state("x")
    assert state is not None
    assert (state.events, state.total) == (0, 10)
    assert reading.partition.next_offsets == {"echo": 1}
    reading.asked.until["b"] = FOREVER
    reading.turn()
    assert reading.partition.next_offsets == {"echo": 1, "a": 1}


def test_alone_it_starts_no_waiting() -> None:
    reading = Reading("wall", Asked({"a": FOREVER, "b": None, "echo": FOREVER}))
    reading.arrives("echo", echoes(("x", 10)))
    reading.turn()
    assert reading.intake.merging_since is None
    assert not reading.intake.hurried

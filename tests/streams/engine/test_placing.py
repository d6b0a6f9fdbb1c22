"""Where keys belong, and what a partition says of records that lie elsewhere."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadletter import Original
from schemas.topics import DEAD_LETTERS
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Partition
from streams.engine.placing import FEW, UNKNOWN, Placing, partition_of, partitions_of
from streams.engine.store import MemoryStore
from tests.streams.engine.counting import TIMER_MS, Counted, counting, line
from tests.streams.engine.test_partition import letters

WALL = 1_000_000_000
COUNT = 12
ANN, BOB = 2, 6  # where Kafka's own tool puts the keys `ann` and `bob` among twelve
KEYS = st.lists(st.binary(max_size=70), max_size=60)


def opened(
    number: int,
    store: MemoryStore | None = None,
    partitions: int = COUNT,
    clock: Literal["wall", "event"] = "event",
) -> Counted:
    store = MemoryStore() if store is None else store
    saved = store.get(CHECKPOINT_KEY)
    checkpoint = load_checkpoint(saved) if saved else None
    topology = counting("a", "b")
    return Partition(topology, number, store, checkpoint, clock=clock, partitions=partitions)


def take(one: Counted, key: str, at: int, amount: int) -> list[dict[str, Any]]:
    """Let a partition apply an event of a key; the dead letters of it."""
    start = one.next_offsets.get("a", 0)
    record = Original("a", one.number, start, at, key.encode(), line(key, at, amount, "a"))
    one.receive("a", [record], start + 1)
    assert one.step(WALL) == 1
    return letters(one.drain().outputs)


@given(KEYS, st.integers(1, 1000))
def test_many_keys_are_placed_as_each_alone(keys: list[bytes], partitions: int) -> None:
    alone = [partition_of(key, partitions) for key in keys]
    assert partitions_of(keys, partitions).tolist() == alone


def test_a_record_in_another_partition_is_refused_and_says_what_to_set() -> None:
    one = opened(ANN)
    assert take(one, "ann", 10, 1) == []
    [letter] = take(one, "bob", 20, 2)
    assert letter["reason"] == "wrong_partition"
    assert letter["detail"] == (
        "the record lies in partition 2; by its key it must be in 6 of 12 (murmur2, Kafka's "
        "default). Set the producer to it: librdkafka clients (confluent-kafka, .NET, Go, Node, "
        "PHP): partitioner=murmur2_random; Java, kafka-python, aiokafka: leave the partitioner as "
        "it is by default"
    )
    assert one.state("bob") is None
    assert one.now == 10, "what is refused does not move the clock"
    assert one.next_offsets == {"a": 2}


def test_every_further_record_of_it_is_refused() -> None:
    one = opened(ANN)
    assert [len(take(one, "bob", at, 1)) for at in (10, 20, 30)] == [1, 1, 1]
    assert take(opened(BOB), "bob", 10, 1) == []


def test_a_state_that_lies_elsewhere_from_before_gets_no_more_records() -> None:
    store = MemoryStore()
    before = opened(ANN, store, UNKNOWN)
    assert take(before, "bob", 10, 5) == []
    assert take(before, "ann", 20, 7) == []
    now = opened(ANN, store)
    assert now.placing.strange == {"bob"}
    assert [letter["reason"] for letter in take(now, "bob", 30, 1)] == ["wrong_partition"]
    assert take(now, "ann", 40, 1) == []
    totals = {key: state.total for key in ("ann", "bob") if (state := now.state(key))}
    assert totals == {"ann": 8, "bob": 5}


def test_a_timer_of_such_a_state_fires_and_opens_no_door() -> None:
    store = MemoryStore()
    take(opened(ANN, store, UNKNOWN), "bob", 10, 0)
    now = opened(ANN, store)
    now.advance(10 + TIMER_MS)
    assert [sent.kind for sent in now.drain().outputs if sent.topic != DEAD_LETTERS] == ["due"]
    assert len(take(now, "bob", 20, 1)) == 1


def test_where_nobody_told_how_many_partitions_there_are_all_are_taken() -> None:
    one = opened(ANN, partitions=UNKNOWN)
    assert take(one, "bob", 10, 1) == []


def test_a_key_that_is_known_here_is_not_placed_again() -> None:
    """Placing a key takes longer than a fifth of all that is done for an event."""
    one = opened(ANN)
    take(one, "ann", 10, 1)
    partition_of.cache_clear()
    for at in range(20, 30):
        take(one, "ann", at, 1)
    again = opened(ANN, one.store)  # type: ignore[arg-type]
    take(again, "ann", 40, 1)
    assert partition_of.cache_info().misses == 0


def test_on_the_event_clock_too_nothing_from_the_future_is_taken() -> None:
    one = opened(ANN)
    assert take(one, "ann", WALL + 300_000, 1) == []
    [letter] = take(one, "ann", WALL + 300_001, 1)
    assert letter["reason"] == "in_future"
    assert letter["detail"] == (
        "occurred_at is more than 300 s ahead of now, which is as much as is allowed"
    )
    assert one.now == WALL + 300_000
    state = one.state("ann")
    assert state is not None
    assert state.total == 1


def test_on_the_wall_clock_it_is_said_by_how_much() -> None:
    [letter] = take(opened(ANN, clock="wall"), "ann", WALL + 28_800_000, 1)
    assert letter["detail"] == "occurred_at is 28800 s ahead of now; at most 300 s are allowed"


NAMES = st.sets(st.text(min_size=1, max_size=20), min_size=FEW, max_size=60)


@given(NAMES, st.integers(1, 12), st.integers(0, 11))
def test_keys_looked_at_ahead_belong_where_each_alone_does(
    names: set[str], partitions: int, number: int
) -> None:
    number %= partitions
    placing = Placing(number, partitions)
    placing.look_ahead(names)
    for name in [*names, *names]:
        assert placing.has(name) is (partition_of(name.encode(), partitions) == number)

"""What is decoded is bounded in bytes over all partitions, whatever comes out."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.customers import customers
from domain.customer.state import Customer, customer_key_of
from domain.policy import Policy
from schemas.deadletter import Original
from streams.engine.cache import BYTES_OF_STATE, GROWTH_COMMITS, Budget, Cache, decoded_bytes
from streams.engine.memory import PARTS
from streams.engine.partition import Partition
from streams.engine.placing import partition_of
from streams.engine.store import MemoryStore
from streams.sources.bank import Bank
from tests.streams.running import CustomersPartition

WALL = 1_900_000_000_000
CUSTOMERS = 300


@pytest.fixture(scope="module")
def bank() -> list[tuple[str, bytes, bytes]]:
    """Topic, key and value of a small bank's records, in their order."""
    one = Bank(seed=11, customers=CUSTOMERS)
    made = [*one.opening()]
    days = one.days()
    made += [next(days) for _ in range(1_500)]
    return [(each.topic, each.key, each.value) for each in made if each.key is not None]


def running(
    records: Iterable[tuple[str, bytes, bytes]], count: int, budget: Budget, every: int = 100
) -> tuple[list[CustomersPartition], list[bytes]]:
    """Records through so many partitions that share a budget; everything they wrote, in order."""
    topology = customers(Policy())
    partitions = [
        Partition(topology, number, MemoryStore(), None, clock="wall", budget=budget)
        for number in range(count)
    ]
    written: list[bytes] = []
    for place, (topic, key, value) in enumerate(records):
        here = partitions[partition_of(key, count)]
        record = Original(topic, here.number, place, WALL, key, value)
        here.receive(topic, [record], place + 1)
        here.step(WALL)
        if here.pending >= every:
            written += drained(here)
            assert budget.held <= max(budget.limit, 0) + undecided(partitions)
    for here in partitions:
        here.settle(at_rest=True)
        while here.busy:
            here.work()
        written += drained(here)
    return partitions, written


def drained(here: CustomersPartition) -> Iterator[bytes]:
    """All bytes of a transaction; deletions and timers come from sets, their order says nothing."""
    done = here.drain()
    yield from (sent.value or b"-" for sent in done.outputs)
    yield from sorted(key + b"=" + (value or b"-") for key, value in done.changelog)


def undecided(partitions: Iterable[CustomersPartition]) -> int:
    """What changed since the last commits and is decoded, which may not go."""
    return sum(
        decoded_bytes(each.store.use(key.encode())) for each in partitions for key in each._dirty
    )


def test_what_comes_out_is_the_same_bytes_whatever_is_kept_decoded(
    bank: list[tuple[str, bytes, bytes]],
) -> None:
    large, written = running(bank, 3, Budget(256))
    for megabytes in (0, 1):
        small, again = running(bank, 3, Budget(megabytes))
        assert again == written
        for one, other in zip(large, small, strict=True):
            assert dict(one.store.items()) == dict(other.store.items())
            assert list(one.export()) == list(other.export())
        assert sum(len(each.cache.live) for each in small) < CUSTOMERS // 2
    assert sum(len(each.cache.live) for each in large) >= CUSTOMERS


@pytest.mark.parametrize("count", [1, 12])
def test_the_budget_holds_whatever_the_number_of_partitions(
    bank: list[tuple[str, bytes, bytes]], count: int
) -> None:
    budget = Budget(1)
    partitions, _ = running(bank, count, budget)
    assert 0.9 * budget.limit < budget.held <= budget.limit
    now = sum(
        decoded_bytes(each.store.use(key.encode()))
        for each in partitions
        for key in each.cache.live
    )
    # what has grown is not looked at in every commit, nor where the core alone was written
    assert budget.held == pytest.approx(now, rel=0.1)
    for each in partitions:
        budget.leave(each.number)
    assert budget.held == 0


def test_what_was_used_least_recently_goes_first_of_whatever_partition(
    bank: list[tuple[str, bytes, bytes]],
) -> None:
    opening = {key: (topic, key, value) for topic, key, value in bank[:CUSTOMERS]}
    first, *between, again = list(opening.values())[:40]
    budget = Budget(256)
    partitions, _ = running([first, *between], 2, budget, every=1)
    at = partition_of(first[1], 2)
    budget.limit = budget.held
    record = Original(first[0], at, 10_000, WALL, first[1], first[2])
    partitions[at].receive(first[0], [record], 10_001)
    partitions[at].step(WALL)  # a repeat; the customer is used all the same
    partitions[at].drain()
    there = partition_of(again[1], 2)
    new = Original(again[0], there, 10_002, WALL, again[1], again[2])
    partitions[there].receive(again[0], [new], 10_003)
    partitions[there].step(WALL)
    partitions[there].drain()
    live = {key for each in partitions for key in each.cache.live}
    assert {first[1].decode(), again[1].decode()} <= live
    assert between[0][1].decode() not in live


def test_what_is_not_committed_stays(bank: list[tuple[str, bytes, bytes]]) -> None:
    budget = Budget(0)
    partitions, _ = running([], 2, budget)
    for place, (topic, key, value) in enumerate(bank[:50]):
        here = partitions[partition_of(key, 2)]
        here.receive(topic, [Original(topic, here.number, place, WALL, key, value)], place + 1)
        here.step(WALL)
    changed = set(partitions[1]._dirty)
    partitions[0].drain()
    assert not partitions[0].cache.live
    assert changed
    assert changed == set(partitions[1].cache.live)


def test_the_estimate_is_near_what_is_measured(bank: list[tuple[str, bytes, bytes]]) -> None:
    partitions, _ = running(bank, 1, Budget(256))
    live = list(partitions[0].cache.live.values())
    stored = {id(part) for record in partitions[0].store.items() for part in record}
    measured = sum(deep_bytes(customer, stored) for customer in live)
    assert 0.8 < partitions[0].cache.size / measured < 1.35


def test_metrics_tell_each_part(bank: list[tuple[str, bytes, bytes]]) -> None:
    partitions, _ = running(bank, 2, Budget(256))
    told = partitions[0].memory()
    assert set(PARTS) <= set(told)
    assert told["decoded"] == partitions[0].cache.size
    values = sum(len(key) + len(value) for key, value in partitions[0].store.items())
    assert values < told["records"] < 4 * values
    partitions[0].store.rest([key.encode() for key in partitions[0].cache.live])
    assert values < partitions[0].memory()["records"] < told["records"]


def deep_bytes(customer: Customer, stored: set[int]) -> int:
    """Everything that only this customer's state holds, as Python counts it, in steps of 16.

    What is also among the stored records, small numbers and what many share are left out.
    """
    seen, waiting, total = set(stored), [customer.core, customer.recent, customer._parts], 0
    waiting += [customer._blocks, customer.balances, customer.looked, customer._key]
    total += sys.getsizeof(customer) + BYTES_OF_ENTRIES
    while waiting:
        one = waiting.pop()
        if id(one) in seen or one is None or isinstance(one, type | bool):
            continue
        if isinstance(one, int) and -5 <= one <= 256:
            continue
        if isinstance(one, str | bytes | float | int | tuple) and sys.getrefcount(one) > 40:
            continue
        seen.add(id(one))
        total += (sys.getsizeof(one) + 15) // 16 * 16
        if isinstance(one, msgspec.Struct):
            waiting += [getattr(one, name) for name in one.__struct_fields__]
        elif type(one).__module__.startswith("domain."):
            names = getattr(type(one), "__slots__", ())
            waiting += [getattr(one, name) for name in names] if names else gc.get_referents(one)
        else:
            waiting += gc.get_referents(one)
    return total


BYTES_OF_ENTRIES = 330
"""The customer's places in three dicts, with the numbers there."""


# -- the store ------------------------------------------------------------------------------

owners = st.sampled_from([b"a", b"b", b"ab", b""])
keys = st.one_of(
    st.builds(lambda letter, owner: letter + owner, st.sampled_from([b"c", b"m", b"t"]), owners),
    st.builds(
        lambda letter, number, owner: letter + number.to_bytes(4, "big") + owner,
        st.sampled_from([b"p", b"d"]), st.sampled_from([0, 7, 2**32 - 1]), owners,
    ),
    st.sampled_from([b"!checkpoint", b"!s/x"]),
)  # fmt: skip
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.tuples(keys, st.none() | st.binary(max_size=4)))),
        st.tuples(st.just("rest"), st.lists(owners)),
        st.tuples(st.just("use"), owners),
    )
)


@given(steps)
def test_a_store_holds_what_a_dict_would_whatever_rests(done: list[tuple[str, object]]) -> None:
    store, plain = MemoryStore(), dict[bytes, bytes]()
    for what, given_ in done:
        if what == "put":
            assert isinstance(given_, list)
            store.put_all(given_)
            for key, value in given_:
                if value is None:
                    plain.pop(key, None)
                else:
                    plain[key] = value
        elif what == "rest":
            assert isinstance(given_, list)
            store.rest(given_)
        else:
            assert isinstance(given_, bytes)
            of_owner = [
                value
                for key, value in plain.items()
                if key[:1] != b"!" and customer_key_of(key) == given_
            ]
            assert store.use(given_) == sum(map(len, of_owner))
        assert dict(store.items()) == plain
        assert len(store) == len(plain)
        assert all(store.get(key) == plain.get(key) for key in (*plain, b"cz", b"!", b""))
        assert dict(store.of_letter(b"c")) == {k[1:]: v for k, v in plain.items() if k[:1] == b"c"}
    held = store.holding()
    assert held.at_hand + held.packed == len(
        {customer_key_of(key) for key in plain if key[:1] != b"!"}
    )


def test_an_estimate_grows_with_the_records() -> None:
    assert decoded_bytes(0) == BYTES_OF_STATE
    sizes = [decoded_bytes(random.Random(n).randrange(n * 10, n * 10 + 10)) for n in range(50)]
    assert sizes == sorted(sizes)


def test_what_grows_is_noticed_whatever_the_order_of_commits() -> None:
    """Partitions that commit in turn: each measures what grew as often as any other."""
    budget = Budget(megabytes=256)
    caches = []
    for number in range(4):
        store = MemoryStore()
        cache = Cache[Any](number, store, {}, budget)
        cache.live["c-1"] = object()
        store.put_all([(b"cc-1", b"x" * 100)])
        caches.append((cache, store))
    for cache, _ in caches:
        cache.committed(["c-1"], [], set())
    before = [cache.size for cache, _ in caches]
    for _, store in caches:
        store.put_all([(b"cc-1", b"x" * 50_000)])
    for _ in range(GROWTH_COMMITS):
        for cache, _ in caches:
            cache.committed(["c-1"], ["c-1"], set())
    assert all(cache.size > size for (cache, _), size in zip(caches, before, strict=True))

"""Long work over all customers: in slices between events, never instead of them or against them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

from agents.customers import customers
from domain.policy import Policy
from schemas.deadletter import Original
from schemas.fields import moment, rfc3339
from schemas.segments import SegmentModel
from schemas.topics import SEGMENT_UPDATES
from streams.engine.background import work_off
from streams.engine.cache import Budget
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from tests.domain.bank import HOUR, MINUTE, START
from tests.domain.segments.test_live import TWO, model
from tests.streams.running import CustomersPartition, event


def partition(store: MemoryStore) -> CustomersPartition:
    return Partition(customers(Policy()), 0, store, None, clock="event", budget=Budget(0))


def click(number: int, customer: str, at: int) -> Original:
    topic, key, value = event(
        f"e-{number}", customer, "app_click", action="function_visit", function="loans",
        occurred_at=rfc3339(moment(START + at)),
    )  # fmt: skip
    return Original(topic, 0, number, START + at, key, value)


def take(to: CustomersPartition, records: list[Original]) -> None:
    for record in records:
        for item in to.judged(record.topic, [record]):
            to.apply(item, 0)


def settled(to: CustomersPartition, now: int) -> None:
    to.advance(START + now)
    to.settle(at_rest=True)
    while to.busy:
        to.work()


def chain(of: CustomersPartition, customer: str) -> Iterator[tuple[str | None, str | None]]:
    for sent in of.outputs:
        if sent.topic == SEGMENT_UPDATES and sent.key == customer.encode():
            update = json.loads(sent.value or b"")
            yield update.get("from_segment"), update.get("to_segment")


def restored(names: list[str], newest: SegmentModel) -> CustomersPartition:
    """A partition that took over customers whose segments are of an older model."""
    before = partition(MemoryStore())
    records = [
        click(number * 100 + visit, name, visit * MINUTE)
        for number, name in enumerate(names)
        for visit in range(14)
    ]
    take(before, records)
    before.adopt(model(1, TWO))
    settled(before, HOUR)
    before.drain()
    after = partition(before.store)  # type: ignore[arg-type]
    after.adopt(newest)
    return after


def test_an_event_amid_the_work_meets_the_segment_just_given() -> None:
    here = restored(["ann"], model(2, {"s1": 0.0, "s3": 2.7}))
    settled(here, 2 * HOUR)
    take(here, [click(900, "ann", 3 * HOUR)])
    settled(here, 4 * HOUR)
    here.adopt(model(3, {"s1": 0.0, "s4": 2.7}))
    settled(here, 5 * HOUR)
    assert list(chain(here, "ann")) == [("s2", "s3"), ("s3", "s4")]
    drained = here.drain()
    written = dict(drained.changelog)
    assert {key: value for key, value in here.store.items() if key in written} == written
    state = here.state("ann")
    assert state is not None
    core = state.core
    assert (core.segment, core.events, core.segment_changes) == ("s4", 15, 3)


def test_a_customer_changed_unopened_is_as_one_changed_opened() -> None:
    names, newest = [f"c-{number}" for number in range(300)], model(2, {"s1": 0.0, "s3": 2.7})
    shut, opened = restored(names, newest), restored(names, newest)
    opened.cache.budget.limit = 1 << 40
    for name in names:
        opened._open(name)
    for here in (shut, opened):
        settled(here, 2 * HOUR)
    assert [sent.value for sent in shut.outputs] == [sent.value for sent in opened.outputs]
    assert len(shut.outputs) == len(names)
    for here in (shut, opened):
        here.drain()
    assert dict(shut.store.items()) == dict(opened.store.items())


class Slices:
    """Work of so many slices; each is noted."""

    def __init__(self, name: str, slices: int, done: list[str]) -> None:
        self.name, self.left, self.done = name, slices, done

    @property
    def has_work(self) -> bool:
        return self.left > 0

    def work(self) -> None:
        self.left -= 1
        self.done.append(self.name)


async def test_partitions_take_turns_and_events_come_after_one_slice_at_most() -> None:
    done: list[str] = []
    tasks = [Slices("a", 20, done), Slices("b", 20, done)]
    processor = asyncio.Lock()
    working = asyncio.create_task(work_off(lambda: tasks, processor))

    async def step() -> int:
        before = len(done)
        async with processor:
            return len(done) - before

    waited = []
    while any(task.has_work for task in tasks):
        waited.append(await step())
        await asyncio.sleep(0)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert done == ["a", "b"] * 20
    assert max(waited) <= 1
    assert len(waited) >= 20

"""Where the processor time of an event goes, stage by stage, without a broker.

The simulated bank's records lie in Kafka's own batches; twelve partitions read, apply and drain
them in the sizes a loaded worker does, and models are fitted as often as there. What is left out
is the network: requests, acknowledgements and the event loop. All runs do the same work, and of
each piece of it the least time counts, since the machine may have other work.

``--digest`` prints a hash of all outputs, the state and the exported figures: two versions of the
code that differ in speed alone print the same. ``--cprofile FILE`` writes a profile to look at.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import xxhash
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from msgspec import json as msgspec_json

from agents.customers import Touched, customers
from agents.modellings import modellings
from bench.harness import machine_info
from bench.report import print_table
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from domain.policy.segments import SegmentRules
from schemas.codec import encode
from streams.engine.cache import Budget
from streams.engine.client.records import bare
from streams.engine.inbox import LAST
from streams.engine.intake import RELEASED_RECORDS
from streams.engine.partition import Drained, Partition
from streams.engine.placing import partition_of
from streams.engine.store import MemoryStore
from streams.engine.transaction import _by_topic
from streams.engine.transport import MAX_POLL_RECORDS
from streams.sources.bank import Bank
from streams.worker.process import GC_THRESHOLDS

CustomersPartition = Partition[Touched, Customer, Context]
END = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARTITIONS = 12
BATCH_BYTES = 512 * 1024
DRAIN_RECORDS = 1_000
"""Of a partition between two commits: half a second at 24,000 events/s over 12 partitions."""
FIT_RECORDS = 50_000
"""Of all partitions between two models: two seconds."""


class Stages:
    """Processor time of this thread by stage: that of each block without those in it, in ns."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[int]] = defaultdict(list)
        self._within = [0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note what the block takes."""
        self._within.append(0)
        began = time.thread_time_ns()
        yield
        taken = time.thread_time_ns() - began
        self.spent[name].append(taken - self._within.pop())
        self._within[-1] += taken

    def watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call``, as a stage."""

        def timed(*given: Any) -> Any:
            with self.stage(name):
                return call(*given)

        return timed


class Types:
    """Wall time of the rules by type: that of each event, in ns."""

    def __init__(self, apply: Callable[..., Any]) -> None:
        self.spent: defaultdict[str, list[int]] = defaultdict(list)
        self._apply = apply

    def apply(self, state: Any, event: Any, at: int, context: Any) -> Any:
        """The rules, timed."""
        began = time.perf_counter_ns()
        outcome = self._apply(state, event, at, context)
        self.spent[event.type].append(time.perf_counter_ns() - began)
        return outcome


def least(runs: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
    """The least that each block took in any of the runs, which all have the same blocks.

    What else the machine does makes a block slower, never faster.
    """
    for name in runs[0]:
        assert len({len(run[name]) for run in runs}) == 1, f"the runs differ in {name}"
    return {
        name: list(map(min, zip(*(run[name] for run in runs), strict=True))) for name in runs[0]
    }


# -- what lies in Kafka -------------------------------------------------------------------


def fill(bank: Bank, events: int) -> tuple[dict[tuple[int, str], list[bytes]], int]:
    """The bank's records as batches by partition and topic, and how many they are."""
    bank.end_at(END, events)
    now = int(END.timestamp() * 1000)
    records: defaultdict[tuple[int, str], list[tuple[bytes | None, bytes]]] = defaultdict(list)
    count = 0
    for record in chain(bank.opening(), islice(bank.days(), events)):
        number = partition_of(record.key, PARTITIONS) if record.key is not None else 0
        records[number, record.topic].append((record.key, record.value))
        count += 1
    return {place: _batches(entries, now) for place, entries in records.items()}, count


def _batches(entries: Sequence[tuple[bytes | None, bytes]], now: int) -> list[bytes]:
    """As a producer writes them: the offset of each batch goes on from the one before."""
    made: list[bytes] = []
    base = 0

    def builder() -> DefaultRecordBatchBuilder:
        return DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, BATCH_BYTES)

    batch = builder()
    for offset, (key, value) in enumerate(entries):
        if batch.append(offset - base, now, key, value, []) is None:
            made.append(_based(batch.build(), base))
            base, batch = offset, builder()
            batch.append(0, now, key, value, [])
    return [*made, _based(batch.build(), base)]


def _based(batch: Any, base: int) -> bytes:
    return base.to_bytes(8, "big") + bytes(batch)[8:]


def _fetched(topic: str, number: int, packed: bytes) -> Iterator[Any]:
    """The records of one partition as the consumer gives them."""
    tp = TopicPartition(topic, number)
    records = PartitionRecords(tp, MemoryRecords(packed), [], 0, None, None, True, READ_COMMITTED)
    yield from bare(records)


def _packed(drained: Drained) -> None:
    """Everything of a transaction in batches, as the producer sends it."""
    for entries in _by_topic(drained, "changelog").values():
        batch = BatchBuilder(BATCH_BYTES, 0, is_transactional=True)
        for key, value in entries:
            if batch.append(key=key, value=value, timestamp=None) is None:
                batch._build()
                batch = BatchBuilder(BATCH_BYTES, 0, is_transactional=True)
                batch.append(key=key, value=value, timestamp=None)
        batch._build()


# -- the run ------------------------------------------------------------------------------


class Run:
    """Twelve partitions of one policy, fed as a loaded worker feeds them."""

    def __init__(self, policy: Policy, *, by_type: bool) -> None:
        topology = customers(policy)
        self.stages = Stages()
        self.types = Types(topology.apply)
        if by_type:
            topology = replace(topology, apply=self.types.apply)
        budget = Budget()
        self.partitions = [
            Partition(topology, number, MemoryStore(), None, clock="wall", budget=budget)
            for number in range(PARTITIONS)
        ]
        for each in self.partitions:
            vars(each)["_fire"] = self.stages.watched("timers", each._fire)
            vars(each)["settle"] = self.stages.watched("tick", each.settle)
        self.outputs: Counter[str] = Counter()
        self.changelog_bytes = 0
        self.digest: Any = None
        self._modellings = modellings(policy)
        self._fitters = {each.kind: each.fitter(None) for each in self._modellings}
        self._snapshots: defaultdict[str, dict[int, Any]] = defaultdict(dict)
        self._now = int(END.timestamp() * 1000)
        self._since_fit = 0

    def read(self, batches: dict[tuple[int, str], list[bytes]]) -> int:
        """Everything, a slice of each partition in turn; how many records were applied."""
        sources: list[dict[str, Iterator[Any]]] = [{} for _ in self.partitions]
        for (number, topic), packed in batches.items():
            sources[number][topic] = _fetched(topic, number, b"".join(packed))
        since = [0] * PARTITIONS
        done = 0
        while any(sources) or any(partition.inbox.waiting for partition in self.partitions):
            for partition, topics in zip(self.partitions, sources, strict=True):
                bound = self._fetch(partition, topics)
                with self.stages.stage("apply"):
                    taken = partition.step(self._now, bound=bound)
                done += taken
                since[partition.number] += taken
                if since[partition.number] >= DRAIN_RECORDS:
                    since[partition.number] = 0
                    self._commit(partition)
        for partition in self.partitions:
            self._commit(partition)
        return done

    def _fetch(self, partition: CustomersPartition, topics: dict[str, Iterator[Any]]) -> int:
        """Let more in of every topic with little waiting; up to which time all are read."""
        inbox = partition.inbox
        for topic in list(topics):
            if inbox.waiting_in(topic) >= RELEASED_RECORDS:
                continue
            with self.stages.stage("records"):
                chunk = list(islice(topics[topic], MAX_POLL_RECORDS))
            if not chunk:
                del topics[topic]
                continue
            with self.stages.stage("decode, judge, wait"):
                partition.receive(topic, chunk, chunk[-1].offset + 1)
        return min((inbox.high(topic) for topic in topics), default=LAST)

    def _commit(self, partition: CustomersPartition) -> None:
        partition.settle()
        with self.stages.stage("population's work"):
            while partition.busy:
                partition.work()
        with self.stages.stage("drain"):
            drained = partition.drain()
        with self.stages.stage("batches to send"):
            _packed(drained)
        self._told(drained)
        self._since_fit += drained.counts.total()
        if self._since_fit >= FIT_RECORDS:
            self._since_fit = 0
            self._fit()

    def _told(self, drained: Drained) -> None:
        self.outputs.update(sent.topic for sent in drained.outputs)
        self.changelog_bytes += sum(len(k) + len(v or b"") for k, v in drained.changelog)
        if self.digest is not None:
            for sent in drained.outputs:
                self.digest.update((sent.value or b"-") + b"\n")
            # deletions and timers come from sets; their order says nothing
            for key, value in sorted(drained.changelog):
                self.digest.update(b"%d %d " % (len(key), len(value or b"")) + key + (value or b""))

    def _fit(self) -> None:
        """A record of each kind from the snapshots of all partitions, and back to them."""
        load = {each.kind: each.load_summary for each in self._modellings}
        with self.stages.stage("snapshots"):
            for partition in self.partitions:
                if partition.population is None:
                    continue
                number, now = partition.number, partition.now
                for kind, snapshot in partition.population.summaries(number, now, PARTITIONS):
                    self._snapshots[kind][number] = load[kind](snapshot)
        for modelling in self._modellings:
            snapshots = list(self._snapshots[modelling.kind].values())
            with self.stages.stage("fit (in a thread)"):
                made = self._fitters[modelling.kind].fit(snapshots, self._now)
            if made is None:
                continue
            self.outputs[modelling.target] += 1
            with self.stages.stage("population's work"):
                record = modelling.load_record(encode(made.record))
                for partition in self.partitions:
                    partition.adopt(record)

    def exported(self) -> str:
        """A hash of every customer's figures."""
        digest = xxhash.xxh3_128()
        for partition in self.partitions:
            for _, figures in partition.export():
                digest.update(msgspec_json.encode(figures))
        return digest.hexdigest()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-segments", action="store_true")
    parser.add_argument("--by-type", action="store_true", help="time the rules by type of event")
    parser.add_argument("--digest", action="store_true", help="print hashes of what came out")
    parser.add_argument("--cprofile", help="write a profile to this file")
    given = parser.parse_args()
    batches, records = fill(Bank(seed=7, customers=given.customers), given.events)
    policy = Policy(segments=SegmentRules(enabled=not given.no_segments))
    if given.cprofile:
        profiled(policy, batches, given.cprofile)
        return
    stages, types = [], []
    for _ in range(given.runs):
        run = Run(policy, by_type=given.by_type)
        if given.digest:
            run.digest = xxhash.xxh3_128()
        settle_collector()
        done = run.read(batches)
        assert done == records, f"{done} of {records} records were applied"
        stages.append(run.stages.spent)
        types.append(run.types.spent)
    _report(run, done, least(stages), least(types))
    if run.digest is not None:
        print(json.dumps({"outputs": run.digest.hexdigest(), "figures": run.exported()}))


def settle_collector() -> None:
    """As a worker has it: what is there at the start is never looked at again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def profiled(policy: Policy, batches: dict[tuple[int, str], list[bytes]], file: str) -> None:
    """One run under cProfile, written to ``file``."""
    run = Run(policy, by_type=False)
    settle_collector()
    with cProfile.Profile() as profile:
        run.read(batches)
    profile.dump_stats(file)


def _report(
    run: Run, done: int, stages: Mapping[str, list[int]], types: Mapping[str, list[int]]
) -> None:
    spent = {name: sum(blocks) / done / 1000 for name, blocks in stages.items()}
    rows: list[list[Any]] = [[name, us] for name, us in spent.items()]
    rows.append(["all of these", sum(spent.values())])
    print_table("microseconds an event", ["stage", "us"], rows)
    if types:
        kinds: list[list[Any]] = [
            [kind, len(taken), sum(taken) / len(taken) / 1000, sum(taken) / done / 1000]
            for kind, taken in sorted(types.items(), key=lambda one: -len(one[1]))
        ]
        columns = ["type", "events", "us each (wall)", "us of an average event"]
        print_table("the rules, within apply", columns, kinds)
    print(
        f"{done:,} records; {run.outputs.total():,} outputs: {dict(run.outputs)};"
        f" {run.changelog_bytes / done:.0f} bytes of changelog an event;"
        f" {machine_info()['processor']}"
    )


if __name__ == "__main__":
    main()

"""A worker under measurement: the product's own, with an observer that times and counts.

Run as a process: ``python -m bench.measured --bootstrap B --events N`` reads all topics from
their beginning until N events are committed, and prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import psutil

from agents.customers import customers
from agents.modelling import AnyModelling
from agents.modellings import modellings
from agents.topology import C, E, S, Topology
from bench.harness import last_json, run_process
from domain.policy import Policy
from domain.policy.segments import SegmentRules
from schemas.common import CommonRecord
from streams.engine.inbox import Chunk
from streams.engine.observer import Observer, Seen
from streams.engine.partition import Drained
from streams.engine.store import Store
from streams.settings import CommitSettings, KafkaSettings, Settings
from streams.worker.process import Worker, run_worker


class Until(Observer):
    """Stops the worker when ``events`` are committed; times and counts until then."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.done = 0
        self.began = 0.0
        self.began_cpu = 0.0
        self.ended = 0.0
        self.cpu_seconds = 0.0
        self.commits = 0
        self.commit_seconds = 0.0
        self.changelog_bytes = 0
        self.changelog_records = 0
        self.outputs = 0
        self.models = 0
        self.stores: dict[int, Store] = {}
        self.owner: Callable[[bytes], str | None] = lambda key: None
        self.stop: Callable[[], None] = lambda: None

    def received(self, chunk: Chunk) -> None:
        """The first chunk starts the clock."""
        if not self.began:
            self.began, self.began_cpu = time.perf_counter(), time.process_time()

    def committed(self, partition: Seen, drained: Drained, seconds: float) -> None:
        """Count what went through."""
        self.stores[partition.number] = partition.store
        self.commits += 1
        self.commit_seconds += seconds
        self.changelog_records += len(drained.changelog)
        self.changelog_bytes += sum(
            len(key) + len(value or b"") for key, value in drained.changelog
        )
        self.outputs += len(drained.outputs)
        for (_, status), count in drained.counts.items():
            self.done += count if status != "rejected" else 0
        if self.done >= self.events and not self.ended:
            self.ended = time.perf_counter()
            self.cpu_seconds = time.process_time() - self.began_cpu
            self.stop()

    def modelled(self, model: CommonRecord, snapshots: int, seconds: float) -> None:
        """Count the segment models."""
        self.models += 1

    def figures(self) -> dict[str, Any]:
        """What was measured, as plain data; bytes are of keys and values."""
        seconds = self.ended - self.began
        stores = self.stores.values()
        keys = sum(1 for store in stores for key, _ in store.items() if self.owner(key) is not None)
        state = sum(len(key) + len(value) for store in stores for key, value in store.items())
        return {
            "events": self.done,
            "seconds": seconds,
            "events_per_second": self.done / seconds,
            "cpu_microseconds_per_event": self.cpu_seconds / self.done * 1e6,
            "commits": self.commits,
            "commit_seconds_mean": self.commit_seconds / max(1, self.commits),
            "changelog_bytes_per_event": self.changelog_bytes / max(1, self.done),
            "changelog_records_per_event": self.changelog_records / max(1, self.done),
            "outputs": self.outputs,
            "models": self.models,
            "customers": keys,
            "state_bytes_per_customer": state / max(1, keys),
            "rss_mib": psutil.Process().memory_info().rss / 2**20,
        }


def measure(
    settings: Settings,
    topology: Topology[E, S, C],
    until: Until,
    making: Sequence[AnyModelling] = (),
) -> dict[str, Any]:
    """Run a worker until it has committed so many events; what was measured."""

    def main() -> Coroutine[Any, Any, None]:
        async def run() -> None:
            worker = Worker(settings, topology, until, making)
            until.stop, until.owner = worker.stop, topology.owner
            await worker.run()

        return run()

    run_worker(main)
    return until.figures()


def in_a_process(
    bootstrap: str, app_id: str, events: int, timeout_seconds: float, *flags: str
) -> dict[str, Any]:
    """The figures of a worker process over so many events under an application id."""
    command = [sys.executable, "-m", "bench.measured", "--bootstrap", bootstrap]
    command += ["--app-id", app_id, "--events", str(events), *flags]
    return last_json(run_process(command, timeout_seconds))


def main() -> None:
    """Measure the customers topology."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--app-id", default="touchline")
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--commit-seconds", type=float, default=0.5)
    parser.add_argument("--no-segments", action="store_true")
    given = parser.parse_args()
    settings = Settings(
        app_id=given.app_id,
        kafka=KafkaSettings(bootstrap=given.bootstrap),
        commit=CommitSettings(interval_seconds=given.commit_seconds),
    )
    until = Until(given.events)
    policy = Policy(segments=SegmentRules(enabled=not given.no_segments))
    print(json.dumps(measure(settings, customers(policy), until, modellings(policy))))


if __name__ == "__main__":
    main()

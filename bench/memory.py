"""Memory of a worker by customer: after a catch-up, and after a restart from the changelog.

A seeded bank's events are preloaded; one worker reads them all, and another one starts from what
the first left. What counts is the resident memory of the process over that of a worker that has
all partitions and no customer, in KB (1,000 bytes) a customer.
Target: 3.5 KB after the catch-up and after the restart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import psutil

from agents.customers import customers
from agents.modellings import modellings
from bench.harness import BenchmarkError, broker, last_json, machine_info, run_process, versions
from bench.measured import Until
from bench.preload import preload
from bench.report import print_table, write_results
from domain.policy import Policy
from streams.engine.observer import Seen
from streams.settings import KafkaSettings, Settings
from streams.sources.bank import Bank
from streams.topics.ensure import ensure_topics
from streams.worker.process import Worker, run_worker

APP_ID = "memory"
TARGET_KB = 3.5
TOLD = ("decoded", "records", "segments")
REST_SECONDS = 5.0
"""After the last event, or the last partition restored: models are made, customers judged."""


class Watched(Until):
    """Counts, and knows which partitions are open."""

    def __init__(self, events: int, partitions: int) -> None:
        super().__init__(events)
        self.partitions: dict[int, Seen] = {}
        self.restored = asyncio.Event()
        self.came = asyncio.Event()
        self.stop = self.came.set
        self._all = partitions

    def opened(self, partition: Seen, records: int, seconds: float) -> None:
        """Note a partition; with the last one the restart is over."""
        self.partitions[partition.number] = partition
        if len(self.partitions) == self._all:
            self.restored.set()


async def held(settings: Settings, events: int) -> dict[str, Any]:
    """A worker until so many events are committed and it has come to rest; what it then holds."""
    policy = Policy()
    topology = customers(policy)
    watched = Watched(events, settings.partitions)
    worker = Worker(settings, topology, watched, modellings(policy))
    running = asyncio.create_task(worker.run())
    process = psutil.Process()
    try:
        await _whichever(running, watched.restored.wait())
        if events:
            await _whichever(running, watched.came.wait())
        peak = process.memory_info().rss
        until = time.monotonic() + REST_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            peak = max(peak, process.memory_info().rss)
        rss = process.memory_info().rss
        parts = Counter[str]()
        for each in watched.partitions.values():
            parts.update(each.memory())
        stores = [each.store for each in watched.partitions.values()]
        known = sum(topology.owner(key) is not None for one in stores for key, _ in one.items())
    finally:
        worker.stop()
        await running
    seconds = watched.ended - watched.began
    return {
        "events": watched.done,
        "events_per_second": watched.done / seconds if events else 0.0,
        "cpu_us_per_event": watched.cpu_seconds / watched.done * 1e6 if events else 0.0,
        "customers": known,
        "rss_mb": rss / 1e6,
        "peak_mb": peak / 1e6,
        **{f"{part}_mb": parts[part] / 1e6 for part in TOLD},
    }


async def _whichever(running: asyncio.Task[None], happens: Coroutine[Any, Any, Any]) -> None:
    """Wait for what is to happen; raises what ended the worker before it."""
    happening = asyncio.ensure_future(happens)
    await asyncio.wait((running, happening), return_when=asyncio.FIRST_COMPLETED)
    if not happening.done():
        happening.cancel()
        await running
        raise BenchmarkError("the worker ended by itself")


def measured(bootstrap: str, events: int, timeout_seconds: float) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bench.memory", "--child", bootstrap]
    return last_json(run_process([*command, "--events", str(events)], timeout_seconds))


def main() -> int:
    """Measure, print, write; exit status 1 where a customer takes more than the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=200_000, help="beside those of the opening")
    parser.add_argument("--timeout-seconds", type=float, default=400.0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        settings = Settings(app_id=APP_ID, kafka=KafkaSettings(bootstrap=given.child))
        figures: dict[str, Any] = {}

        async def run() -> None:
            figures.update(await held(settings, given.events))

        run_worker(run)
        print(json.dumps(figures))
        return 0
    with broker() as bootstrap:
        ensure_topics(bootstrap, APP_ID).raise_if_wrong()
        runs = {"empty": measured(bootstrap, 0, given.timeout_seconds)}
        bank = Bank(seed=7, customers=given.customers)
        loaded = asyncio.run(preload(bank, bootstrap, given.events))
        print(f"preloaded {loaded.records:,} records in {loaded.seconds:.1f} s", flush=True)
        runs["catch-up"] = measured(bootstrap, loaded.records, given.timeout_seconds)
        runs["restart"] = measured(bootstrap, 0, given.timeout_seconds)
    for each in runs.values():
        over = (each["rss_mb"] - runs["empty"]["rss_mb"]) * 1000
        each["kb_per_customer"] = over / each["customers"] if each["customers"] else 0.0
    columns = list(runs["empty"])
    rows = [[name, *(each[column] for column in columns)] for name, each in runs.items()]
    print_table("memory", ["worker", *columns], rows)
    most = max(each["kb_per_customer"] for each in runs.values())
    print(
        f"{runs['catch-up']['kb_per_customer']:.2f} KB a customer after a catch-up, "
        f"{runs['restart']['kb_per_customer']:.2f} after a restart (target {TARGET_KB})"
    )
    figures = {"machine": machine_info(), "versions": versions("aiokafka", "msgspec")}
    ratios = {"target": round(most / TARGET_KB, 3)}
    write_results("memory", {**figures, "runs": runs, "ratios": ratios})
    return 0 if most <= TARGET_KB else 1


if __name__ == "__main__":
    raise SystemExit(main())

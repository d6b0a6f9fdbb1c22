"""Restore: customers a second from a realistic, uncompacted changelog.

A bank's events go through a real worker first, so that the changelog holds what a worker
writes: several versions of each customer, checkpoints and transaction markers.
Target: 100,000 customers/s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from statistics import median
from typing import Any

import uvloop

from bench.harness import broker, last_json, machine_info, run_process, versions
from bench.measured import in_a_process
from bench.preload import preload
from bench.report import print_table, write_results
from streams.engine.restore import Restored, restore
from streams.settings import KafkaSettings, Settings
from streams.sources.bank import Bank
from streams.topics.ensure import ensure_topics

TARGET_CUSTOMERS_PER_SECOND = 100_000
APP_ID = "restore"


async def restore_all(settings: Settings) -> dict[str, Any]:
    """Restore every partition as a worker does, so many at once; the figures of it."""
    at_once = asyncio.Semaphore(settings.restores_at_once)

    async def one(number: int) -> Restored:
        async with at_once:
            return await restore(settings, number)

    began = time.perf_counter()
    found = await asyncio.gather(*(one(number) for number in range(settings.partitions)))
    seconds = time.perf_counter() - began
    customers = sum(1 for one in found for _ in one.store.of_letter(b"c"))
    records = sum(one.records for one in found)
    return {
        "customers": customers,
        "records": records,
        "records_per_customer": records / customers,
        "seconds": seconds,
        "customers_per_second": customers / seconds,
        "records_per_second": records / seconds,
    }


def main() -> int:
    """Fill a changelog, restore it, print and write; exit status 1 below the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        settings = Settings(app_id=APP_ID, kafka=KafkaSettings(bootstrap=given.child))
        print(json.dumps(uvloop.run(restore_all(settings))))
        return 0
    with broker() as bootstrap:
        ensure_topics(bootstrap, APP_ID).raise_if_wrong()
        loaded = asyncio.run(
            preload(Bank(seed=7, customers=given.customers), bootstrap, given.events)
        )
        wrote = in_a_process(bootstrap, APP_ID, loaded.records, 300.0)
        print(f"wrote {wrote['events']:,} events", flush=True)
        child = [sys.executable, "-m", "bench.restore", "--child", bootstrap]
        runs = [last_json(run_process(child, 120.0)) for _ in range(given.rounds)]
    columns = list(runs[0])
    print_table("restore", columns, [[run[column] for column in columns] for run in runs])
    rate = median(run["customers_per_second"] for run in runs)
    print(f"median {rate:,.0f} customers/s (target {TARGET_CUSTOMERS_PER_SECOND:,})")
    ratio = round(rate / TARGET_CUSTOMERS_PER_SECOND, 3)
    figures = {"machine": machine_info(), "versions": versions("aiokafka"), "runs": runs}
    write_results("restore", {**figures, "ratios": {"target": ratio}})
    return 0 if rate >= TARGET_CUSTOMERS_PER_SECOND else 1


if __name__ == "__main__":
    raise SystemExit(main())

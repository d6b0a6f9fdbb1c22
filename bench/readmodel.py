"""The read model: its cold start over 100,000 customers, and what a question takes meanwhile.

A bank's events go through a real worker first, so that the changelog holds what a worker writes.
Then a follower begins without a file: until every partition is shown is its cold start. Targets:
100,000 customers in under 10 s; a customer under 20 ms at the 99th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.harness import broker, last_json, machine_info, run_process, versions
from bench.measured import in_a_process
from bench.preload import preload
from bench.report import print_table, write_results
from streams.readmodel.reading import ReadModel
from streams.settings import KafkaSettings, ServeSettings, Settings
from streams.sources.bank import Bank
from streams.topics.ensure import ensure_topics

TARGET_SECONDS = 10.0
TARGET_P99_MS = 20.0
APP_ID = "readmodel"
QUESTIONS = 5_000


def cold_start(settings: Settings) -> dict[str, Any]:
    """A follower without a file, until all is shown; then some questions."""
    model = ReadModel(settings)
    variables = {
        **os.environ,
        "TOUCHLINE_APP_ID": settings.app_id,
        "TOUCHLINE_KAFKA__BOOTSTRAP": str(settings.kafka.bootstrap),
        "TOUCHLINE_SERVE__DIRECTORY": str(settings.serve.directory),
    }
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "streams.readmodel"], env=variables)
    try:
        while True:
            told = model.currency()
            if len(told) == settings.partitions and max(one.age_seconds for one in told) < 60:
                break
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
        figures = {"seconds": seconds, "follower_peak_mb": peak / 1024, **_ask(model)}
    finally:
        process.terminate()
        used = os.wait4(process.pid, 0)[2]
    size = sum(path.stat().st_size for path in Path(str(settings.serve.directory)).iterdir())
    cpu = used.ru_utime + used.ru_stime
    return figures | {"follower_cpu_seconds": cpu, "file_mb": size / 1024**2}


def _ask(model: ReadModel) -> dict[str, Any]:
    chosen = random.Random(3)
    every = [f"c-{chosen.randrange(100_000):06d}" for _ in range(QUESTIONS)]
    took: list[float] = []
    found = 0
    for customer_id in every:
        began = time.perf_counter()
        found += model.customer(customer_id) is not None
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "found": found,
        "customer_p50_ms": took[len(took) // 2],
        "customer_p99_ms": took[len(took) * 99 // 100],
        "reader_peak_mb": peak,
    }


def main() -> int:
    """Fill, start cold, ask, print and write; exit status 1 past a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        bootstrap, directory = given.child
        settings = Settings(
            app_id=APP_ID,
            kafka=KafkaSettings(bootstrap=bootstrap),
            serve=ServeSettings(directory=Path(directory)),
        )
        print(json.dumps(cold_start(settings)))
        return 0
    with broker() as bootstrap:
        ensure_topics(bootstrap, APP_ID).raise_if_wrong()
        loaded = asyncio.run(
            preload(Bank(seed=7, customers=given.customers), bootstrap, given.events)
        )
        wrote = in_a_process(bootstrap, APP_ID, loaded.records, 600.0)
        print(f"wrote {wrote['events']:,} events", flush=True)
        runs = []
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory() as directory:
                child = [sys.executable, "-m", "bench.readmodel", "--child", bootstrap, directory]
                runs.append(last_json(run_process(child, 300.0)))
    columns = list(runs[0])
    print_table("readmodel", columns, [[run[column] for column in columns] for run in runs])
    seconds = min(run["seconds"] for run in runs)
    p99 = min(run["customer_p99_ms"] for run in runs)
    figures = {"machine": machine_info(), "versions": versions("aiokafka"), "runs": runs}
    ratios = {
        "cold_start": round(seconds / TARGET_SECONDS, 3),
        "customer_p99": round(p99 / TARGET_P99_MS, 3),
    }
    write_results("readmodel", {**figures, "ratios": ratios})
    return 0 if seconds <= TARGET_SECONDS and p99 <= TARGET_P99_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""The full customers agent, exactly once, one worker: events a second from a full topic.

Seeded bank, preloaded; the worker reads all ten topics from the beginning to the end.
Targets: 30,000 events/s with at most 1 KB of changelog an event; with live segments at least 0.7 of
what it is without them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from statistics import median
from typing import Any

from bench.harness import broker, delete_topics, last_json, machine_info, run_process, versions
from bench.preload import preload
from bench.report import print_table, spread, write_results
from streams.sources.bank import Bank
from streams.topics.ensure import ensure_topics

TARGET_EVENTS_PER_SECOND = 30_000
TARGET_CHANGELOG_BYTES = 1024
TARGET_SHARE = 0.7


def measure_once(
    bootstrap: str, app_id: str, events: int, timeout: float, *, segments: bool
) -> dict[str, Any]:
    """One worker process over the preloaded topics under a fresh application id."""
    ensure_topics(bootstrap, app_id).raise_if_wrong()
    command = [sys.executable, "-m", "bench.measured", "--bootstrap", bootstrap]
    command += ["--app-id", app_id, "--events", str(events)]
    command += [] if segments else ["--no-segments"]
    figures = last_json(run_process(command, timeout))
    delete_topics(bootstrap, f"{app_id}-customers-changelog")
    return {"segments": segments, **figures}


def main() -> int:
    """Measure, print, write; exit status 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout-seconds", type=float, default=180.0)
    given = parser.parse_args()
    with broker() as bootstrap:
        ensure_topics(bootstrap, "pipeline-0").raise_if_wrong()
        bank = Bank(seed=7, customers=given.customers)
        loaded = asyncio.run(preload(bank, bootstrap, given.events))
        print(f"preloaded {loaded.records:,} records in {loaded.seconds:.1f} s", flush=True)
        runs = [
            measure_once(
                bootstrap,
                f"pipeline-{number}{'' if segments else '-without'}",
                loaded.records,
                given.timeout_seconds,
                segments=segments,
            )
            for number in range(given.rounds)
            for segments in ((False, True) if number % 2 else (True, False))
        ]
    rates = [run["events_per_second"] for run in runs if run["segments"]]
    without = [run["events_per_second"] for run in runs if not run["segments"]]
    share = median(rates) / median(without)
    changelog = median(run["changelog_bytes_per_event"] for run in runs if run["segments"])
    columns = list(runs[0])
    print_table("pipeline", columns, [[run[column] for column in columns] for run in runs])
    reached = median(rates) >= TARGET_EVENTS_PER_SECOND and changelog <= TARGET_CHANGELOG_BYTES
    reached = reached and share >= TARGET_SHARE
    print(
        f"median {median(rates):,.0f} events/s with segments, {median(without):,.0f} without"
        f" (target {TARGET_EVENTS_PER_SECOND:,}), "
        f"{changelog:,.0f} bytes of changelog an event (target {TARGET_CHANGELOG_BYTES:,}), "
        f"{share:.2f} of what it is without segments (target {TARGET_SHARE})"
    )
    write_results(
        "pipeline",
        {
            "machine": machine_info(),
            "versions": versions("faust-streaming", "aiokafka", "pydantic", "msgspec"),
            "runs": runs,
            "median_events_per_second": median(rates),
            "spread": spread(rates),
            "ratios": {
                "target": round(median(rates) / TARGET_EVENTS_PER_SECOND, 3),
                "without_segments": round(share, 3),
            },
        },
    )
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

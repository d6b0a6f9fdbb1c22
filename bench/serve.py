"""`touchline serve` beside a running pipeline: how long a customer takes, how much memory it needs.

    python -m bench.serve [--customers 100000] [--rate 4000] [--seconds 30] [--streams 50]
        [--niceness 0]

One worker and one serve on a broker of their own. While transactions come at a steady rate (about
half of what `bench.pipeline` gives), customers are asked for at 200 requests/s and 50 streams
listen. Targets: p99 under 20 ms; web process and follower together under 300 MB; a serve without a
read model is ready within 10 s for 100,000 customers; the worker keeps up with 95 % of what is
sent. Client, producer, broker, worker and serve share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiokafka import AIOKafkaProducer

from bench.harness import broker, machine_info, versions
from bench.report import print_table, quantile, write_results
from bench.served import Application, counted, memory_mb, ready
from schemas.topics import TOPIC_OF_TYPE
from streams.topics.ensure import ensure_topics_of

TARGET_P99_MS = 20.0
TARGET_MEMORY_MB = 300.0
TARGET_COLD_SECONDS_OF_100K = 10.0
TARGET_KEPT = 0.95
REQUESTS_PER_SECOND = 200
TICK_SECONDS = 0.005
WARM_SECONDS = 2.0
TOPIC = TOPIC_OF_TYPE["transaction"]
EVENTS = "touchline_events_total"


def transaction(number: int, customer: int, run: str) -> bytes:
    """One transaction, now: small, or one of a hundred so large that an alert is raised."""
    amount = 10 + number % 90 if number % 100 else 150_000
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return (
        f'{{"type":"transaction","event_id":"{run}-{number:08}","customer_id":"c{customer:06}",'
        f'"occurred_at":"{now}","channel":"app","account_id":"a","amount":{amount},'
        f'"currency":"CNY","direction":"debit","balance_after":{1_000 + number % 5_000}}}'
    ).encode()


async def send(bootstrap: str, customers: int, rate: float, count: int) -> None:
    """So many transactions, at a rate (0: as fast as can be), over all customers in turn."""
    run = f"b{time.time_ns()}"
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, acks="all")
    await producer.start()
    began = time.perf_counter()
    try:
        for number in range(count):
            if rate and number % 50 == 0:
                early = number / rate - (time.perf_counter() - began)
                await asyncio.sleep(max(0.0, early))
            customer = number % customers
            value = transaction(number, customer, run)
            await producer.send(TOPIC, key=f"c{customer:06}".encode(), value=value)
    finally:
        await producer.stop()


async def listen(session: aiohttp.ClientSession, address: str, heard: list[int]) -> None:
    """A stream as a desk has it, counted in place."""
    async with session.get(f"{address}/v1/stream?topics=alert-state") as answer:
        answer.raise_for_status()
        async for line in answer.content:
            heard[0] += line.startswith(b"event:")


async def ask(
    address: str, token: str, customers: int, seconds: float, streams: int
) -> dict[str, Any]:
    """Ask at a steady rate while streams listen: times in ms, and what failed."""
    times: list[float] = []
    failed, heard = 0, [[0] for _ in range(streams)]
    chance = random.Random(5)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"},
        timeout=timeout,
        connector=aiohttp.TCPConnector(limit=0),
        read_bufsize=2**20,
    ) as session:

        async def one() -> None:
            nonlocal failed
            began = time.perf_counter()
            url = f"{address}/v1/customers/c{chance.randrange(customers):06}"
            async with session.get(url) as answer:
                await answer.read()
                failed += answer.status != 200
            times.append((time.perf_counter() - began) * 1000)

        listening = [asyncio.create_task(listen(session, address, each)) for each in heard]
        await asyncio.sleep(WARM_SECONDS)
        began, asked = time.perf_counter(), 0
        pending: set[asyncio.Task[None]] = set()
        while (elapsed := time.perf_counter() - began) < seconds:
            while asked < elapsed * REQUESTS_PER_SECOND:
                task = asyncio.create_task(one())
                pending.add(task)
                task.add_done_callback(pending.discard)
                asked += 1
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.gather(*pending)
        broken = sum(task.done() for task in listening)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return {
        "requests": len(times),
        "failed": failed,
        "p50_ms": quantile(times, 0.5),
        "p90_ms": quantile(times, 0.9),
        "p99_ms": quantile(times, 0.99),
        "max_ms": max(times),
        "streams_broken": broken,
        "stream_events": min(each[0] for each in heard),
    }


def measure(bootstrap: str, app_id: str, given: argparse.Namespace, part: Path) -> dict[str, Any]:
    """One round: a worker that has all customers, a read model from nothing, then questions."""
    with Application(bootstrap, app_id, part, niceness=given.niceness) as running:
        ensure_topics_of(running.settings).raise_if_wrong()
        token = running.key("read")
        worker = running.worker()
        uvloop.run(send(bootstrap, given.customers, 0, given.customers))
        ready(worker.address)
        before = -1.0
        while before != (done := counted(worker.address, EVENTS)) or done < given.customers:
            before = done
            time.sleep(2.0)
        began = time.perf_counter()
        serve = running.serve()
        ready(serve.address)
        cold = time.perf_counter() - began
        sending = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.serve", "--send", bootstrap),
                *("--customers", str(given.customers), "--rate", str(given.rate)),
                *("--seconds", str(given.seconds + 2 * WARM_SECONDS + 1)),
            ]
        )
        try:
            time.sleep(WARM_SECONDS)
            done, since = counted(worker.address, EVENTS), time.perf_counter()
            asked = uvloop.run(
                ask(serve.address, token, given.customers, given.seconds, given.streams)
            )
            done = counted(worker.address, EVENTS) - done
            seconds = time.perf_counter() - since
        finally:
            sending.terminate()
            sending.wait(30)
        return {
            "customers": given.customers,
            "cold_seconds": cold,
            **asked,
            "memory_mb": memory_mb(serve.pid),
            "events_per_second": done / seconds,
            "kept": done / seconds / given.rate,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; exit status 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=4_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--niceness", type=int, default=0, help="how far serve gives way")
    parser.add_argument("--send", default="", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.send:
        count = round(given.rate * given.seconds)
        uvloop.run(send(given.send, given.customers, given.rate, count))
        return 0
    runs = []
    with broker() as bootstrap:
        for number in range(given.rounds):
            with tempfile.TemporaryDirectory() as directory:
                runs.append(measure(bootstrap, f"bench-serve-{number}", given, Path(directory)))
    columns = list(runs[0])
    print_table("serve", columns, [[run[column] for column in columns] for run in runs])
    p99 = max(run["p99_ms"] for run in runs)
    memory = max(run["memory_mb"] for run in runs)
    cold = max(run["cold_seconds"] for run in runs)
    kept = min(run["kept"] for run in runs)
    cold_target = TARGET_COLD_SECONDS_OF_100K * max(0.3, given.customers / 100_000)
    print(
        f"worst round: p99 {p99:.1f} ms (target {TARGET_P99_MS}); memory {memory:.0f} MB "
        f"({TARGET_MEMORY_MB}); cold start {cold:.1f} s ({cold_target:.1f} for so many customers);"
        f" {kept:.3f} of the events sent are worked off meanwhile ({TARGET_KEPT})"
    )
    write_results(
        "serve",
        {
            "machine": machine_info(),
            "versions": versions("fastapi", "uvicorn", "msgspec"),
            "runs": runs,
            "ratios": {
                "p99_target": round(p99 / TARGET_P99_MS, 3),
                "memory_target": round(memory / TARGET_MEMORY_MB, 3),
                "cold_target": round(cold / cold_target, 3),
                "kept": round(kept, 3),
            },
        },
    )
    wrong = any(run["failed"] or run["streams_broken"] or not run["stream_events"] for run in runs)
    right = p99 < TARGET_P99_MS and memory < TARGET_MEMORY_MB and cold < cold_target
    return 0 if right and kept >= TARGET_KEPT and not wrong else 1


if __name__ == "__main__":
    raise SystemExit(main())

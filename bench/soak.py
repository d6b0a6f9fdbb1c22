"""Soak: what a worker uses stays flat under a steady load on three of its ten topics.

Sampled from outside every two seconds: memory (resident), open files, the mean time of a
commit and of an alert (from ``/metrics``), and processor time for a thousand records, which
holds what each fetched chunk costs. Few customers, so that their bounded memories are full
after the warm-up and nothing that grows rightly is left.

Judged between the first and the last third of the samples: by the median, times by the lower
quartile, since whatever else runs on the machine only makes them longer; memory also by the
Theil-Sen slope over all samples. Exit status 1 with the figures when something is not flat.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from aiokafka import AIOKafkaProducer

from bench.harness import broker, machine_info, versions
from bench.report import print_table, write_results
from streams.topics.ensure import ensure_topics

CUSTOMERS = 12
RATE = 450
TICK_SECONDS = 0.02
SAMPLE_SECONDS = 2.0
# A customer's memory of ids holds 2,048: full after 55 s at this rate.
WARM_SECONDS = 65.0
# One payment in so many of a customer is large: an alert every ten seconds, customers in turn.
LARGE_EVERY = 125
POLICY = "alerts: {cap_per_customer_and_day: 1000}\n"
READY_SECONDS = 60.0


class Sample(NamedTuple):
    """One look at the worker. Times are means over what happened since the look before."""

    seconds: float
    memory_mb: float
    open_files: float
    commit_ms: float
    alert_ms: float
    cpu_ms_per_1000: float


class Limit(NamedTuple):
    """How far the last third may lie above the first: by a share and by an amount."""

    share: float
    amount: float


# Times waver with what else runs on the machine, while what leaks makes them grow without end:
# Faust's list of offset gaps, say, made a chunk 100 times as dear within 2,000 chunks.
LIMITS = {
    "memory_mb": Limit(0.05, 5.0),
    "open_files": Limit(0.0, 2.0),
    "commit_ms": Limit(1.0, 10.0),
    "alert_ms": Limit(1.0, 20.0),
    "cpu_ms_per_1000": Limit(1.0, 20.0),
}


class Judged(NamedTuple):
    """One measure: medians of the first and the last third, and the growth over the run."""

    name: str
    first: float
    last: float
    growth: float
    allowed: float

    @property
    def flat(self) -> bool:
        """Whether it stayed within its limit."""
        return self.growth <= self.allowed


def theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """The median slope over all pairs of points: outliers do not move it.

    >>> theil_sen([(0, 1), (1, 2), (2, 3), (3, 90), (4, 5)])
    1.0
    """
    pairs = itertools.combinations(points, 2)
    return statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs if x1 != x2)


def lower_quartile(values: Sequence[float]) -> float:
    """The value that a quarter of the values does not exceed.

    >>> lower_quartile([5.0, 1.0, 9.0, 2.0])
    2.0
    """
    return sorted(values)[len(values) // 4]


def judge(samples: Sequence[Sample]) -> list[Judged]:
    """Each measure over the samples; memory by its slope where that tells of more."""
    third = len(samples) // 3
    assert third >= 3, f"{len(samples)} samples are too few to judge"
    thinned = samples[:: max(1, len(samples) // 300)]
    span = samples[-1].seconds - samples[0].seconds
    found = []
    for name, limit in LIMITS.items():
        values = [getattr(sample, name) for sample in samples]
        middle = statistics.median if name in ("memory_mb", "open_files") else lower_quartile
        first, last = middle(values[:third]), middle(values[-third:])
        growth = last - first
        if name == "memory_mb":
            slope = theil_sen([(sample.seconds, sample.memory_mb) for sample in thinned])
            growth = max(growth, slope * span * 2 / 3)
        found.append(Judged(name, first, last, growth, max(limit.amount, limit.share * first)))
    return found


# -- load ---------------------------------------------------------------------------------


def _event(number: int) -> tuple[str, bytes, bytes]:
    """Topic, key and value of one event; three of the ten topics are used."""
    customer = f"s{number % CUSTOMERS:04}"
    common: dict[str, Any] = {
        "event_id": f"soak-{number}",
        "customer_id": customer,
        "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "channel": "app",
    }
    fields: dict[str, Any]
    turn, place = divmod(number, CUSTOMERS)
    round_of_three, kind = divmod(turn, 3)
    if kind == 0:
        topic, fields = "touchpoints.app", {"type": "app_click", "action": "tab_switch"}
    elif kind == 1:
        topic, fields = "touchpoints.surveys", {"type": "survey", "instrument": "csat", "score": 4}
    else:
        amount = 150_000 if (round_of_three + 5 * place) % LARGE_EVERY == 0 else 25
        topic = "touchpoints.transactions"
        fields = {"type": "transaction", "amount": amount, "currency": "CNY"}
        fields |= {"direction": "debit", "account_id": "a"}
    return topic, customer.encode(), json.dumps(common | fields).encode()


async def _load(bootstrap: str, seconds: float, count: Callable[[], None]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, acks="all")
    await producer.start()
    began, number = time.monotonic(), 0
    try:
        while (elapsed := time.monotonic() - began) < seconds:
            while number < elapsed * RATE:
                topic, key, value = _event(number)
                await producer.send(topic, key=key, value=value)
                number += 1
                count()
            await asyncio.sleep(TICK_SECONDS)
    finally:
        await producer.stop()


# -- sampling -----------------------------------------------------------------------------


class Watch:
    """Looks at one worker process and its metrics page."""

    def __init__(self, pid: int, address: str) -> None:
        self._process = psutil.Process(pid)
        self._address = address
        self._before = (0.0,) * 6
        self._began = time.monotonic()
        self.sent = 0

    def count(self) -> None:
        """One more record was sent."""
        self.sent += 1

    def look(self) -> Sample:
        """The state now, and means since the look before."""
        page = self._page()
        times = self._process.cpu_times()
        now = (
            *_mean_parts(page, "touchline_commit_seconds"),
            *_mean_parts(page, "touchline_alert_latency_seconds"),
            times.user + times.system,
            float(self.sent),
        )
        commit, commits, alert, alerts, cpu, sent = (
            a - b for a, b in zip(now, self._before, strict=True)
        )
        self._before = now
        return Sample(
            seconds=time.monotonic() - self._began,
            memory_mb=self._process.memory_info().rss / 2**20,
            open_files=float(self._process.num_fds()),
            commit_ms=1000 * commit / max(1.0, commits),
            alert_ms=1000 * alert / max(1.0, alerts),
            cpu_ms_per_1000=1000 * cpu / max(1.0, sent / 1000),
        )

    def _page(self) -> str:
        with urllib.request.urlopen(f"{self._address}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text


def _mean_parts(page: str, name: str) -> tuple[float, float]:
    """Sum and count of a histogram, over all its labels."""
    sums = re.findall(rf"^{name}_sum(?:\{{.*\}})? (\S+)$", page, re.MULTILINE)
    counts = re.findall(rf"^{name}_count(?:\{{.*\}})? (\S+)$", page, re.MULTILINE)
    return sum(map(float, sums)), sum(map(float, counts))


async def soak(bootstrap: str, pid: int, address: str, seconds: float) -> list[Sample]:
    """Load and look; the samples after the warm-up."""
    watch = Watch(pid, address)
    load = asyncio.create_task(_load(bootstrap, seconds, watch.count))
    samples = []
    while not load.done():
        await asyncio.wait([load], timeout=SAMPLE_SECONDS)
        samples.append(await asyncio.to_thread(watch.look))
    await load
    return [sample for sample in samples if sample.seconds >= WARM_SECONDS][:-1]


def _ready_address(log: Path) -> str:
    """The address of the worker's pages once it is ready."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        told = re.search(r"metrics=(http://\S+)/metrics", log.read_text(errors="replace"))
        if told is not None:
            try:
                urllib.request.urlopen(f"{told[1]}/readyz", timeout=2).close()
            except OSError:
                pass
            else:
                return told[1]
        time.sleep(0.2)
    raise RuntimeError(f"the worker is not ready:\n{log.read_text(errors='replace')[-2000:]}")


def run(seconds: float) -> list[Sample]:
    """Broker, worker and load for ``seconds``; the samples after the warm-up."""
    with broker() as bootstrap, tempfile.TemporaryDirectory(prefix="soak-") as directory:
        ensure_topics(bootstrap, "touchline").raise_if_wrong()
        log, policy = Path(directory) / "worker.log", Path(directory) / "policy.yaml"
        policy.write_text(POLICY)
        env = {**os.environ, "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap}
        env["TOUCHLINE_POLICY"] = str(policy)
        command = [sys.executable, "-m", "streams.cli", "worker", "--http-port", "0"]
        with log.open("wb") as to:
            worker = subprocess.Popen(command, env=env, stdout=to, stderr=to)
        try:
            address = _ready_address(log)
            return asyncio.run(soak(bootstrap, worker.pid, address, seconds))
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()


def main() -> int:
    """Soak, print, write; exit status 1 where something was not flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    samples = run(60 * given.minutes)
    judged = judge(samples)
    print_table(
        "soak",
        ["measure", "first third", "last third", "growth", "allowed", "flat"],
        [
            [one.name, f"{one.first:.2f}", f"{one.last:.2f}", f"{one.growth:.2f}",
             f"{one.allowed:.2f}", "yes" if one.flat else "NO"]
            for one in judged
        ],
    )  # fmt: skip
    write_results(
        "soak",
        {
            "machine": machine_info(),
            "versions": versions("aiokafka", "faust-streaming"),
            "minutes": given.minutes,
            "rate": RATE,
            "samples": [sample._asdict() for sample in samples],
            "judged": [one._asdict() | {"flat": one.flat} for one in judged],
        },
    )
    return 0 if all(one.flat for one in judged) else 1


if __name__ == "__main__":
    raise SystemExit(main())

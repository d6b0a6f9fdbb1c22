"""Engines side by side: count and sum per customer over a preloaded topic of a real Kafka.

    python -m bench.engines [--events 400000] [--rounds 3] [--only touchline,quix]

Every engine runs in a process of its own, one at a time, each once in every round and in another
order each round, so that a slow minute of the machine falls on no engine alone. After each run the
totals of every customer are compared with what was sent. Writes `bench/results/engines.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console

from bench import harness, report
from bench.peers import install, verify
from bench.peers.catalogue import OURS, PEERS, Load, Peer
from bench.workload import Expected, preload, transactions

PARTITIONS = 4
SETTLE_SECONDS = 1.0
VERIFY_SECONDS = 60.0
COMPACTED = {"cleanup.policy": "compact", "max.message.bytes": str(2 * 1024 * 1024)}
VERSIONS = ("faust-streaming", "aiokafka", "kafka-python", "msgspec", "uvloop")


@dataclass(frozen=True)
class Loaded:
    """A topic that has been filled, and what its events add up to."""

    topic: str
    expected: Expected


@dataclass(frozen=True)
class Run:
    """One run of one engine; `fault` is empty if it ended well with every total right."""

    peer: str
    round: int
    events: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    fault: str = ""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "peer": self.peer,
            "round": self.round,
            "events": self.events,
            "seconds": round(self.seconds, 4),
            "events_per_second": round(self.rate, 1),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "fault": self.fault,
        }


def run_once(peer: Peer, round_number: int, bootstrap: str, loaded: Loaded, limit: float) -> Run:
    """Start `peer` on `loaded`, wait at most `limit` seconds, check what it counted, clean up."""
    group = f"{peer.name}-{uuid.uuid4().hex[:8]}"
    names = {"group": group, "topic": loaded.topic}
    changelog = peer.changelog.format(**names) if peer.changelog else None
    try:
        if changelog and peer.make_changelog:
            harness.make_topic(bootstrap, changelog, PARTITIONS, COMPACTED)
        with tempfile.TemporaryDirectory(prefix="touchline-bench-") as state:
            arguments = ["--bootstrap", bootstrap, "--topic", loaded.topic, "--group", group]
            arguments += ["--events", str(loaded.expected.events)]
            arguments += ["--state-dir", state] if peer.state_dir else []
            finished = harness.run_process([*peer.start(), *arguments], limit)
        said = harness.last_json(finished)
        fault = check(peer, bootstrap, changelog, said, loaded.expected)
    except harness.BenchmarkError as error:
        return Run(peer.name, round_number, fault=str(error))
    finally:
        harness.delete_topics(bootstrap, group)
    events, seconds = int(said["events"]), float(said["seconds"])
    return Run(peer.name, round_number, events, seconds, finished.cpu_seconds, fault)


def check(
    peer: Peer, bootstrap: str, changelog: str | None, said: dict[str, Any], expected: Expected
) -> str:
    """A sentence on what is wrong with the totals, or nothing."""
    if said["events"] != expected.events:
        return f"says {said['events']} events, {expected.events} were sent"
    if changelog and peer.decode:
        reading = verify.totals_in_changelog(bootstrap, changelog, peer.decode)
        try:
            found = asyncio.run(asyncio.wait_for(reading, VERIFY_SECONDS))
        except TimeoutError:
            return f"the changelog {changelog} was not read within {VERIFY_SECONDS:.0f} s"
        return "; ".join(verify.faults(expected, found))
    if "state" in said:
        kept, cents = said["state"], sum(total[1] for total in expected.totals.values())
        wanted = (len(expected.totals), expected.events, cents)
        got = (kept["customers"], kept["count"], round(kept["sum"] * 100))
        return "" if got == wanted else f"customers, count, cents: {got}, sent {wanted}"
    return ""


def measure(
    peers: Sequence[Peer], options: argparse.Namespace, bootstrap: str, console: Console
) -> tuple[dict[Load, Loaded], list[Run]]:
    """Fill the topics, then run every peer once a round in a shuffled order."""
    loads: dict[Load, Loaded] = {}
    sizes: dict[Load, int] = {"full": options.events, "small": options.small_events}
    for load in sorted({peer.load for peer in peers}):
        topic = f"bench-engines-{load}"
        harness.make_topic(bootstrap, topic, PARTITIONS)
        events = transactions(sizes[load], options.customers)
        loads[load] = Loaded(topic, asyncio.run(preload(bootstrap, topic, PARTITIONS, events)))
    chance, runs = random.Random(options.rounds), []
    for round_number in range(1, options.rounds + 1):
        for peer in chance.sample(list(peers), len(peers)):
            time.sleep(SETTLE_SECONDS)
            run = run_once(peer, round_number, bootstrap, loads[peer.load], options.limit_seconds)
            runs.append(run)
            told = run.fault or f"{run.rate:,.0f} events/s, {run.seconds:.2f} s"
            console.print(f"round {round_number}  {peer.title}: {told}", markup=False)
    return loads, runs


def results(
    peers: Sequence[Peer],
    loads: dict[Load, Loaded],
    runs: Sequence[Run],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """What goes into the file: workload, machine, versions, settings, runs, ratios, targets."""
    rates = good_rates(peers, runs)
    ratios = report.ratios(rates, OURS)
    targets = {peer.name: peer.target for peer in peers if peer.target and peer.name in ratios}
    some = next(iter(loads.values())).expected
    return {
        "job": "count and sum per customer",
        "workload": {
            "events": {load: loaded.expected.events for load, loaded in loads.items()},
            "event_bytes": round(some.value_bytes / some.events, 1),
            "customers": options.customers,
            "partitions": PARTITIONS,
            "rounds": options.rounds,
        },
        "machine": harness.machine_info(),
        "versions": harness.versions(*VERSIONS) | install.pins(),
        "settings": {peer.name: f"{peer.guarantee}; {peer.settings}" for peer in peers},
        "runs": [run.as_dict() for run in runs],
        "median_events_per_second": {
            name: round(median(runs_of), 1) for name, runs_of in rates.items() if runs_of
        },
        "ratios": ratios,
        "targets": {
            name: {"at_least": target, "ratio": ratios[name], "met": ratios[name] >= target}
            for name, target in targets.items()
        },
    }


def good_rates(peers: Sequence[Peer], runs: Sequence[Run]) -> dict[str, list[float]]:
    """Events a second of every run without a fault, by peer."""
    return {
        peer.name: [run.rate for run in runs if run.peer == peer.name and not run.fault]
        for peer in peers
    }


def print_results(peers: Sequence[Peer], runs: Sequence[Run], data: dict[str, Any]) -> None:
    """The table, and beneath it the targets and the settings."""
    rates, rows = good_rates(peers, runs), []
    for peer in peers:
        own = [run for run in runs if run.peer == peer.name and not run.fault]
        middle = median(rates[peer.name]) if own else None
        cost = median(run.cpu_seconds / run.events * 1e6 for run in own) if own else None
        ratio = data["ratios"].get(peer.name)
        wrong = sum(1 for run in runs if run.peer == peer.name and run.fault)
        noise = report.spread(rates[peer.name])
        shown = round(middle) if middle else None
        rows.append([peer.title, peer.guarantee, shown, noise, cost, ratio, wrong])
    columns = ["engine", "guarantee", "events/s", "spread", "CPU us/event", "ours : it", "faults"]
    notes = []
    for name, target in data["targets"].items():
        word = "met" if target["met"] else "MISSED"
        notes.append(f"target {target['at_least']} x {name}: {target['ratio']}, {word}")
    notes += [f"{peer.title}: {peer.settings}" for peer in peers]
    title = f"{data['job']}, median of {data['workload']['rounds']} rounds"
    report.print_table(title, columns, rows, notes)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--small-events", type=int, default=40_000, help="for plain Faust")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit-seconds", type=float, default=120.0, help="for one run")
    parser.add_argument("--only", default="", help="names, separated by commas")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if any run failed or any total was wrong."""
    options, console = arguments(given), report.wide_console()
    wanted = set(filter(None, options.only.split(",")))
    unknown = wanted - {peer.name for peer in PEERS}
    if unknown:
        names = ", ".join(peer.name for peer in PEERS)
        console.print(f"no such engine: {', '.join(sorted(unknown))}; there are {names}")
        return 2
    peers = [peer for peer in PEERS if not wanted or peer.name in wanted]
    try:
        for peer in peers:
            console.print(f"preparing {peer.title}", markup=False)
            peer.start()
    except harness.BenchmarkError as error:
        console.print(f"{error}\n--only NAMES leaves an engine out", markup=False)
        return 1
    with harness.broker() as bootstrap:
        loads, runs = measure(peers, options, bootstrap, console)
    data = results(peers, loads, runs, options)
    path = report.write_results("engines", data)
    print_results(peers, runs, data)
    console.print(f"written to {path.relative_to(harness.ROOT)}")
    return 1 if any(run.fault for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())

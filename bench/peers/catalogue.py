"""The engines that are compared: how each is started, with which settings, and how it is checked.

One contract for all: the process gets `--bootstrap`, `--topic`, `--group` (fresh, also its
application id), `--events` and perhaps `--state-dir`. It reads the topic from the beginning, counts
and sums per customer, prints one line `{"events": n, "seconds": s}` and exits with 0. The seconds
run from the first record received until the result of the last one is durably committed, its
offsets included. An engine without a changelog adds
`"state": {"customers": c, "count": n, "sum": x}`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.peers import install, verify

HERE = Path(__file__).resolve().parent
OURS = "touchline"
Load = Literal["full", "small"]


@dataclass(frozen=True)
class Peer:
    """One row of the table.

    `start` makes what is needed and returns the command without the common arguments. `changelog`
    is a pattern of `{group}` and `{topic}`; None where there is none to check. `load`: which topic
    it reads. `state_dir`: it takes `--state-dir`. `make_changelog`: the benchmark makes the topic.
    `target`: how many times as fast ours must be.
    """

    name: str
    title: str
    guarantee: str
    settings: str
    start: Callable[[], list[str]]
    changelog: str | None = None
    decode: verify.Decoder | None = None
    load: Load = "full"
    state_dir: bool = False
    make_changelog: bool = False
    target: float | None = None


def _module(name: str) -> Callable[[], list[str]]:
    return lambda: [sys.executable, "-m", f"bench.peers.{name}"]


def _script(environment: str, name: str) -> Callable[[], list[str]]:
    return lambda: [str(install.environment(environment)), str(HERE / f"{name}.py")]


def _kafka_streams(*arguments: str) -> Callable[[], list[str]]:
    def start() -> list[str]:
        built = install.kafka_streams()
        classes = f"{built / 'peer.jar'}:{built / 'lib'}/*"
        return ["java", "-cp", classes, "touchline.bench.CountAndSum", *arguments]

    return start


def _streams_peer(
    name: str,
    title: str,
    guarantee: str,
    settings: str,
    *arguments: str,
    target: float | None = None,
) -> Peer:
    return Peer(
        name=name,
        title=title,
        guarantee=guarantee,
        settings=settings,
        start=_kafka_streams(*arguments),
        changelog="{group}-totals-changelog",
        decode=verify.long_double,
        state_dir=True,
        target=target,
    )


_EXACTLY = ("--guarantee", "exactly_once_v2")
PEERS: tuple[Peer, ...] = (
    Peer(
        OURS,
        "Touchline",
        "exactly once",
        "one worker; one transaction at most every 0.5 s under load; state in memory and changelog",
        _module("ours"),
        changelog="{group}-customers-changelog",
        decode=verify.touchline_record,
        make_changelog=True,
    ),
    _streams_peer(
        "kafka-streams-eos",
        "Kafka Streams, exactly_once_v2",
        "exactly once",
        "1 thread, RocksDB, changelog, cache 10 MB; commit every 100 ms (its default)",
        *_EXACTLY,
        target=1.5,
    ),
    _streams_peer(
        "kafka-streams-eos-500ms",
        "Kafka Streams, exactly_once_v2, 500 ms",
        "exactly once",
        "as above, but commit every 500 ms, as ours",
        *(*_EXACTLY, "--commit-ms", "500"),
    ),
    _streams_peer(
        "kafka-streams",
        "Kafka Streams",
        "at least once",
        "1 thread, RocksDB, changelog, cache 10 MB; commit every 30 s (its default) and at the end",
    ),
    _streams_peer(
        "kafka-streams-2-threads",
        "Kafka Streams, 2 threads",
        "at least once",
        "as above with 2 threads",
        *("--threads", "2"),
    ),
    Peer(
        "quix",
        "Quix Streams 3.28",
        "at least once",
        "RocksDB, changelog; checkpoint every 5 s (its default) and at the end",
        _script("quix", "quix_streams"),
        changelog="changelog__{group}--{topic}--default",
        decode=verify.quix_pair,
        state_dir=True,
        target=2.0,
    ),
    Peer(
        "bytewax",
        "Bytewax 0.21",
        "none: memory only",
        "stateful_batch over batches of 10,000, no recovery, no changelog",
        _script("bytewax", "bytewax_flow"),
    ),
    Peer(
        "plain-faust",
        "plain Faust",
        "at least once",
        "async for event, JSON, a Table write per event; memory store, changelog",
        _module("plain_faust"),
        changelog="{group}-totals-changelog",
        decode=verify.faust_list,
        load="small",
        state_dir=True,
        target=30.0,
    ),
    Peer(
        "aiokafka-read",
        "aiokafka getmany, nothing else",
        "reads only",
        "the ceiling of a Python consumer here",
        _module("aiokafka_read"),
    ),
)

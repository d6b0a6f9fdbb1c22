"""Workers of several kinds over the same preloaded topics, in turn about: this machine drifts."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bench.harness import delete_topics
from bench.preload import preload
from streams.sources.bank import Bank
from streams.topics.ensure import ensure_topics

Kind = Callable[[str, str, int, float], dict[str, Any]]
"""Figures of a worker: of an address, an application id, so many events, within so many seconds."""


def in_turn(
    bootstrap: str, app_id: str, given: argparse.Namespace, kinds: Sequence[Kind]
) -> list[list[dict[str, Any]]]:
    """Preload a bank, then each kind once a round, in turn about, under fresh application ids.

    ``given`` has ``events``, ``customers``, ``rounds`` and ``timeout_seconds``. Of each kind the
    runs, by round.
    """
    ensure_topics(bootstrap, f"{app_id}-0-0").raise_if_wrong()
    bank = Bank(seed=7, customers=given.customers)
    loaded = asyncio.run(preload(bank, bootstrap, given.events))
    print(f"preloaded {loaded.records:,} records in {loaded.seconds:.1f} s", flush=True)
    runs: list[list[dict[str, Any]]] = [[] for _ in kinds]
    for number in range(given.rounds):
        for kind in range(len(kinds))[:: -1 if number % 2 else 1]:
            name = f"{app_id}-{number}-{kind}"
            ensure_topics(bootstrap, name).raise_if_wrong()
            runs[kind].append(kinds[kind](bootstrap, name, loaded.records, given.timeout_seconds))
            delete_topics(bootstrap, f"{name}-customers-changelog")
    return runs


def options(events: int, timeout_seconds: float, doc: str | None) -> argparse.ArgumentParser:
    """What :func:`in_turn` is given on the command line, with these defaults."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--events", type=int, default=events)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout-seconds", type=float, default=timeout_seconds)
    return parser

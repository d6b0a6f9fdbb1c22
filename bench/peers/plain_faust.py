"""The plain Faust peer: `async for event`, JSON records, one `Table` write per event.

This is Faust as its manual teaches it, with the memory store and a changelog. It keeps of each
customer the count of events, the sum of amounts and the XOR of the event ids' hashes, so that loss
and doubling show. The kill test runs the same app as the check that must fail: without `--events`
it runs until it is stopped.

The changelog topic is `changelog_topic(group)`: key a JSON string (the customer), value a JSON list
`[count, sum, xor]`, the xor as 16 hex digits of XXH3-64.

With `--events N` it prints one line of JSON after the N-th event, once every changelog record is
acknowledged and the offsets are committed, and exits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import tempfile
import time
from typing import Any

import faust
import xxhash
from faust.types import StreamT
from kafka import KafkaConsumer

TABLE = "totals"
SETTLE_SECONDS = 0.01


def changelog_topic(group: str) -> str:
    """The topic in which the app `group` keeps its table."""
    return f"{group}-{TABLE}-changelog"


def nothing() -> list[Any]:
    """The totals of a customer before the first event."""
    return [0, 0.0, "0" * 16]


def add(kept: list[Any], event: dict[str, Any]) -> list[Any]:
    """The totals of a customer with one more event.

    >>> add(add(nothing(), {"amount": 1.5, "event_id": "a"}), {"amount": 1, "event_id": "a"})
    [2, 2.5, '0000000000000000']
    """
    mixed = int(kept[2], 16) ^ xxhash.xxh3_64_intdigest(event["event_id"].encode())
    return [kept[0] + 1, kept[1] + event["amount"], f"{mixed:016x}"]


class Progress:
    """When the first and the last event came, and how many are in."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.seen = 0
        self.first = 0.0
        self.complete = asyncio.Event()

    def note(self) -> None:
        self.first = self.first or time.monotonic()
        self.seen += 1
        if self.seen == self.events:
            self.complete.set()


def build(options: argparse.Namespace, partitions: int) -> faust.App:
    """The app: one agent on `options.topic`, one table with `partitions` partitions."""
    app = faust.App(
        options.group,
        broker=f"kafka://{options.bootstrap}",
        datadir=options.state_dir or tempfile.mkdtemp(prefix="plain-faust-"),
        store="memory://",
        topic_partitions=partitions,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        broker_session_timeout=options.session_seconds,
        broker_heartbeat_interval=max(1.0, options.session_seconds / 6),
    )
    source = app.topic(options.topic, key_type=str, key_serializer="raw", value_serializer="json")
    totals = app.Table(TABLE, default=nothing, partitions=partitions)
    progress = Progress(options.events)

    @app.agent(source)
    async def count_and_sum(stream: StreamT[Any]) -> None:
        async for event in stream:
            progress.note()
            customer = event["customer_id"]
            totals[customer] = add(totals[customer], event)

    @app.task  # type: ignore[untyped-decorator]
    async def report_at_end() -> None:
        await progress.complete.wait()
        await settle(app, options.events)
        seconds = time.monotonic() - progress.first
        print(json.dumps({"events": progress.seen, "seconds": seconds}), flush=True)
        os._exit(0)  # all is acknowledged and committed; a graceful stop would only take seconds

    return app


async def settle(app: faust.App, events: int) -> None:
    """Flush the changelog and commit, until the committed offsets add up to all events."""
    committed = 0
    while committed < events:
        await app.producer.flush()
        await app.consumer.commit()
        offsets = vars(app.consumer)["_committed_offset"]  # Faust has no public way to ask
        committed = sum(offset or 0 for offset in offsets.values())
        await asyncio.sleep(SETTLE_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--bootstrap", "--topic", "--group"):
        parser.add_argument(name, required=True)
    parser.add_argument("--events", type=int, default=0, help="stop after so many (0: never)")
    parser.add_argument("--session-seconds", type=float, default=60.0, help="group session timeout")
    parser.add_argument("--state-dir", help="Faust's data directory (a temporary one if left out)")
    options = parser.parse_args()
    consumer = KafkaConsumer(bootstrap_servers=options.bootstrap)
    partitions = len(consumer.partitions_for_topic(options.topic) or ())
    consumer.close()
    if not partitions:
        raise SystemExit(f"topic {options.topic} does not exist on {options.bootstrap}")
    app = build(options, partitions)
    for name in ("aiokafka", "faust", "mode"):  # its worker leaves them at DEBUG: 8 % of the time
        logging.getLogger(name).setLevel(logging.WARNING)
    worker = faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()

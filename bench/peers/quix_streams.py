"""The Quix Streams peer: count and sum per customer, RocksDB state, changelog, at least once.

Runs in its own environment (see `install.py`) and therefore imports nothing of this repository.
Settings are the defaults (checkpoint every 5 s, orjson, librdkafka), but for the log level. The
clock stops when the group's committed offsets add up to the number of events.
"""

from __future__ import annotations

import argparse
import json
import logging
import threading
import time
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from quixstreams import Application, State

COMMIT_POLL_SECONDS = 0.005


class Job:
    """What is done with each event, and when the first and the last one came."""

    def __init__(self, application: Application, events: int) -> None:
        self.application = application
        self.events = events
        self.seen = 0
        self.first = 0.0
        self.complete = threading.Event()

    def count_and_sum(self, value: dict[str, Any], state: State) -> None:
        if not self.seen:
            self.first = time.monotonic()
        kept = state.get("totals")
        count, total = kept if kept is not None else (0, 0.0)
        state.set("totals", [count + 1, total + value["amount"]])
        self.seen += 1
        if self.seen == self.events:
            self.complete.set()
            self.application.stop()


def await_commit(options: argparse.Namespace, done: list[float]) -> None:
    """Poll the group's offsets until they add up to all events, and note the time."""
    consumer = Consumer({"bootstrap.servers": options.bootstrap, "group.id": options.group})
    partitions = consumer.list_topics(options.topic, timeout=10).topics[options.topic].partitions
    asked = [TopicPartition(options.topic, number) for number in partitions]
    while not done:
        offsets = consumer.committed(asked, timeout=10)
        if sum(max(0, offset.offset) for offset in offsets) >= options.events:
            done.append(time.monotonic())
        time.sleep(COMMIT_POLL_SECONDS)
    consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topic", "--group", "--state-dir"):
        parser.add_argument(name, required=True)
    parser.add_argument("--events", type=int, required=True)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    application = Application(
        broker_address=options.bootstrap,
        consumer_group=options.group,
        auto_offset_reset="earliest",
        state_dir=options.state_dir,
        loglevel=None,
    )
    topic = application.topic(
        options.topic, value_deserializer="json"
    )  # keys stay bytes, the fastest
    job = Job(application, options.events)
    application.dataframe(topic).update(job.count_and_sum, stateful=True)
    done: list[float] = []
    watch = threading.Thread(target=watch_after_last, args=(options, job, done), daemon=True)
    watch.start()
    application.run()
    watch.join(timeout=30)
    if not done:
        raise SystemExit("the last offsets were not committed within 30 s")
    print(json.dumps({"events": job.seen, "seconds": done[0] - job.first}), flush=True)


def watch_after_last(options: argparse.Namespace, job: Job, done: list[float]) -> None:
    """Stay out of the way until the last event is in, then watch for its commit."""
    job.complete.wait()
    await_commit(options, done)


if __name__ == "__main__":
    main()

"""The Bytewax peer: count and sum per customer in memory, no recovery, no changelog.

Runs in its own environment (see `install.py`) and therefore imports nothing of this repository.
Of the ways Bytewax offers, `stateful_batch` is the fastest (its logic sees all values of a key in a
batch at once), fed with batches of 10,000. The clock stops when the last event is in the state.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from typing import ClassVar

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream, StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

BATCH_RECORDS = 10_000


class Progress:
    """First and last moment, and the state of all customers as it stands at the end."""

    first = 0.0
    last = 0.0
    seen = 0
    totals: ClassVar[dict[str, tuple[int, float]]] = {}


class CountAndSum(StatefulBatchLogic[float, tuple[int, float], tuple[int, float]]):  # type: ignore[misc]
    """The state of one customer; emits it when the topic has been read to its end."""

    def __init__(self, resume: tuple[int, float] | None) -> None:
        self.count, self.total = resume or (0, 0.0)

    def on_batch(self, values: list[float]) -> tuple[Iterable[tuple[int, float]], bool]:
        for amount in values:
            self.count += 1
            self.total += amount
        Progress.seen += len(values)
        Progress.last = time.monotonic()
        return (), False

    def on_eof(self) -> tuple[Iterable[tuple[int, float]], bool]:
        return ((self.count, self.total),), True

    def snapshot(self) -> tuple[int, float]:
        return self.count, self.total


class Collect(StatelessSinkPartition[tuple[str, tuple[int, float]]]):  # type: ignore[misc]
    def write_batch(self, items: list[tuple[str, tuple[int, float]]]) -> None:
        Progress.totals.update(items)


class CollectSink(DynamicSink[tuple[str, tuple[int, float]]]):  # type: ignore[misc]
    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> Collect:
        return Collect()


def pairs(messages: list[KafkaSourceMessage]) -> list[tuple[str, float]]:
    """Decode one batch into (customer, amount)."""
    if not Progress.first:
        Progress.first = time.monotonic()
    return [(m.key.decode(), orjson.loads(m.value)["amount"]) for m in messages]


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topic", "--group"):
        parser.add_argument(name, required=True)
    parser.add_argument("--events", type=int, required=True)
    options = parser.parse_args()
    source = KafkaSource([options.bootstrap], [options.topic], tail=False, batch_size=BATCH_RECORDS)
    flow = Dataflow("count_and_sum")
    messages = op.input("in", flow, source)
    keyed: KeyedStream[float] = op.flat_map_batch("decode", messages, pairs)
    totals = op.stateful_batch("totals", keyed, CountAndSum)
    op.output("out", totals, CollectSink())
    run_main(flow)
    state = {
        "customers": len(Progress.totals),
        "count": sum(count for count, _ in Progress.totals.values()),
        "sum": sum(total for _, total in Progress.totals.values()),
    }
    report = {"events": Progress.seen, "seconds": Progress.last - Progress.first, "state": state}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()

"""Prometheus metrics of one worker: what the engine tells, and what its partitions hold.

Every name begins with ``touchline_`` and ends with its base unit, beside the standard
``process_`` and ``python_info``. Labels come from small fixed sets (event types, outcomes,
reasons, topics, alert kinds, tiers, factors, channels), never from a customer. All methods run on
the worker's event loop; a commit costs some 10 us here, and about 0.5 us for each output.
"""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from schemas.common import CommonRecord
from schemas.propensity import PropensityModel
from schemas.segments import SegmentModel
from schemas.topics import ALERTS
from schemas.workers import WorkedBy, Workers
from streams.engine.clock import Now, local_ms
from streams.engine.inbox import Chunk
from streams.engine.observer import Observer, Seen
from streams.engine.partition import Clock, Drained
from streams.engine.reaching.watch import KINDS
from streams.worker.company import Company
from streams.worker.holdings import Holdings
from streams.worker.identity import touchline_version
from streams.worker.progress_gauges import ProgressGauges

DEAD_LETTER = "dead_letter"
LATENCY_SECONDS = (
    0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300,
)  # fmt: skip
COMMIT_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
COMMIT_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
FIT_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
RESTORE_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)

# a time beside each counter would double the page
disable_created_metrics()  # type: ignore[no-untyped-call]


class Children:
    """Children of one labelled metric, made once: looking one up each time costs as much again."""

    __slots__ = ("_made", "_metric")

    def __init__(self, metric: Counter) -> None:
        self._metric = metric
        self._made: dict[tuple[str, ...], Any] = {}

    def add(self, labels: tuple[str, ...], amount: float) -> None:
        """Count ``amount`` more for these label values."""
        child = self._made.get(labels)
        if child is None:
            child = self._made[labels] = self._metric.labels(*labels)
        child.inc(amount)


class Metrics(Observer):
    """Keeps the figures of one worker; ``registry`` is its own.

    ``clock`` is the setting of that name: decayed weights are told as of now, which is the
    newest task clock when the worker keeps to event time. ``now`` is the wall time (ms) that the
    worker goes by, ``by`` which worker it is.
    """

    def __init__(
        self, clock: Clock = "wall", now: Now = local_ms, by: WorkedBy | None = None
    ) -> None:
        self.registry = CollectorRegistry()
        self.company = Company(self.registry, by)
        self._now = now
        self.holdings = Holdings(clock, now)
        self.registry.register(self.holdings)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._engine(self.registry)
        self._flow(self.registry)

    def _engine(self, registry: CollectorRegistry) -> None:
        build = Gauge("touchline_build_info", "This version.", ["version"], registry=registry)
        build.labels(touchline_version()).set(1)
        self._commit_seconds = Histogram(
            "touchline_commit_seconds", "From draining a partition to its transaction committed.",
            buckets=COMMIT_SECONDS, registry=registry,
        )  # fmt: skip
        self._commit_records = Histogram(
            "touchline_commit_records", "Input records that one transaction covers.",
            buckets=COMMIT_RECORDS, registry=registry,
        )  # fmt: skip
        self._commit_failures = Counter(
            "touchline_commit_failures", "Transactions given up.", registry=registry
        )
        self._changelog_bytes = Counter(
            "touchline_changelog_bytes", "Keys and values of state written.", registry=registry
        )
        self._changelog_records = Counter(
            "touchline_changelog_records", "Records of state written.", registry=registry
        )
        self._restore_seconds = Histogram(
            "touchline_restore_seconds", "Reading one partition's state back from the changelog.",
            buckets=RESTORE_SECONDS, registry=registry,
        )  # fmt: skip
        self._restore_records = Counter(
            "touchline_restore_records", "Changelog records read back.", registry=registry
        )

        self._clock_offset = Gauge(
            "touchline_clock_offset_seconds",
            "This machine's clock ahead of the brokers' (below 0: behind); NaN before it is known.",
            registry=registry,
        )
        self._clock_offset.set(math.nan)
        self._rights_missing = Gauge(
            "touchline_rights_missing", "Rights in Kafka that this worker needs and has not.",
            registry=registry,
        )  # fmt: skip
        self._kafka_fault = Gauge(
            "touchline_kafka_fault",
            "1 while Kafka is out of reach, by what is wrong.",
            ["kind"],
            registry=registry,
        )
        self.reached(None)
        self._progress = ProgressGauges(registry)

    def _flow(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, *labels: str) -> Children:
            return Children(Counter(f"touchline_{name}", told, labels, registry=registry))

        self._models = Counter(
            "touchline_segment_models", "Segment models made by this worker.", registry=registry
        )
        self._models_refused = counter(
            "segment_models_refused", "Models or snapshots left aside.", "reason"
        )
        self._fit_seconds = Histogram(
            "touchline_segment_fit_seconds", "Making a model and publishing it.",
            buckets=FIT_SECONDS, registry=registry,
        )  # fmt: skip
        self._received = counter("records_received", "Records fetched from Kafka.", "topic")
        self._events = counter(
            "events", "Events by what the rules said of them.", "type", "outcome"
        )
        self._dead_letters = counter("dead_letters", "Records refused.", "reason")
        self._outputs = counter("outputs", "Records sent in transactions.", "topic", "kind")
        self._latency = Histogram(
            "touchline_alert_latency_seconds",
            "From an event appended to Kafka to its alert committed.",
            buckets=LATENCY_SECONDS, registry=registry,
        )  # fmt: skip

    # -- what the engine tells ----------------------------------------------------------

    def received(self, chunk: Chunk) -> None:
        """Count the records of a chunk."""
        self._received.add((chunk.topic,), len(chunk.records))

    def committed(self, partition: Seen, drained: Drained, seconds: float) -> None:
        """Count what a transaction held; alerts are timed from their cause's append."""
        records = 0
        for (kind, outcome), count in drained.counts.items():
            if kind == DEAD_LETTER:
                self._dead_letters.add((outcome,), count)
                records += count
            else:
                self._events.add((kind, outcome), count)
                # a rejected event is counted a second time, as the dead letter it became
                records += count if outcome != "rejected" else 0
        self._commit_seconds.observe(seconds)
        self._commit_records.observe(records)
        changelog = drained.changelog
        self._changelog_records.inc(len(changelog))
        self._changelog_bytes.inc(
            sum([len(key) + (len(value) if value else 0) for key, value in changelog])
        )
        if drained.outputs:
            self._sent(drained)
        self.holdings.committed(partition.number)

    def _sent(self, drained: Drained) -> None:
        now, observe = self._now(), self._latency.observe
        for sent in drained.outputs:
            if sent.topic == ALERTS and sent.cause_timestamp is not None:
                # the broker's clock may run ahead of ours
                observe(max(0, now - sent.cause_timestamp) / 1000)
        for labels, count in Tally((sent.topic, sent.kind) for sent in drained.outputs).items():
            self._outputs.add(labels, count)

    def commit_failed(self, number: int, why: str) -> None:
        """Count a transaction that was given up."""
        self._commit_failures.inc()
        self.doubted()

    def opened(self, partition: Seen, records: int, seconds: float) -> None:
        """Time a restore; the partition's figures are shown from now on."""
        self._restore_seconds.observe(seconds)
        self._restore_records.inc(records)
        self.holdings.opened(partition)

    def closed(self, number: int) -> None:
        """The partition's figures are another worker's now."""
        self.holdings.closed(number)

    def stopped(self, number: int, why: str) -> None:
        """Show a partition as stopped."""
        self.holdings.stopped(number, why)

    def modelled(self, model: CommonRecord, snapshots: int, seconds: float) -> None:
        """Count a segment model that this worker made."""
        if isinstance(model, SegmentModel):
            self._models.inc()
            self._fit_seconds.observe(seconds)

    def adopted(self, model: CommonRecord) -> None:
        """Show the models in use, and whether the group's workers are alike."""
        if isinstance(model, Workers):
            self.company.adopted(model)
        if isinstance(model, SegmentModel):
            self.holdings.segments.model = model
        if isinstance(model, PropensityModel):
            self.holdings.answering = model

    def model_refused(self, reason: str, why: str) -> None:
        """Count a model or snapshot that was left aside."""
        self._models_refused.add((reason,), 1)

    def clock_compared(self, offset: float) -> None:
        """Show how far this machine's clock is ahead of the brokers'."""
        self._clock_offset.set(offset)

    def rights_missing(self, count: int) -> None:
        """Show how many rights the worker needs and has not."""
        self._rights_missing.set(count)

    def reached(self, kind: str | None) -> None:
        """Show why Kafka cannot be reached."""
        for one in KINDS:
            self._kafka_fault.labels(one).set(one == kind)

    def healed(self, what: str) -> None:
        """Count what began anew of a Kafka client."""
        self._progress.healed(what)

    def ready_is(self, judge: Callable[[], bool]) -> None:
        """Show as readiness what this says."""
        self._progress.ready_is(judge)

    def progress(self, fetch_age: float, ends_age: float) -> None:
        """Show how old the newest answers of the brokers are."""
        self._progress.ages(fetch_age, ends_age)

    def lag(self, lags: dict[tuple[str, int], int]) -> None:
        """Keep what waits in Kafka."""
        self.holdings.lag(lags)

    def status(self) -> dict[str, object]:
        """Numbers open, those stopped with the reason, and records waiting in Kafka."""
        return self.holdings.status()

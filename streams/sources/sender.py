"""The one way records leave for Kafka here: kafka-python, every produce checked, memory bounded."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError
from kafka.partitioner import DefaultPartitioner, murmur2

from streams.engine.admin import open_admin, plain
from streams.sources import SourceError

WINDOW = 20_000
"""Records sent and not yet acknowledged, at most; kafka-python itself has no such bound."""
KEYS_KEPT = 200_000
"""Customers whose hash is remembered: murmur2 in Python takes longer than all the rest."""
LINGER_MS = {"prompt": 5, "bulk": 100}
"""How long a batch waits for company. 96 partitions fill slowly: in bulk 5 ms halve the speed."""
SWITCH_SECONDS = 0.0005
"""Python's thread switch interval while producing: kafka-python wakes its sending thread at each
new batch and then waits for the interpreter; the default of 5 ms costs a third of the speed."""
_ANSWER_MS = 10_000
_DENIED = TopicAuthorizationFailedError.errno
_DELIVERY_SECONDS = 120.0


class Reject(NamedTuple):
    """A record that did not reach Kafka: its place in the input (from 1), why, and its bytes."""

    line: int
    reason: str
    value: bytes


@dataclass
class Report:
    """What was produced. `sent` counts acknowledged records; `seconds` is wall time."""

    sent: int = 0
    bytes: int = 0
    rejected: int = 0
    bad: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    topics: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rate = self.sent / self.seconds if self.seconds else 0.0
        return (
            f"{self.sent:,} records ({self.bytes / 1e6:,.1f} MB) in {self.seconds:,.1f} s,"
            f" {rate:,.0f}/s"
        )


class Murmur2(DefaultPartitioner):  # type: ignore[misc]
    """The default partitioner with the hash of each key kept."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, int] = {}

    def partition(  # noqa: PLR0917 - as kafka-python has it
        self, topic: str, key: Any, serialized_key: bytes | None, value: Any,
        serialized_value: bytes | None, cluster: Any,
    ) -> int:  # fmt: skip
        if serialized_key is None:
            chosen = super().partition(topic, key, None, value, serialized_value, cluster)
            return int(chosen)
        found = self._hashes.get(serialized_key)
        if found is None:
            if len(self._hashes) >= KEYS_KEPT:
                self._hashes.clear()
            found = self._hashes[serialized_key] = int(murmur2(serialized_key)) & 0x7FFFFFFF
        return found % len(cluster.partitions_for_topic(topic))


class Sender:
    """Sends records in order and checks each acknowledgement; a failed one goes to `on_reject`.

    `pace` "prompt" sends each record within milliseconds, "bulk" goes for throughput; `client`
    holds further options of kafka-python's clients (security). Raises `SourceError` when
    Kafka does not answer or a topic of `topics` is missing: none is ever made by accident.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Collection[str],
        on_reject: Callable[[Reject], None],
        client: Mapping[str, Any] | None = None,
        pace: Literal["prompt", "bulk"] = "bulk",
    ) -> None:
        options = {**(client or {}), "bootstrap_servers": bootstrap.split(",")}
        options["bootstrap_timeout_ms"] = _ANSWER_MS
        _require_topics(options, topics)
        self.report = Report()
        self._on_reject = on_reject
        self._waiting: deque[tuple[Any, int, str, bytes]] = deque()
        self._began = time.perf_counter()
        self._switch_before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._producer = KafkaProducer(
            **options,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            linger_ms=LINGER_MS[pace],
            batch_size=128 * 1024,
            partitioner=Murmur2(),
        )

    def send(self, topic: str, key: bytes | None, value: bytes, line: int) -> None:
        """Send one record; waits while `WINDOW` are not acknowledged."""
        try:
            future = self._producer.send(topic, value=value, key=key)
        except KafkaError as error:
            self.reject(Reject(line, plain(error), value))
            return
        self._waiting.append((future, line, topic, value))
        if len(self._waiting) >= WINDOW:
            self._settle(WINDOW // 2)

    def reject(self, reject: Reject) -> None:
        """Count a record that is not sent and hand it on."""
        self.report.rejected += 1
        self._on_reject(reject)

    def flush(self) -> None:
        """Send what waits and check every acknowledgement."""
        with suppress(KafkaError):  # _settle finds each record's own reason
            self._producer.flush(timeout=_DELIVERY_SECONDS)
        self._settle(len(self._waiting))

    def close(self) -> Report:
        """Flush, check what is left, and return the sum of it all."""
        self.flush()
        self._producer.close(timeout=10)
        sys.setswitchinterval(self._switch_before)
        self.report.seconds = time.perf_counter() - self._began
        return self.report

    def _settle(self, records: int) -> None:
        """Check the oldest `records` sent."""
        report = self.report
        for _ in range(records):
            future, line, topic, value = self._waiting.popleft()
            try:
                future.get(timeout=_DELIVERY_SECONDS)
            except KafkaError as error:
                self.reject(Reject(line, plain(error), value))
            else:
                report.sent += 1
                report.bytes += len(value)
                report.topics[topic] += 1


def _require_topics(options: Mapping[str, Any], topics: Collection[str]) -> None:
    where = ",".join(options["bootstrap_servers"])
    try:
        with closing(open_admin(options, _ANSWER_MS)) as admin:
            described = admin.describe_topics(sorted(topics))
            codes = {one["name"]: one["error_code"] for one in described}
            denied = [topic for topic, code in codes.items() if code == _DENIED]
            if denied:
                raise TopicAuthorizationFailedError(", ".join(denied))
            missing = [topic for topic, code in codes.items() if code]
    except KafkaError as error:
        raise SourceError(f"Kafka at {where}: {plain(error)}") from error
    if missing:
        raise SourceError(
            f"Kafka at {where} lacks {', '.join(missing)}: make the topics with `touchline topics`"
        )

"""What the engine tells of itself while it runs; metrics implement it, tests may listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from schemas.common import CommonRecord
from streams.engine.inbox import Chunk
from streams.engine.partition import Drained
from streams.engine.store import Store


class Seen(Protocol):
    """What is seen of a partition, whatever its topology; who knows which it is looks closer."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def store(self) -> Store:
        """Its records, as of the newest commit."""

    @property
    def now(self) -> int:
        """Its task clock, in ms."""

    @property
    def context(self) -> object:
        """What it keeps over all keys."""

    def memory(self) -> dict[str, int]:
        """Bytes it takes by part, about."""


class Observer:
    """Hears of every commit, restore and stop. This one keeps nothing.

    ``on_doubt`` is called where something did not go well with Kafka.
    """

    on_doubt: Callable[[], None] | None = None

    def doubted(self) -> None:
        """Something did not go well with Kafka: whether it can be reached is to be looked at."""
        if self.on_doubt is not None:
            self.on_doubt()

    def received(self, chunk: Chunk) -> None:
        """A chunk came in."""

    def committed(self, partition: Seen, drained: Drained, seconds: float) -> None:
        """A transaction went through."""

    def commit_failed(self, number: int, why: str) -> None:
        """A transaction was given up; its partition is opened anew."""

    def opened(self, partition: Seen, records: int, seconds: float) -> None:
        """A partition was restored from ``records`` changelog records."""

    def closed(self, number: int) -> None:
        """A partition is no longer here."""

    def stopped(self, number: int, why: str) -> None:
        """A partition must not go on until an operator acts."""

    def lag(self, lags: dict[tuple[str, int], int]) -> None:
        """Records waiting in Kafka by topic and partition number."""

    def modelled(self, model: CommonRecord, snapshots: int, seconds: float) -> None:
        """A model was published from this many partitions' snapshots."""

    def adopted(self, model: CommonRecord) -> None:
        """A newer model is in use here."""

    def model_refused(self, reason: str, why: str) -> None:
        """A model or snapshot was not taken; ``reason`` is one of a small fixed set."""

    def clock_compared(self, offset: float) -> None:
        """This machine's clock is so far ahead of the brokers', in seconds."""

    def rights_missing(self, count: int) -> None:
        """So many of the rights that the worker needs are missing now."""

    def reached(self, kind: str | None) -> None:
        """Kafka cannot be reached, for this kind of fault; ``None``: it can again."""

    def healed(self, what: str) -> None:
        """Part of a Kafka client ended or hung, and begins anew; ``what`` of a small fixed set."""

    def progress(self, fetch_age: float, ends_age: float) -> None:
        """Seconds since the newest answered fetch, and since the topics' ends were asked for.

        The first of the partition that has waited longest.
        """

    def status(self) -> dict[str, object]:
        """Nothing to tell."""
        return {}

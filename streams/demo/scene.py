"""What is on stage at one moment, worked out from figures and feed for whoever shows it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.segments import QUARANTINE
from streams.cluster.run import AnyBroker
from streams.demo.children import Child
from streams.demo.feed import Heard
from streams.demo.figures import Reading, Workers, quantile, rate

HASTE = 3_600.0
"""An hour of a promise passes in a second: complaints are kept or escalated while one looks on."""
WINDOW_SECONDS = 10.0
RATE_SECONDS = 2.0
STEADY_SECONDS = 3.0
"""So long there must be little lag: workers tell it once a second, and at first too little."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for; ``seconds`` None runs until told to stop."""

    seconds: float | None
    customers: int
    rate: float
    workers: int
    seed: int


@dataclass(slots=True)
class Times:
    """Seconds of a histogram's median and 99th percentile; ``None`` without observations."""

    median: float | None
    tail: float | None

    def __str__(self) -> str:
        return f"median {milliseconds(self.median)}, 99th percentile {milliseconds(self.tail)}"


@dataclass(frozen=True, slots=True)
class Desk:
    """The process that serves pages, and the file that it tells its address in."""

    process: Child
    told: Path

    @property
    def link(self) -> str | None:
        """Where to open the desk: a login in it is good once; ``None`` before it listens."""
        try:
            return self.told.read_text()
        except FileNotFoundError:
            return None


@dataclass(slots=True)
class Scene:
    """The running demonstration.

    ``command_at`` is Unix time; ``began`` (the bank) and ``opened`` (all partitions) are monotonic.
    ``steady`` is the first reading at which everything the bank had sent was worked off: before,
    times are those of a backlog; ``calm`` is since when, in seconds, there was little lag.
    """

    options: Options
    kafka: str
    command_at: float
    workers: Workers
    feed: Heard
    addresses: dict[str, str]
    processes: Sequence[Child]
    broker: AnyBroker | None = None  # of the demonstration's own
    desk: Desk | None = None
    began: float = field(default_factory=time.monotonic)
    opened: float = field(default_factory=time.monotonic)
    steady: Reading | None = None
    calm: float | None = None

    def notice(self) -> None:
        """Look whether the backlog of the opening is worked off, and has been for a while."""
        if self.steady is not None:
            return
        if not self.records or self.lag >= self.options.rate:
            self.calm = None
        elif self.calm is None:
            self.calm = self.seconds
        elif self.seconds - self.calm >= STEADY_SECONDS:
            self.steady = self.workers.now

    @property
    def seconds(self) -> float:
        """Since all partitions were open."""
        return time.monotonic() - self.opened

    @property
    def records(self) -> int:
        """Input records committed."""
        return int(self.workers.now.total("touchline_commit_records_sum"))

    @property
    def lag(self) -> int:
        """Records in Kafka that no transaction covers yet."""
        return int(self.workers.now.total("touchline_lag_records"))

    @property
    def first_alert_seconds(self) -> float | None:
        """From the command to the first alert that could be read."""
        first = self.feed.first_alert
        return None if first is None else first - self.command_at

    def counts(self, name: str, label: str) -> dict[str, int]:
        """A counter by one label's values."""
        return {value: int(count) for value, count in self.workers.now.by(name, label).items()}

    def segment_sizes(self) -> dict[str, int]:
        """Customers by segment id of the newest model, as the workers have them now."""
        model = self.feed.model
        now = self.workers.now.by("touchline_segment_customers", "segment")
        cards = model.segments if model is not None else ()
        return {card.segment_id: int(now.get(card.segment_id, 0)) for card in cards}

    def quarantined(self) -> int:
        """Customers whose behaviour is an outlier's, as the workers have them now."""
        return int(self.workers.now.total("touchline_segment_customers", segment=QUARANTINE))

    def events_per_second(self) -> float:
        """Records committed a second, of late."""
        now = self.workers.now
        return rate(self.workers.before(RATE_SECONDS), now, "touchline_commit_records_sum")

    def rates(self, count: int) -> list[float]:
        """The newest ``count`` rates, from one reading to the next."""
        readings = list(self.workers.readings)[-count - 1 :]
        name = "touchline_commit_records_sum"
        return [rate(one, two, name) for one, two in itertools.pairwise(readings)]

    def times(self, name: str, *, whole: bool = False) -> Times:
        """Median and tail of a histogram, of late or since all was steady."""
        earlier = self.workers.before(WINDOW_SECONDS)
        if whole:
            earlier = self.steady or self.workers.nothing
        now = self.workers.now
        return Times(quantile(earlier, now, name, 0.5), quantile(earlier, now, name, 0.99))


def milliseconds(seconds: float | None) -> str:
    """A duration as people read it."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.0f} s"

"""Whether a worker gets on, as metrics: how old the brokers' answers are, and what began anew."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.engine.fetching import HEALED


class ProgressGauges:
    """Metrics of one worker's way to the brokers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._fetch_age = Gauge(
            "touchline_fetch_age_seconds",
            "Since the newest fetch that was answered, of the partition that waits longest.",
            registry=registry,
        )
        self._ends_age = Gauge(
            "touchline_ends_age_seconds",
            "Since the brokers told, apart from the fetches, where the topics end.",
            registry=registry,
        )
        self._ready = Gauge(
            "touchline_ready", "1 where /readyz says ready, else 0.", registry=registry
        )
        self._healed = Counter(
            "touchline_client_healed",
            "Parts of the Kafka clients that ended or hung, and began anew.",
            ["what"],
            registry=registry,
        )
        for what in HEALED:  # told as 0 before the first
            self._healed.labels(what)

    def ready_is(self, judge: Callable[[], bool]) -> None:
        """Ask this whenever the metrics are read."""
        self._ready.set_function(lambda: float(judge()))

    def ages(self, fetch_age: float, ends_age: float) -> None:
        """Show these, in seconds."""
        self._fetch_age.set(fetch_age)
        self._ends_age.set(ends_age)

    def healed(self, what: str) -> None:
        """Count one; ``what`` is of a small fixed set."""
        self._healed.labels(what).inc()

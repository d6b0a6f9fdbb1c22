"""Metrics of what is posted: asked whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.serve.sending import Sending


class Ingested(Collector):
    """Events judged, and requests that could not be sent."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: being registered asks nobody."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """As of now; asked in a thread, while more is counted."""
        events = CounterMetricFamily(
            "touchline_serve_events",
            "Events posted, by type and by why they were refused (empty: accepted by Kafka).",
            labels=("type", "reason"),
        )
        for labels, count in list(self._sending.judged.items()):
            events.add_metric(labels, count)
        yield events
        failed = CounterMetricFamily(
            "touchline_serve_unsent_requests",
            "Requests whose events could not be sent, by kind of problem.",
            labels=("kind",),
        )
        for kind, count in list(self._sending.failed.items()):
            failed.add_metric((kind,), count)
        yield failed

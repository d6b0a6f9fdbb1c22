"""Metrics of serve, in a registry of their own: labels from small fixed sets, base units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.readmodel.rows import Currency

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class ServeMetrics:
    """What is counted of requests and streams, and what is asked when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "touchline_serve_requests",
            "Requests answered, by method, template of the route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "touchline_serve_request_seconds",
            "Time to the end of an answer, by template of the route; streams are not in it.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.streams = Gauge(
            "touchline_serve_streams_open", "Streams of events open.", registry=self.registry
        )
        self.resyncs = Counter(
            "touchline_serve_stream_resyncs",
            "Streams told to read anew: they were slow, or came from too far back.",
            registry=self.registry,
        )
        self._restarts = Gauge(
            "touchline_serve_follower_restarts",
            "Followers that ended by themselves and were started again, since the start.",
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that is over; 499 where the client went away first."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        if route not in UNTIMED:
            self._seconds.labels(route).observe(seconds)

    def restarted(self, times: int) -> None:
        """How many followers have ended by themselves."""
        self._restarts.set(times)

    def looks_at(
        self, currency: Callable[[], Sequence[Currency]], in_flight: Callable[[], int]
    ) -> None:
        """What is asked whenever the metrics are read."""
        self.registry.register(_Looked(currency, in_flight))


UNTIMED: Final = frozenset(("/v1/stream",))


class _Looked(Collector):
    def __init__(
        self, currency: Callable[[], Sequence[Currency]], in_flight: Callable[[], int]
    ) -> None:
        self._currency, self._in_flight = currency, in_flight

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: being registered asks nobody."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """As of now."""
        age = GaugeMetricFamily(
            "touchline_serve_follower_age_seconds",
            "Seconds since the read model was last at the end of a partition.",
            labels=("partition",),
        )
        behind = GaugeMetricFamily(
            "touchline_serve_follower_records_behind",
            "Records of a partition that the read model has not taken yet.",
            labels=("partition",),
        )
        for each in self._currency():
            age.add_metric((str(each.partition),), each.age_seconds)
            behind.add_metric((str(each.partition),), each.behind)
        yield age
        yield behind
        yield GaugeMetricFamily(
            "touchline_serve_in_flight_bytes",
            "Bytes of events that Kafka has not acknowledged yet.",
            value=self._in_flight(),
        )

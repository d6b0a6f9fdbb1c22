"""What of access is measured."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

REFUSALS = ("no_key", "unknown", "scope", "origin", "rate", "login")


class AccessMetrics:
    """Counters of one application, in its registry."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = CollectorRegistry() if registry is None else registry
        self._refused = Counter(
            "touchline_serve_refused",
            "Requests and logins that were refused, by why.",
            ["why"],
            registry=registry,
        )
        for why in REFUSALS:
            self._refused.labels(why)
        self.audited = Counter(
            "touchline_serve_audit_records", "Records of the audit in Kafka.", registry=registry
        )
        self.lost = Counter(
            "touchline_serve_audit_lost",
            "Records of the audit that are lost: Kafka was away for too long.",
            registry=registry,
        )

    def refused(self, why: str) -> None:
        """Count a refusal; ``why`` is one of ``REFUSALS``."""
        self._refused.labels(why).inc()

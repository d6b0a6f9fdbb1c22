"""The segments as one worker sees them, as of a scrape: sizes, the model, how stable they are."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.kernel.units import MS_PER_DAY
from domain.segments.live import Segments
from schemas.fields import milliseconds
from schemas.segments import QUARANTINE, SegmentModel
from streams.engine.observer import Seen


class SegmentGauges(Collector):
    """Figures over the open partitions; ``model`` is the newest in use.

    A segment's label is its id. Ids are never used again, but at most 10 are in use at a time,
    and only those are shown.
    """

    def __init__(self, partitions: Mapping[int, Seen], now: Callable[[], int]) -> None:
        self._now = now
        self.model: SegmentModel | None = None
        self._partitions = partitions
        self._changes = 0
        self._customer_ms = 0

    def closed(self, partition: Seen) -> None:
        """A partition goes: what it counted stays counted."""
        found = segments_of(partition)
        if found is not None:
            self._changes += found.changes
            self._customer_ms += found.customer_ms

    def collect(self) -> Iterator[Any]:
        """The figures, worked out now."""
        held = [one for one in map(segments_of, self._partitions.values()) if one is not None]
        sizes: Tally[str] = Tally()
        for one in held:
            sizes.update(one.sizes())
        yield from self._customers(sizes, sum(len(one) for one in held))
        yield from self._stability(held)
        if self.model is not None:
            yield from self._of_model(self.model)

    def _customers(self, sizes: Tally[str], with_vector: int) -> Iterator[Any]:
        family = GaugeMetricFamily(
            "touchline_segment_customers", "Customers by segment.", labels=["segment", "name"]
        )
        names = {QUARANTINE: QUARANTINE}
        if self.model is not None:
            names |= {card.segment_id: card.name for card in self.model.segments}
        for segment, name in names.items():
            family.add_metric([segment, name], sizes[segment])
        yield family
        yield GaugeMetricFamily(
            "touchline_customers_with_vector", "Customers with an app click within 7 days.",
            value=with_vector,
        )  # fmt: skip
        share = sizes[QUARANTINE] / with_vector if with_vector else 0.0
        yield GaugeMetricFamily(
            "touchline_segment_quarantined_ratio", "Share of customers that are outliers.",
            value=share,
        )  # fmt: skip

    def _stability(self, held: list[Segments]) -> Iterator[Any]:
        changes = self._changes + sum(one.changes for one in held)
        days = (self._customer_ms + sum(one.customer_ms for one in held)) / MS_PER_DAY
        yield CounterMetricFamily(
            "touchline_segment_changes", "Customers that changed from one segment to another.",
            value=changes,
        )  # fmt: skip
        yield CounterMetricFamily(
            "touchline_segment_customer_days", "Time that customers had a vector, in days.",
            value=days,
        )  # fmt: skip
        yield GaugeMetricFamily(
            "touchline_segment_changes_per_100_customer_days",
            "The two before divided, since this worker began.",
            value=100.0 * changes / days if days else 0.0,
        )

    def _of_model(self, model: SegmentModel) -> Iterator[Any]:
        age = max(0.0, (self._now() - milliseconds(model.occurred_at)) / 1000)
        for name, told, value in (
            ("segments", "Segments of the model in use (K).", len(model.segments)),
            ("segment_model_version", "Version of the model in use.", model.version),
            ("segment_model_age_seconds", "Since the model in use was made.", age),
            ("segment_model_silhouette", "Mean silhouette of the model's K.", model.silhouette),
            ("segment_model_sse_ratio",
             "Squared distances on the sample over those of a batch fit; 1 is as good.",
             model.sse_ratio),
            ("segment_model_drift", "1 where the model answers a drift.", int(model.drift)),
        ):  # fmt: skip
            if value is not None:
                yield GaugeMetricFamily(f"touchline_{name}", told, value=value)


def segments_of(partition: Seen) -> Segments | None:
    """The segments of a partition, where its topology has them."""
    found = getattr(partition.context, "segments", None)
    return found if isinstance(found, Segments) else None

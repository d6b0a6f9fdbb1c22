"""What the partitions of one worker hold and how far they are behind, as of a scrape."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.assembly.aggregates import Aggregates
from domain.experience.score_rows import satisfaction_rows, stage_rows
from domain.kernel.scales import TIERS
from domain.satisfaction.scorecards import Scorecards
from schemas.propensity import PropensityModel
from streams.engine.observer import Seen
from streams.engine.partition import Clock
from streams.worker.campaign_gauges import campaign_gauges
from streams.worker.memory_gauges import memory_gauges
from streams.worker.propensity_gauges import propensity_gauges
from streams.worker.segment_gauges import SegmentGauges

Cells = dict[tuple[str, ...], list[float]]
"""Labels -> weight, weight x score."""


class Holdings(Collector):
    """The partitions that are open here, those that stopped, and the lag of each.

    ``waiting_since`` has the monotonic time from which on a partition has had lag and made no
    commit; ``lag_told`` that of the last word about lag. ``answering`` is the newest model of
    answers to mailings. Bounded by the number of partitions.
    """

    def __init__(self, clock: Clock, now: Callable[[], int]) -> None:
        self.partitions: dict[int, Seen] = {}
        self.stops: dict[int, str] = {}
        self.lags: dict[tuple[str, int], int] = {}
        self.waiting_since: dict[int, float] = {}
        self.lag_told: float | None = None
        self.segments = SegmentGauges(self.partitions, now)
        self.answering: PropensityModel | None = None
        self._clock = clock
        self._wall = now

    def opened(self, partition: Seen) -> None:
        """A partition is here."""
        if partition.number in self.partitions:  # opened anew after a failed commit
            self.segments.closed(self.partitions[partition.number])
        self.partitions[partition.number] = partition
        self.stops.pop(partition.number, None)
        self.waiting_since.pop(partition.number, None)

    def closed(self, number: int) -> None:
        """A partition is here no more."""
        if number in self.partitions:
            self.segments.closed(self.partitions[number])
        for held in (self.partitions, self.stops, self.waiting_since):
            held.pop(number, None)

    def stopped(self, number: int, why: str) -> None:
        """A partition waits for an operator."""
        self.closed(number)
        self.stops[number] = why

    def committed(self, number: int) -> None:
        """A partition goes on."""
        self.waiting_since.pop(number, None)

    def lag(self, lags: dict[tuple[str, int], int]) -> None:
        """Take over the lags by topic and number, and note since when each number waits."""
        now = time.monotonic()
        self.lags, self.lag_told = lags, now
        lagging = {number for (_, number), records in lags.items() if records}
        for number in lagging:
            self.waiting_since.setdefault(number, now)
        for number in self.waiting_since.keys() - lagging:
            del self.waiting_since[number]

    def status(self) -> dict[str, object]:
        """Numbers open, those stopped with the reason, and records waiting in Kafka."""
        return {
            "open": sorted(self.partitions),
            "stopped": {str(number): why for number, why in sorted(self.stops.items())},
            "lag_records": sum(self.lags.values()),
        }

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, worked out now."""
        yield GaugeMetricFamily(
            "touchline_partitions_open", "Partitions at work here.", value=len(self.partitions)
        )
        yield GaugeMetricFamily(
            "touchline_partitions_stopped", "Partitions that wait for an operator (see doctor).",
            value=len(self.stops),
        )  # fmt: skip
        yield self._lag()
        yield from memory_gauges(self.partitions.values())
        held = [_aggregates(partition) for partition in self.partitions.values()]
        aggregates = [one for one in held if one is not None]
        yield from self._by_tier(aggregates)
        cards = [_scorecards(partition) for partition in self.partitions.values()]
        yield from self._satisfaction([one for one in cards if one is not None])
        yield from campaign_gauges(self.partitions.values())
        yield from self.segments.collect()
        if self.answering is not None:
            yield from propensity_gauges(self.answering)

    def _lag(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "touchline_lag_records", "Records in Kafka that are not committed yet.",
            labels=["topic"],
        )  # fmt: skip
        by_topic: Tally[str] = Tally()
        for (topic, _), records in self.lags.items():
            by_topic[topic] += records
        for topic, records in sorted(by_topic.items()):
            family.add_metric([topic], records)
        return family

    def _by_tier(self, aggregates: list[Aggregates]) -> Iterator[GaugeMetricFamily]:
        for name, told, counts in (
            ("customers", "Customers known.", [one.customers for one in aggregates]),
            ("complaints_open", "Complaints not yet resolved or withdrawn.",
             [one.complaints_open for one in aggregates]),
            ("complaints_overdue", "Open complaints past a promise.",
             [one.complaints_overdue for one in aggregates]),
        ):  # fmt: skip
            family = GaugeMetricFamily(f"touchline_{name}", told, labels=["tier"])
            for index, tier in enumerate(TIERS):
                family.add_metric([tier], sum(count[index] for count in counts))
            yield family

    def _satisfaction(self, cards: list[Scorecards]) -> Iterator[GaugeMetricFamily]:
        now = self._now()
        cells: Cells = {}
        stages: Cells = {}
        for one in cards:
            for row in satisfaction_rows(one, now):
                _add(cells, (row.factor, row.tier, row.channel), row.score, row.weight)
            for name, score, weight in stage_rows(one, now):
                _add(stages, (name,), score, weight)
        yield from _gauges("satisfaction", ["factor", "tier", "channel"], cells)
        yield from _gauges("stage_satisfaction", ["stage"], stages)

    def _now(self) -> int:
        if self._clock == "wall":
            return self._wall()
        return max((partition.now for partition in self.partitions.values()), default=0)


def _aggregates(partition: Seen) -> Aggregates | None:
    found = getattr(partition.context, "aggregates", None)
    return found if isinstance(found, Aggregates) else None


def _scorecards(partition: Seen) -> Scorecards | None:
    found = getattr(partition.context, "scorecards", None)
    return found if isinstance(found, Scorecards) else None


def _add(cells: Cells, labels: tuple[str, ...], score: float, weight: float) -> None:
    cell = cells.setdefault(labels, [0.0, 0.0])
    cell[0] += weight
    cell[1] += weight * score


def _gauges(name: str, labels: list[str], cells: Cells) -> Iterator[GaugeMetricFamily]:
    """Weight and score of each cell."""
    weight = GaugeMetricFamily(
        f"touchline_{name}_weight",
        f"Decayed weight of the moments behind touchline_{name}_score.", labels=labels,
    )  # fmt: skip
    score = GaugeMetricFamily(
        f"touchline_{name}_score",
        "Decayed mean of moment scores, 0 to 10. Over workers and cells: "
        "sum(score * weight) / sum(weight).", labels=labels,
    )  # fmt: skip
    for cell_labels, (weights, scores) in sorted(cells.items()):
        if weights > 0.0:
            weight.add_metric(cell_labels, weights)
            score.add_metric(cell_labels, scores / weights)
    yield weight
    yield score

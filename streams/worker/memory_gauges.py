"""What the partitions of a worker have in memory, as of a scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily

from streams.engine.memory import PARTS
from streams.engine.observer import Seen


def memory_gauges(partitions: Iterable[Seen]) -> Iterator[GaugeMetricFamily]:
    """Bytes by part over all partitions; what the program itself takes is in none."""
    held: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
    for partition in partitions:
        held.update(partition.memory())
    family = GaugeMetricFamily(
        "touchline_memory_bytes",
        "Memory of the customers here, about, by part; process_resident_memory_bytes has all.",
        labels=["part"],
    )
    for part, taken in sorted(held.items()):
        family.add_metric([part], taken)
    yield family

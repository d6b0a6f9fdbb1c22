"""The workers' metrics, read from their pages once a second and added up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

KEPT_SECONDS = 30.0
_ANSWER_SECONDS = 2.0

Key = tuple[str, tuple[tuple[str, str], ...]]
Samples = dict[Key, float]


class Reading(NamedTuple):
    """All workers' samples added up at one monotonic time."""

    at: float
    samples: Samples

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name whose labels include these."""
        wanted = set(labels.items())
        return sum(
            value
            for (sample, have), value in self.samples.items()
            if sample == name and wanted.issubset(have)
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums of a name by one label's values."""
        sums: dict[str, float] = {}
        for (sample, have), value in self.samples.items():
            if sample == name and (found := dict(have).get(label)) is not None:
                sums[found] = sums.get(found, 0.0) + value
        return sums

    def satisfaction(self, label: str) -> dict[str, float]:
        """Weighted means of satisfaction by one label's values."""
        weights = self.by("touchline_satisfaction_weight", label)
        scores = self.by("touchline_satisfaction_score", label)
        return {value: scores[value] / weights[value] for value in scores if weights[value] > 0}


class Workers:
    """Reads each worker's page; a worker that is gone keeps what it last told of counters."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.ready: dict[str, bool] = dict.fromkeys(addresses, False)
        self.partitions: dict[str, int] = dict.fromkeys(addresses, 0)
        self.nothing = Reading(time.monotonic(), {})
        self.readings: deque[Reading] = deque([self.nothing])
        self._addresses = dict(addresses)
        self._last: dict[str, Samples] = {}
        self._opener = build_opener(ProxyHandler({}))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)

    @property
    def now(self) -> Reading:
        """The newest reading."""
        return self.readings[-1]

    def before(self, seconds: float) -> Reading:
        """The newest reading at least so old, else the oldest kept."""
        readings = list(self.readings)
        edge = readings[-1].at - seconds
        older = [reading for reading in readings if reading.at <= edge]
        return older[-1] if older else readings[0]

    def start(self) -> None:
        """Read once a second in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def read(self) -> Reading:
        """Read all pages once."""
        for name, address in self._addresses.items():
            self._read(name, address)
        reading = Reading(time.monotonic(), _sum(self._last.values()))
        self.readings.append(reading)
        while reading.at - self.readings[0].at > KEPT_SECONDS:
            self.readings.popleft()
        return reading

    def _read(self, name: str, address: str) -> None:
        text = self._get(f"{address}/metrics")
        if text is None:
            self.ready[name] = False
            self.partitions[name] = 0
            gone = self._last.get(name, {})
            self._last[name] = {key: value for key, value in gone.items() if _lasts(key[0])}
            return
        samples = _samples(text)
        self._last[name] = samples
        self.partitions[name] = int(samples.get(("touchline_partitions_open", ()), 0))
        self.ready[name] = self._get(f"{address}/readyz") is not None

    def _get(self, url: str) -> str | None:
        try:
            with self._opener.open(url, timeout=_ANSWER_SECONDS) as answer:
                text: str = answer.read().decode()
        except (URLError, OSError):
            return None
        return text

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.read()
            ready = all(self.ready.values())
            self._stop.wait(max(0.05, (1.0 if ready else 0.25) - (time.monotonic() - began)))


def rate(earlier: Reading, later: Reading, name: str, **labels: str) -> float:
    """By how much a counter grew a second between two readings."""
    seconds = later.at - earlier.at
    if seconds <= 0:
        return 0.0
    return max(0.0, later.total(name, **labels) - earlier.total(name, **labels)) / seconds


def quantile(earlier: Reading, later: Reading, name: str, share: float) -> float | None:
    """A quantile of what a histogram observed between two readings, ``None`` without any.

    Linear within a bucket, as Prometheus' ``histogram_quantile``.
    """
    old, new = (reading.by(f"{name}_bucket", "le") for reading in (earlier, later))
    grown = sorted((float(edge), count - old.get(edge, 0.0)) for edge, count in new.items())
    if not grown or grown[-1][1] <= 0:
        return None
    rank = share * grown[-1][1]
    low, below = 0.0, 0.0
    for edge, count in grown:
        if count >= rank:
            if edge == float("inf"):
                return low
            return low + (edge - low) * (rank - below) / max(count - below, 1e-12)
        low, below = edge, count
    return low


def _samples(text: str) -> Samples:
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    # means of several workers cannot be added; weighted ones can
    for (name, labels), value in list(samples.items()):
        if name == "touchline_satisfaction_score":
            weight = samples.get(("touchline_satisfaction_weight", labels), 0.0)
            samples[name, labels] = value * weight
    return samples


def _lasts(name: str) -> bool:
    """Whether a sample goes on counting when its worker is gone: counters and histograms do."""
    return name.endswith(("_total", "_bucket", "_count", "_sum"))


def _sum(parts: Iterable[Samples]) -> Samples:
    total: Samples = {}
    for samples in list(parts):
        for key, value in samples.items():
            total[key] = total.get(key, 0.0) + value
    return total

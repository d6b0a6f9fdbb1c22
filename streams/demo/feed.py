"""What comes out of Kafka while the demonstration runs: alerts and dead letters, as committed."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.topics import ALERTS, DEAD_LETTERS
from streams.engine.clients import admin_options, bootstrap_servers
from streams.settings import Settings

KEPT_ALERTS = 200
KEPT_IDS = 100_000
"""So far back an alert that came twice would be noticed."""


class Alert(msgspec.Struct):
    """What the view shows of an alert."""

    alert_id: str
    kind: str
    customer_id: str
    tier: str
    priority: int
    raised_at: str
    reason: str
    level: int | None = None


class _Letter(msgspec.Struct):
    reason: str


_alert = msgspec.json.Decoder(Alert).decode
_letter = msgspec.json.Decoder(_Letter).decode


class Heard:
    """What came out so far.

    ``first_alert`` is the Unix time at which the first could be read. ``doubled`` counts alerts
    that lie in Kafka twice, which must never be.
    """

    def __init__(self) -> None:
        self.alerts: deque[Alert] = deque(maxlen=KEPT_ALERTS)
        self.kinds: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()
        self.first_alert: float | None = None
        self.doubled = 0
        self.failure: str | None = None
        self._ids: dict[str, None] = {}

    @property
    def count(self) -> int:
        """Alerts so far."""
        return self.kinds.total()

    def take(self, topic: str, value: bytes) -> None:
        """Take in one record of ``alerts`` or ``dead-letters``."""
        if topic == DEAD_LETTERS:
            self.letters[_letter(value).reason] += 1
            return
        alert = _alert(value)
        self.first_alert = self.first_alert or time.time()
        self.kinds[alert.kind] += 1
        self.alerts.append(alert)
        self.doubled += alert.alert_id in self._ids
        self._ids[alert.alert_id] = None
        if len(self._ids) > KEPT_IDS:
            del self._ids[next(iter(self._ids))]


class Feed(Heard):
    """Reads both topics from their ends on, without a group, in a thread of its own."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        super().__init__()
        self._stop = threading.Event()
        self._consumer = KafkaConsumer(
            **{**admin_options(settings), "bootstrap_servers": bootstrap_servers(settings)},
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        numbers = range(partitions)
        places = [TopicPartition(topic, n) for topic in (ALERTS, DEAD_LETTERS) for n in numbers]
        self._consumer.assign(places)
        self._consumer.seek_to_end(*places)
        for place in places:  # the ends as of now, not of the first poll
            self._consumer.position(place)
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._consumer.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for place, records in self._consumer.poll(timeout_ms=200).items():
                    for record in records:
                        self.take(place.topic, record.value)
        except (KafkaError, msgspec.DecodeError) as error:
            self.failure = f"{type(error).__name__}: {error}"

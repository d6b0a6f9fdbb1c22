"""What comes out of Kafka while the demonstration runs, as committed: alerts, segments and more."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.segments import SegmentModel
from schemas.topics import ALERTS, DEAD_LETTERS, SEGMENT_MODEL, SEGMENT_UPDATES
from streams.engine.admin import plain
from streams.engine.clients import blocking_client_options
from streams.engine.models import MODEL_PARTITION
from streams.settings import Settings

KEPT_ALERTS = 200
KEPT_CHANGES = 50
KEPT_IDS = 100_000
"""So far back an output that came twice would be noticed, and so many customers' segments kept."""
FROM_NOW_ON = (ALERTS, DEAD_LETTERS, SEGMENT_UPDATES)


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


class Change(msgspec.Struct):
    """What the view shows of a segment update."""

    update_id: str
    customer_id: str
    occurred_at: str
    reason: str
    from_segment: str | None = None
    to_segment: str | None = None

    @property
    def kind(self) -> str:
        """``joined``, ``left`` or ``moved``."""
        if self.from_segment is None:
            return "joined"
        return "left" if self.to_segment is None else "moved"


class _Letter(msgspec.Struct):
    reason: str


_alert = msgspec.json.Decoder(Alert).decode
_change = msgspec.json.Decoder(Change).decode
_letter = msgspec.json.Decoder(_Letter).decode


class Heard:
    """What came out so far.

    ``first_alert`` is the Unix time at which the first could be read. ``doubled`` counts alerts
    and updates that lie in Kafka twice, ``broken`` updates that do not begin in the segment where
    the customer's last one ended; neither must ever be. ``joins`` are the last customers that
    entered or left, ``moves`` the last that went from one segment to another.
    """

    def __init__(self) -> None:
        self.alerts: deque[Alert] = deque(maxlen=KEPT_ALERTS)
        self.kinds: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()
        self.moves: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self.joins: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self.model: SegmentModel | None = None
        self.first_alert: float | None = None
        self.doubled = 0
        self.broken = 0
        self.failure: str | None = None
        self._ids: dict[str, None] = {}
        self._segment_of: dict[str, str | None] = {}

    @property
    def count(self) -> int:
        """Alerts so far."""
        return self.kinds.total()

    def take(self, topic: str, value: bytes) -> None:
        """Take in one record of a topic that is read."""
        if topic == DEAD_LETTERS:
            self.letters[_letter(value).reason] += 1
        elif topic == SEGMENT_UPDATES:
            self._changed(_change(value))
        elif topic == SEGMENT_MODEL:
            model = SegmentModel.model_validate_json(value)
            if self.model is None or model.version > self.model.version:
                self.model = model
        else:
            alert = _alert(value)
            self.first_alert = self.first_alert or time.time()
            self.kinds[alert.kind] += 1
            self.alerts.append(alert)
            self._once(alert.alert_id)

    def _changed(self, change: Change) -> None:
        self._once(change.update_id)
        before = self._segment_of.get(change.customer_id, change.from_segment)
        self.broken += before != change.from_segment
        self._segment_of[change.customer_id] = change.to_segment
        if len(self._segment_of) > KEPT_IDS:
            del self._segment_of[next(iter(self._segment_of))]
        self.changes[change.kind] += 1
        (self.moves if change.kind == "moved" else self.joins).append(change)

    def _once(self, output_id: str) -> None:
        self.doubled += output_id in self._ids
        self._ids[output_id] = None
        if len(self._ids) > KEPT_IDS:
            del self._ids[next(iter(self._ids))]


class Feed(Heard):
    """Reads the topics without a group, in a thread of its own.

    From their ends on, but for the model: the one in force may have been there before.
    """

    def __init__(self, settings: Settings, partitions: int) -> None:
        super().__init__()
        self._stop = threading.Event()
        self._consumer = KafkaConsumer(
            **blocking_client_options(settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        numbers = range(partitions)
        places = [TopicPartition(topic, n) for topic in FROM_NOW_ON for n in numbers]
        model = TopicPartition(SEGMENT_MODEL, MODEL_PARTITION)
        self._consumer.assign([*places, model])
        self._consumer.seek_to_end(*places)
        self._consumer.seek_to_beginning(model)
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
        except (KafkaError, ValueError) as error:
            self.failure = plain(error)

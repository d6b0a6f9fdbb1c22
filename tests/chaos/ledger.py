"""What Kafka has, read along and folded up to where a read model stands.

The changelog is replayed commit by commit; of outputs and events all is kept, with whom each is
about and when it came about, which the product's own readers tell (`streams.readmodel.told`).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from domain.assembly.erasures import Erasures, digest_of
from schemas.deadletter import Fetched
from schemas.fields import milliseconds
from schemas.topics import ALERT_STATES, INPUT_TOPICS, PORTFOLIO
from streams.engine.checkpoint import CHECKPOINT_KEY, TIMER_PREFIX, Checkpoint, load_checkpoint
from streams.engine.models import MODEL_PARTITION
from streams.readmodel.marks import MARK
from streams.readmodel.places import STREAMS
from streams.readmodel.rows import Positions
from streams.readmodel.told import Letter, State, came_about, gone, happened, nameless, told

PATIENCE_SECONDS = 60.0
DELETED = "deleted"


class Line(NamedTuple):
    """An output or an event: whom it is about, when it came about (ms), what is kept of it."""

    offset: int
    customer: str | None
    at: int
    kind: str
    value: bytes
    letter: Letter | None
    alert_id: str
    """Of the state of an alert."""


class Ledger:
    """All that came, while entered."""

    def __init__(self, bootstrap: str, changelog: str, partitions: int) -> None:
        self.changelog = changelog
        self.numbers = range(partitions)
        self.lines: dict[tuple[str, int], list[Line]] = defaultdict(list)
        self.portfolio: list[tuple[bytes, bytes]] = []
        self.state: dict[int, dict[bytes, bytes]] = {number: {} for number in self.numbers}
        self.checkpoints: dict[int, Checkpoint | None] = dict.fromkeys(self.numbers)
        self._folded = dict.fromkeys(self.numbers, 0)
        self._until: dict[bytes, dict[int, tuple[int, int]]] = defaultdict(dict)
        self._marks: dict[str, bytes] = {}
        self._unfolded: dict[int, deque[Fetched]] = {number: deque() for number in self.numbers}
        self._bootstrap = bootstrap

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_min_bytes=1 << 20,  # seldom, for it runs beside what is judged
            fetch_max_wait_ms=300,
        )
        await self._consumer.start()
        topics = (self.changelog, *STREAMS, *INPUT_TOPICS)
        own = [TopicPartition(topic, number) for topic in topics for number in self.numbers]
        self._consumer.assign([*own, TopicPartition(PORTFOLIO, MODEL_PARTITION)])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read_to(self, positions: Positions) -> list[str]:
        """Read at least to these offsets; where that could not be."""
        read = self._consumer.assignment()
        places = {TopicPartition(*place): offset for place, offset in positions.items()}
        wanted = {place: offset for place, offset in places.items() if place in read}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            fetched = await self._consumer.getmany(timeout_ms=100)
            for place, records in fetched.items():
                self.take(place.topic, place.partition, records)
            behind = [
                f"{place.topic}[{place.partition}] cannot be read up to {offset}"
                for place, offset in wanted.items()
                if await self._consumer.position(place) < offset
            ]
            if not behind or time.monotonic() > deadline:
                return behind

    def fold(self, number: int, position: int) -> bool:
        """Replay a partition up to this offset; whether a commit ends there, none undone."""
        if position < self._folded[number]:
            return False
        waiting, state, ended = self._unfolded[number], self.state[number], True
        while waiting and waiting[0].offset < position:
            record = waiting.popleft()
            key, value = record.key or b"", record.value
            if value is None:
                state.pop(key, None)
                self._until[key].pop(number, None)
            else:
                state[key] = value
                if key.startswith(MARK):
                    at, _, done = Erasures.read_mark(value)
                    self._until[key][number] = at, max(at, done)
            ended = key == CHECKPOINT_KEY
            if ended and value is not None:
                self.checkpoints[number] = load_checkpoint(value)
        self._folded[number] = position
        return ended

    def records(self, number: int) -> dict[bytes, bytes]:
        """What a partition holds, but for timers: customers' own records say them too."""
        held = self.state[number].items()
        return {key: value for key, value in held if key[:1] != TIMER_PREFIX}

    def until(self, customer: str) -> tuple[int, int]:
        """Up to when (ms) what came in of a customer is erased, and what came out, as is folded.

        What came in after the request is of a new life; what came out goes until it was done.
        """
        mark = self._marks.get(customer)
        if mark is None:
            mark = self._marks[customer] = MARK + digest_of(customer)
        known = self._until[mark].values() if mark in self._until else ()
        came_in, came_out = zip(*known, strict=True) if known else ((0,), (0,))
        return max(came_in), max(came_out)

    def kept(self, place: tuple[str, int], position: int) -> list[Line]:
        """Of a partition of a topic what may be kept of what lies before this offset."""
        came_out = place[0] not in INPUT_TOPICS
        return [
            line
            for line in self.lines[place]
            if line.offset < position
            and (line.customer is None or line.at > self.until(line.customer)[came_out])
        ]

    def moved_on(self) -> set[tuple[str, int, int]]:
        """Deletions of alerts that moved to another id: told or not, as the one or the other came.

        By topic, partition and offset.
        """
        lines = {number: self.lines[ALERT_STATES, number] for number in self.numbers}
        states = [(number, one) for number, of in lines.items() for one in of]
        held = Counter(alert_id for _, alert_id in {(at, one.alert_id) for at, one in states})
        return {
            (ALERT_STATES, number, one.offset)
            for number, one in states
            if one.kind == DELETED and held[one.alert_id] > 1
        }

    def take(self, topic: str, number: int, records: Sequence[Fetched]) -> None:
        """Take what came next of a partition of a topic."""
        if topic == self.changelog:
            self._unfolded[number].extend(records)
        elif topic == PORTFOLIO:
            self.portfolio += [(one.key or b"", one.value) for one in records if one.value]
        else:
            made = _input if topic in INPUT_TOPICS else _output
            lines = (made(topic, record) for record in records)
            self.lines[topic, number] += [line for line in lines if line is not None]


def _input(_topic: str, record: Fetched) -> Line | None:
    try:
        customer = (record.key or b"").decode()
    except UnicodeDecodeError:
        return None
    if not customer:
        return None
    event, at = happened(record.value), record.timestamp
    if event is not None:
        at = came_about(milliseconds(event.occurred_at), at)
    kind = "" if event is None else event.type
    return Line(record.offset, customer, at, kind, record.value or b"", None, "")


def _output(topic: str, record: Fetched) -> Line | None:
    if record.value is None:
        alert_id = (record.key or b"").decode()
        at = record.timestamp
        return Line(record.offset, None, at, DELETED, gone(alert_id), None, alert_id)
    said = told(topic, record.value)
    assert said is not None, record
    letter = said if isinstance(said, Letter) else None
    value = record.value if letter is None or letter.customer_id else nameless(letter)
    at = came_about(said.at, record.timestamp)
    alert_id = said.alert_id if isinstance(said, State) else ""
    return Line(record.offset, said.customer_id, at, said.type, value, letter, alert_id)


def alerts_of(lines: list[Line]) -> dict[str, bytes]:
    """How each alert stands after these lines of ``alert-states``, by its first id."""
    newest: dict[str, bytes] = {}
    for line in lines:
        if line.kind == DELETED:
            newest.pop(line.alert_id, None)
        else:
            newest[line.alert_id] = line.value
    return newest

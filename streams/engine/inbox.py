"""What a partition has fetched and not yet applied, merged over its topics by event time.

Topics of one partition are separate logs. A worker that catches up must not judge a
promise before it has read the acknowledgement that already lies in another topic: the
inbox hands events over in the order of ``occurred_at`` over the heads of its topics.
Within a topic the order of the log is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

FIRST = -(1 << 62)


class Record(Protocol):
    """One Kafka record, as aiokafka hands it over and as replay makes it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Chunk(NamedTuple):
    """Records fetched together from one topic, and the positions they lie between.

    ``start`` is the position behind the chunk before (or the seek), ``end`` the fetch
    position after this one: it may lie past the last record's offset where control records
    or aborted batches follow. ``epoch`` tells seeks apart.
    """

    topic: str
    partition: int
    records: Sequence[Record]
    start: int
    end: int
    epoch: int


class Waiting(NamedTuple):
    """A decoded record: its time in ms, its key, what it decoded to.

    What is to become a dead letter has no time of its own: ``FIRST`` and no key.
    """

    at: int
    key: str
    event: Any
    record: Record


class Inbox:
    """Decoded records per topic, handed out in merged order."""

    __slots__ = ("_ends", "_topics", "waiting")

    def __init__(self) -> None:
        self._topics: dict[str, deque[Waiting]] = {}
        self._ends: dict[str, int] = {}
        self.waiting = 0

    def add(self, topic: str, items: Sequence[Waiting], end: int) -> None:
        """Append decoded records of one topic; ``end`` is the position behind them."""
        queue = self._topics.get(topic)
        if queue is None:
            queue = self._topics[topic] = deque()
        queue.extend(items)
        self._ends[topic] = end
        self.waiting += len(items)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._topics.clear()
        self._ends.clear()
        self.waiting = 0

    def waiting_in(self, topic: str) -> int:
        """How many records of one topic wait here."""
        return len(self._topics.get(topic, ()))

    def empty_topics(self, topics: Sequence[str]) -> list[str]:
        """Those of ``topics`` of which nothing waits here."""
        return [topic for topic in topics if not self._topics.get(topic)]

    def take(self, limit: int) -> Iterator[Waiting]:
        """Up to ``limit`` records in merged order, each removed as it is handed out."""
        left = min(limit, self.waiting)
        while left:
            filled = [queue for queue in self._topics.values() if queue]
            if len(filled) == 1:
                queue, bound = filled[0], None
            else:
                filled.sort(key=_head_time)
                queue, bound = filled[0], filled[1][0].at
            while left and queue and (bound is None or queue[0].at <= bound):
                left -= 1
                self.waiting -= 1
                yield queue.popleft()

    def position_after(self, topic: str, last_offset: int) -> int:
        """Where to go on in ``topic`` once its record at ``last_offset`` has been applied."""
        if self._topics.get(topic):
            return last_offset + 1
        return max(last_offset + 1, self._ends.get(topic, 0))


def _head_time(queue: deque[Waiting]) -> int:
    return queue[0].at

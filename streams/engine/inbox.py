"""What a partition has fetched and not yet applied, merged over its topics by event time.

Topics of one partition are separate logs. A worker that catches up must not judge a
promise before it has read the acknowledgement that already lies in another topic: the
inbox hands events over in the order of ``occurred_at`` over the heads of its topics.
Within a topic the order of the log is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from schemas.deadletter import KafkaRecord

FIRST = -(1 << 62)
LAST = 1 << 62


class Chunk(NamedTuple):
    """Records fetched together from one topic, and the positions they lie between.

    ``start`` is the position behind the chunk before (or the seek), ``end`` the fetch
    position after this one: it may lie past the last record's offset where control records
    or aborted batches follow. ``epoch`` tells seeks apart.
    """

    topic: str
    partition: int
    records: Sequence[KafkaRecord]
    start: int
    end: int
    epoch: int


Waiting = tuple[int, str, Any, KafkaRecord]
"""A decoded record: its time in ms, its key, what it decoded to, and the record itself.

What is to become a dead letter has no time of its own: ``FIRST`` and no key. What was read back
has ``AT_ONCE`` of :mod:`agents.topology`. A plain tuple, since one is made for every record.
"""

_order = itemgetter(0)


class Inbox:
    """Decoded records in merged order.

    Each waits under the highest time of its topic so far, so that a stable sort merges the
    topics by time and never turns a topic's own order round.
    """

    __slots__ = ("_counts", "_ends", "_fresh", "_high", "_next", "_ready", "waiting")

    def __init__(self) -> None:
        self._ready: list[tuple[int, Waiting]] = []
        self._next = 0
        self._fresh = False
        self._high: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self.waiting = 0

    def add(self, topic: str, items: Sequence[Waiting], end: int) -> None:
        """Append decoded records of one topic; ``end`` is the position behind them."""
        self._ends[topic] = end
        if not items:
            return
        waiting = self._counts.get(topic, 0)
        high = self._high[topic] if waiting else FIRST
        append = self._ready.append
        for item in items:
            high = max(high, item[0])
            append((high, item))
        self._high[topic] = high
        self._counts[topic] = waiting + len(items)
        self.waiting += len(items)
        self._fresh = True

    def clear(self) -> None:
        """Forget everything that waits."""
        self._ready.clear()
        self._counts.clear()
        self._ends.clear()
        self._next = self.waiting = 0

    def waiting_in(self, topic: str) -> int:
        """How many records of one topic wait here."""
        return self._counts.get(topic, 0)

    def empty_topics(self, topics: Sequence[str]) -> list[str]:
        """Those of ``topics`` of which nothing waits here."""
        counts = self._counts
        return [topic for topic in topics if not counts.get(topic)]

    def high(self, topic: str) -> int:
        """The highest time that waits in ``topic``: what is not yet read of it comes later."""
        return self._high[topic]

    def take(self, limit: int, bound: int = LAST) -> list[Waiting]:
        """Up to ``limit`` records not later than ``bound``, in merged order; they wait no more."""
        if self._fresh:
            del self._ready[: self._next]
            self._next, self._fresh = 0, False
            self._ready.sort(key=_order)
        end = min(self._next + limit, len(self._ready))
        if bound < LAST:
            end = bisect_right(self._ready, bound, self._next, end, key=_order)
        taken = [item for _, item in self._ready[self._next : end]]
        self._next = end
        self.waiting -= len(taken)
        for topic, count in Counter([item[3].topic for item in taken]).items():
            self._counts[topic] -= count
        if not self.waiting:
            self._ready.clear()
            self._next = 0
        return taken

    def position_after(self, topic: str, last_offset: int) -> int:
        """Where to go on in ``topic`` once its record at ``last_offset`` has been applied."""
        if self._counts.get(topic):
            return last_offset + 1
        return max(last_offset + 1, self._ends.get(topic, 0))

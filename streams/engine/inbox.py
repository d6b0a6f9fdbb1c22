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

from schemas.deadletter import Fetched

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
    records: Sequence[Fetched]
    start: int
    end: int
    epoch: int


Waiting = tuple[int, str, Any, str, Fetched]
"""A decoded record: time in ms, key, what it decoded to, its topic, and the record itself.

What is to become a dead letter has no time of its own: ``FIRST`` and no key. What was read back
has ``AT_ONCE`` of :mod:`agents.topology`. A plain tuple, since one is made for every record.
"""

COMPACT = 2_048
"""Records of a topic that were taken and are still held, at most about so many."""

_high = itemgetter(0)
_topic = itemgetter(3)


class Taken(NamedTuple):
    """Records in merged order, and by topic where to go on once all of them are applied."""

    items: list[Waiting]
    positions: dict[str, int]


class _Queue:
    """Records of one topic as they came, each under the highest time of the topic so far."""

    __slots__ = ("at", "end", "highs", "items")

    def __init__(self) -> None:
        self.highs: list[int] = []
        self.items: list[Waiting] = []
        self.at = 0
        self.end = 0

    def __len__(self) -> int:
        return len(self.items) - self.at

    def add(self, items: Sequence[Waiting], end: int) -> None:
        self.end = end
        high = self.highs[-1] if len(self) else FIRST
        for item in items:
            high = max(high, item[0])
            self.highs.append(high)
        self.items += items

    def upto(self, horizon: int, limit: int) -> list[tuple[int, Waiting]]:
        """At most ``limit`` records not above ``horizon``, with what they wait under."""
        most = min(self.at + limit, len(self.highs))
        stop = bisect_right(self.highs, horizon, self.at, most)
        return list(zip(self.highs[self.at : stop], self.items[self.at : stop], strict=True))

    def pass_over(self, count: int) -> int:
        """Let so many go; the position behind them."""
        self.at += count
        position = self.items[self.at - 1][4].offset + 1
        if self.at == len(self.items):
            position = max(position, self.end)
        if self.at >= COMPACT or self.at == len(self.items):
            del self.highs[: self.at], self.items[: self.at]
            self.at = 0
        return position


class Inbox:
    """Decoded records in merged order; at the same time, in that of their topics' names.

    Each waits under the highest time of its topic so far, so that a stable sort merges the
    topics by time and never turns a topic's own order round.
    """

    __slots__ = ("_queues", "waiting")

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self.waiting = 0

    def add(self, topic: str, items: Sequence[Waiting], end: int) -> None:
        """Append decoded records of one topic; ``end`` is the position behind them."""
        queue = self._queues.get(topic)
        if queue is None:
            self._queues[topic] = queue = _Queue()
            self._queues = dict(sorted(self._queues.items()))
        queue.add(items, end)
        self.waiting += len(items)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queues.clear()
        self.waiting = 0

    def waiting_in(self, topic: str) -> int:
        """How many records of one topic wait here."""
        queue = self._queues.get(topic)
        return 0 if queue is None else len(queue)

    def empty_topics(self, topics: Sequence[str]) -> list[str]:
        """Those of ``topics`` of which nothing waits here."""
        return [topic for topic in topics if not self.waiting_in(topic)]

    def high(self, topic: str) -> int:
        """The highest time that waits in ``topic``: what is not yet read of it comes later."""
        return self._queues[topic].highs[-1]

    def take(self, limit: int, bound: int = LAST) -> Taken:
        """Up to ``limit`` records not later than ``bound``, in merged order; they wait no more.

        Where ``limit`` of one topic lie up to a time, nothing later of any topic can be due, so
        that only little more than what is taken is sorted, however much waits.
        """
        horizon = bound
        for queue in self._queues.values():
            last = queue.at + limit - 1
            if last < len(queue.highs):
                horizon = min(horizon, queue.highs[last])
        merged: list[tuple[int, Waiting]] = []
        for queue in self._queues.values():
            merged += queue.upto(horizon, limit)
        merged.sort(key=_high)
        items = [item for _, item in merged[:limit]]
        self.waiting -= len(items)
        counts = Counter(map(_topic, items))
        return Taken(items, {t: self._queues[t].pass_over(n) for t, n in counts.items()})

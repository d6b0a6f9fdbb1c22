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
from operator import attrgetter, itemgetter
from typing import Final, Generic, NamedTuple, TypeVar, final

import msgspec

from schemas.codec import Bad
from schemas.deadletter import Fetched

E = TypeVar("E")

# Places in the merge: an event has its time (ms), and these lie beyond all times.
FIRST: Final = -(1 << 62)
"""Of what has no time, while nothing that has one waits before it in its topic."""
READ_BACK: Final = FIRST + 1
"""Of what was read back: before all events, whenever they happened."""
LAST: Final = 1 << 62
"""Behind everything."""


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


# Structs, since one is made for every record: they cost no more than a plain tuple.


@final
class Happened(msgspec.Struct, Generic[E], gc=False):
    """An event to be applied to the state of its key; ``at`` is when it happened, in ms."""

    at: int
    key: str
    event: E
    topic: str
    record: Fetched


@final
class Refused(msgspec.Struct, gc=False):
    """A record to become a dead letter. It goes as soon as what its topic holds before it."""

    bad: Bad
    topic: str
    record: Fetched


@final
class Returned(msgspec.Struct, gc=False):
    """A record of our own outputs that was read back, for the state of ``key``.

    ``told`` is what it decoded to: of which class, its topic's ``ReadBack`` knows. ``at`` is when
    it happened (ms), or ``READ_BACK``.
    """

    at: int
    key: str
    told: object
    topic: str
    record: Fetched


Waiting = Happened[E] | Refused | Returned
"""A decoded record, tagged by its class with what is to be done with it."""

COMPACT = 2_048
"""Records of a topic that were taken and are still held, at most about so many."""

_high = itemgetter(0)
_topic = attrgetter("topic")


class Taken(NamedTuple, Generic[E]):
    """Records in merged order, and by topic where to go on once all of them are applied."""

    items: Sequence[Waiting[E]]
    positions: dict[str, int]


class _Queue(Generic[E]):
    """Records of one topic as they came, each under the topic's farthest place so far.

    What says that it happened after it was appended has the place of when it was: what lies behind
    an event of the year 2199, which will be refused, must not wait for all other topics.
    """

    __slots__ = ("at", "end", "highs", "items")

    def __init__(self) -> None:
        self.highs: list[int] = []
        self.items: list[Waiting[E]] = []
        self.at = 0
        self.end = 0

    def __len__(self) -> int:
        return len(self.items) - self.at

    def add(self, items: Sequence[Waiting[E]], end: int) -> None:
        self.end = end
        high = self.highs[-1] if len(self) else FIRST
        for item in items:
            if (type(item) is Happened or type(item) is Returned) and (at := item.at) > high:
                appended = item.record.timestamp
                if at <= appended or appended <= 0:
                    high = at
                elif appended > high:
                    high = appended
            self.highs.append(high)
        self.items += items

    def upto(self, horizon: int, limit: int) -> list[tuple[int, Waiting[E]]]:
        """At most ``limit`` records not above ``horizon``, with what they wait under."""
        most = min(self.at + limit, len(self.highs))
        stop = bisect_right(self.highs, horizon, self.at, most)
        return list(zip(self.highs[self.at : stop], self.items[self.at : stop], strict=True))

    def pass_over(self, count: int) -> int:
        """Let so many go; the position behind them."""
        self.at += count
        position = self.items[self.at - 1].record.offset + 1
        if self.at == len(self.items):
            position = max(position, self.end)
        if self.at >= COMPACT or self.at == len(self.items):
            del self.highs[: self.at], self.items[: self.at]
            self.at = 0
        return position


class Inbox(Generic[E]):
    """Decoded records in merged order; at the same time, in that of their topics' names.

    Each waits under the highest time of its topic so far, so that a stable sort merges the
    topics by time and never turns a topic's own order round.
    """

    __slots__ = ("_queues", "waiting")

    def __init__(self) -> None:
        self._queues: dict[str, _Queue[E]] = {}
        self.waiting = 0

    def add(self, topic: str, items: Sequence[Waiting[E]], end: int) -> None:
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

    def take(self, limit: int, bound: int = LAST) -> Taken[E]:
        """Up to ``limit`` records not later than ``bound``, in merged order; they wait no more.

        Where ``limit`` of one topic lie up to a time, nothing later of any topic can be due, so
        that only little more than what is taken is sorted, however much waits.
        """
        horizon = bound
        for queue in self._queues.values():
            last = queue.at + limit - 1
            if last < len(queue.highs):
                horizon = min(horizon, queue.highs[last])
        merged: list[tuple[int, Waiting[E]]] = []
        for queue in self._queues.values():
            merged += queue.upto(horizon, limit)
        merged.sort(key=_high)
        items = [item for _, item in merged[:limit]]
        self.waiting -= len(items)
        counts = Counter(map(_topic, items))
        return Taken(items, {t: self._queues[t].pass_over(n) for t, n in counts.items()})

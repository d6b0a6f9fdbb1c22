"""The chunks of one partition number on their way in: which records may be applied, and when.

Topics of a number are separate logs, merged by event time. A chunk must join on to the one
before; a topic with more to read bounds the others; what is known of each topic's end is true
only of the moment its fetch was sent. Topics of our own outputs that are read back are outside
of the merge: they wait for nothing, and nothing waits for them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import structlog
from faust.types import TP

from agents.topology import C, E, S, Topology
from streams.engine.clock import WallClock
from streams.engine.inbox import LAST, READ_BACK, Chunk
from streams.engine.partition import Partition
from streams.engine.transport import Consumer
from streams.settings import Settings

HELD_RECORDS = 1000
RELEASED_RECORDS = 500
MERGE_PATIENCE_SECONDS = 5.0
# Topics of one number whose fetches were sent this close to each other count as read together.
STALE_MS = 1000

log = structlog.get_logger("touchline.intake")


class Look(NamedTuple):
    """What is known of the topics at one moment.

    ``bound``: up to which time (ms), or other place in the merge, waiting records may be applied,
    ``None``: none of them yet.
    ``ended``: wall time (ms) at which every topic had been read to its end; ``None``: not so.
    """

    bound: int | None
    ended: int | None


class Intake:
    """Takes chunks for one partition, holds topics that run ahead, and says what may go on."""

    def __init__(
        self,
        topology: Topology[E, S, C],
        number: int,
        settings: Settings,
        clock: WallClock | None = None,
    ) -> None:
        self.tps = {topic: TP(topic, number) for topic in topology.topics}
        self._merged = {topic: self.tps[topic] for topic in topology.sources}
        self._read_back = tuple(topology.read_back)
        self.merging_since: float | None = None
        self._number = number
        self._clock = WallClock() if clock is None else clock
        self._event_clock = settings.clock == "event"
        self._epochs: dict[TP, int] = {}
        self._received: dict[str, int] = {}
        self._fetched_at = 0
        self._landed: deque[tuple[int, Chunk]] = deque()
        self._held: set[str] = set()

    @property
    def hurried(self) -> bool:
        """Whether to look again soon, although nothing may be applied now."""
        return self.merging_since is not None or bool(self._landed)

    def start(self, consumer: Consumer, next_offsets: Mapping[str, int]) -> None:
        """Fetch from these positions."""
        positions = {tp: next_offsets[topic] for topic, tp in self.tps.items()}
        self._epochs = consumer.start_from(positions)
        self._received = {tp.topic: offset for tp, offset in positions.items()}
        self._held.clear()
        self._landed.clear()
        self.merging_since = None

    def leave(self, consumer: Consumer) -> None:
        """Fetch no more, and forget what has not been let in."""
        consumer.leave(self.tps.values())
        self._landed.clear()

    def accept(self, consumer: Consumer, partition: Partition[E, S, C], chunk: Chunk) -> bool:
        """Take a chunk, unless it was fetched before the last seek; whether it was taken."""
        tp = self.tps[chunk.topic]
        if chunk.epoch != self._epochs.get(tp):
            return False
        if chunk.start != self._received[chunk.topic]:
            raise AssertionError(
                f"{tp}: a chunk from {chunk.start} came where {self._received[chunk.topic]} "
                f"was due: records would be lost"
            )
        self._received[chunk.topic] = chunk.end
        if chunk.records:
            self._clock.appended(chunk.records[-1].timestamp)
        if chunk.topic in self._merged:
            self._fetched_at = consumer.asked_at(tp)
        if self._event_clock and chunk.topic in self._merged:
            self._landed.append((self._clock.ms(), chunk))
        else:
            partition.receive(chunk.topic, chunk.records, chunk.end)
        landed = sum(len(c.records) for _, c in self._landed if c.topic == chunk.topic)
        if partition.inbox.waiting_in(chunk.topic) + landed > HELD_RECORDS:
            self._held.add(chunk.topic)
            consumer.hold([tp])
        return True

    def look(self, consumer: Consumer, partition: Partition[E, S, C]) -> Look:
        """Let landed chunks in that may be, and work out what may be applied."""
        ended, received = consumer.ended, self._received
        read_until = {topic: ended(tp, received[topic]) for topic, tp in self._merged.items()}
        if self._landed:
            self._admit(partition, read_until)
        inbox = partition.inbox
        at_once = sum(
            inbox.waiting_in(topic)
            for topic in self._read_back
            if inbox.waiting_in(topic) and inbox.high(topic) <= READ_BACK
        )
        bound = self._bound(partition, read_until) if inbox.waiting > at_once else None
        if bound is None and at_once:
            bound = READ_BACK
        known = [at for at in read_until.values() if at is not None]
        return Look(bound, min(known) if len(known) == len(read_until) else None)

    def release(self, consumer: Consumer, partition: Partition[E, S, C]) -> None:
        """Let held topics come in again that have few records waiting."""
        for topic in list(self._held):
            if partition.inbox.waiting_in(topic) < RELEASED_RECORDS:
                self._held.discard(topic)
                consumer.release([self.tps[topic]])

    def _admit(self, partition: Partition[E, S, C], read_until: Mapping[str, int | None]) -> None:
        """On the event clock, let a chunk in once every other topic was asked after it came.

        What was appended before the chunk's records can then no longer be unseen, and the
        merge by time is the same however the topics' fetches fell.
        """
        while self._landed:
            came_at, chunk = self._landed[0]
            landed = {each.topic for _, each in self._landed}
            for topic in partition.inbox.empty_topics(list(self._merged)):
                until = read_until[topic]
                if topic not in landed and (until is None or until < came_at):
                    return
            self._landed.popleft()
            partition.receive(chunk.topic, chunk.records, chunk.end)

    def _bound(
        self, partition: Partition[E, S, C], read_until: Mapping[str, int | None]
    ) -> int | None:
        """Up to which time waiting records may be applied; ``None``: none of them yet.

        A topic that has more in Kafka bounds the others by what of it waits here; while nothing
        of it does, all wait. On the wall clock never for long; on the event clock as long as it
        takes, since there nobody waits and an event out of order might be refused as too late.
        """
        inbox, fresh = partition.inbox, self._fetched_at - STALE_MS
        landed = {chunk.topic for _, chunk in self._landed}
        behind = [
            topic
            for topic, until in read_until.items()
            if until is None or until < fresh or topic in landed
        ]
        missing = inbox.empty_topics(behind)
        if not missing:
            self.merging_since = None
            return min((inbox.high(topic) for topic in behind), default=LAST)
        now = time.monotonic()
        if self.merging_since is None:
            self.merging_since = now
        if self._event_clock or now - self.merging_since < MERGE_PATIENCE_SECONDS:
            return None
        log.warning("merged without a slow topic", partition=self._number, topics=missing)
        self.merging_since = None
        return LAST

"""Fetching in sessions, and when what is known of a partition's end was asked of Kafka.

aiokafka names every partition in every fetch, and the broker names every one in its answer: with
120 of them that is most of what an idle worker does, and much of what its broker does. In a fetch
session (KIP-227) both sides name only what changed. aiokafka's fetcher goes on as it is; its
requests are rewritten on their way, and what an answer leaves out is as it was.

That a partition has been read to its end is true of the moment the fetch was sent, not of the
moment its answer is looked at: a worker that slept between the two may find answers to
complaints behind that end, and must not judge a promise by the clock before it has read them.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from streams.engine.client.fetch_by_id import (
    FetchResponse,
    FetchStruct,
    Ids,
    forgotten_by_id,
    name_topics,
    speaks_ids,
    wanted_by_id,
)
from streams.engine.clock import MS, Now, local_ms

FIRST_SESSIONS = 7
"""The version of Fetch from which there are sessions."""
FULL = 0
HURRIED_MS = 10
AGAIN_SECONDS = 0.2
"""After a fetch that failed unexpectedly."""
LAST_EPOCH = (1 << 31) - 1
NO_LEADER_EPOCH = NO_LOG_START = -1
CONSUMER = -1


class Part(NamedTuple):
    """Where to fetch a partition from, and how much at most (bytes)."""

    offset: int
    most: int


Parts = Mapping[TopicPartition, Part]
_NO_IDS: Ids = MappingProxyType({})

log = structlog.get_logger("touchline.fetching")


def _nobody() -> None:
    """Nobody hears of it."""


class Asked(NamedTuple):
    """When a fetch was sent: by the machine's clock, as aiokafka stamps answers; by ours; steadily.

    The first two in ms, the last in s.
    """

    local: int
    at: int
    steady: float


NEVER = Asked(0, 0, 0.0)


class Session:
    """What one broker knows of our partitions: it need not be told again."""

    def __init__(self) -> None:
        self.number = 0
        self.epoch = FULL
        self.beginnings = 0
        self._paused_at = 0.0
        self._assignment: object = None
        self._known: dict[TopicPartition, Part] = {}
        self._by_id = False

    def speak(self, *, by_id: bool) -> None:
        """Name topics by id or by name; a session that did otherwise is over."""
        if by_id is not self._by_id:
            self._by_id, self.epoch = by_id, FULL

    def forget(self) -> None:
        """Begin anew with the next fetch, which names every partition."""
        self.epoch = FULL
        self.beginnings += 1

    async def pause(self, seconds: float) -> None:
        """Wait until it is so long since the last fetch: what comes meanwhile comes at once."""
        now = time.monotonic()
        left = self._paused_at + seconds - now
        if left > 0:
            await asyncio.sleep(left)
        self._paused_at = now + max(0.0, left)

    def begin(self, assignment: object) -> None:
        """A new assignment has new states, to which an answer must say everything."""
        if assignment is not self._assignment:
            self._assignment = assignment
            self.forget()

    def changes(self, wanted: Parts) -> tuple[Parts, Iterable[TopicPartition]]:
        """Which of the wanted partitions to name, and which to name as no longer wanted."""
        if self.epoch == FULL:
            return wanted, ()
        known = self._known
        named = {tp: part for tp, part in wanted.items() if known.get(tp) != part}
        return named, known.keys() - wanted.keys()

    def answered(self, wanted: Parts) -> None:
        """The broker knows these now. Without a number it keeps no session: all are named again."""
        self._known = dict(wanted)
        if not self.number:
            self.forget()
        else:
            self.epoch = self.epoch + 1 if self.epoch < LAST_EPOCH else 1


class SessionFetch(FetchRequest):  # type: ignore[misc]
    """One of aiokafka's fetches, within a session; ``response`` is its answer, if there is one.

    A ``hurried`` one is answered after 10 ms, if there is nothing. It goes by ``ids`` where there
    are any and the broker speaks so; what has none is not open here: nobody takes its records.
    """

    def __init__(
        self, fetch: Any, session: Session, wanted: Parts, ids: Ids = _NO_IDS, *, hurried: bool
    ) -> None:
        self.__dict__.update(fetch.__dict__)
        if hurried:
            self.__dict__["_max_wait_ms"] = min(fetch._max_wait_ms, HURRIED_MS)
        self.session = session
        self.wanted = wanted
        self.ids = ids
        self.full = True
        self.response: Any = None

    def prepare(self, versions: dict[int, tuple[int, int]]) -> Any:
        """The request, by ids where that can be."""
        by_id = bool(self.ids) and speaks_ids(versions)
        if by_id:
            self.wanted = {tp: part for tp, part in self.wanted.items() if tp in self.ids}
        self.session.speak(by_id=by_id)
        if not by_id:
            return super().prepare(versions)
        self.full = self.session.epoch == FULL
        named, forgotten = self.session.changes(self.wanted)
        left = [tp for tp in forgotten if tp in self.ids]
        return FetchStruct(
            CONSUMER,
            self._max_wait_ms,
            self._min_bytes,
            self._max_bytes,
            self._isolation_level,
            self.session.number,
            self.session.epoch,
            wanted_by_id(named, self.ids),
            forgotten_by_id(left, self.ids),
            self._rack_id,
            {},
        )

    def build(self, request_struct_class: Any) -> Any:
        """The request in the version that the broker speaks."""
        version = request_struct_class.API_VERSION
        if version < FIRST_SESSIONS:
            return super().build(request_struct_class)
        self.full = self.session.epoch == FULL
        named, forgotten = self.session.changes(self.wanted)
        epoch = (NO_LEADER_EPOCH,) if version >= 9 else ()
        by_topic: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
        for tp, (offset, most) in named.items():
            by_topic[tp.topic].append((tp.partition, *epoch, offset, NO_LOG_START, most))
        left: defaultdict[str, list[int]] = defaultdict(list)
        for tp in forgotten:
            left[tp.topic].append(tp.partition)
        rack = (self._rack_id,) if version >= 11 else ()
        return request_struct_class(
            CONSUMER,
            self._max_wait_ms,
            self._min_bytes,
            self._max_bytes,
            self._isolation_level,
            self.session.number,
            self.session.epoch,
            list(by_topic.items()),
            list(left.items()),
            *rack,
        )


class _Client:
    """aiokafka's client, that leaves each answer with its fetch."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        response = await self._client.send(node_id, request, **options)
        if isinstance(request, SessionFetch):
            if isinstance(response, FetchResponse):
                name_topics(response, request.ids)
            request.response = response
        return response


class FetchSessions:
    """A session with every broker that is fetched from.

    ``asked_at`` gives the wall time in ms at which the newest answered fetch of a partition was
    sent. ``on_refused`` hears that a broker answered for some partitions by an error.
    """

    def __init__(self, now: Now = local_ms) -> None:
        self._now = now
        self._sessions: defaultdict[int, Session] = defaultdict(Session)
        self._asked: dict[tuple[str, int], Asked] = {}
        self._fetcher: Any = None
        self._ids: Ids = _NO_IDS
        self.on_refused: Callable[[], None] | None = None
        self.under_way: dict[int, float] = {}
        """By broker, the monotonic time at which the fetch was sent that has no answer yet."""

    def asked_at(self, tp: tuple[str, int]) -> int:
        """0 before the first answer."""
        return self._asked.get(tp, NEVER).at

    def asked_steadily(self, tp: tuple[str, int]) -> float:
        """The same by the monotonic clock, in s; 0 before the first answer."""
        return self._asked.get(tp, NEVER).steady

    def untaken(self, tp: tuple[str, int]) -> bool:
        """Whether something of ``tp`` was fetched that nobody has taken: no more is asked for."""
        return self._fetcher is not None and tp in self._fetcher._records

    def identify(self, ids: Ids) -> None:
        """Of which topics, by id, partitions are fetched from now on; positions are set after."""
        self._ids = ids

    def forget(self) -> None:
        """Name every partition in the next fetches: positions were set."""
        for session in self._sessions.values():
            session.forget()

    def take_over(
        self, consumer: AIOKafkaConsumer, pause: float, failed: Callable[[], None] = _nobody
    ) -> None:
        """Let a started consumer fetch in sessions from now on, each ``pause`` s at most.

        ``failed`` hears of a fetch that ended by an error that is none of Kafka's.
        """
        fetcher = consumer._fetcher
        fetch = fetcher._proc_fetch_request
        fetcher._client = _Client(fetcher._client)
        self._fetcher = fetcher
        # Asked for each partition at every turn; without a rack it is always the leader.
        fetcher._select_read_replica = fetcher._client.cluster.leader_for_partition

        async def in_session(assignment: Any, node_id: int, request: Any) -> Any:
            session = self._sessions[node_id]
            try:
                await session.pause(pause)
            except asyncio.CancelledError:
                return False  # as aiokafka's own does: nobody wants the answer any more
            session.begin(assignment)
            asked = Asked(time.time_ns() // MS, self._now(), time.monotonic())
            # partitions whose records nobody has taken yet will ask to be in the next one
            hurried = bool(fetcher._records)
            own = SessionFetch(request, session, _wanted(request), self._ids, hurried=hurried)
            begun = session.beginnings
            self.under_way[node_id] = asked.steady
            try:
                return await fetch(assignment, node_id, own)
            finally:
                if self.under_way.get(node_id) == asked.steady:
                    del self.under_way[node_id]
                self._answered(assignment, own, asked, undisturbed=session.beginnings == begun)

        async def guarded(assignment: Any, node_id: int, request: Any) -> Any:
            try:
                return await in_session(assignment, node_id, request)
            except Exception as error:  # else the whole routine would end, and nobody hear of it
                log.error("a fetch failed, and is sent again", broker=node_id, exc_info=error)
                self._sessions[node_id].forget()
                failed()
                await asyncio.sleep(AGAIN_SECONDS)
                return True  # what was fetched before the error waits to be taken

        fetcher._proc_fetch_request = guarded

    def _answered(
        self, assignment: Any, fetch: SessionFetch, asked: Asked, *, undisturbed: bool
    ) -> None:
        """Note what the answer says of every partition that was wanted.

        Where there is none, or not all of it was taken, the next fetch names everything again.
        """
        response, session = fetch.response, fetch.session
        if response is None or getattr(response, "error_code", False):
            return session.forget()
        if fetch.full:
            session.number = getattr(response, "session_id", 0)
        throttled = response.throttle_time_ms > 0 and not response.topics
        if throttled or not assignment.active:
            return session.forget()  # a throttled answer says nothing, of any partition
        taken = _Taken.of(assignment, response, asked.local)
        if taken.refused != taken.discarded and self.on_refused is not None:
            self.on_refused()
        if taken.discarded or not undisturbed:
            session.forget()
        else:
            session.answered(fetch.wanted)
        told = taken.whole if fetch.full else fetch.wanted.keys() - taken.refused
        for tp in told:
            state = assignment.state_value(tp)
            if state is not None and state.has_valid_position:
                self._asked[tp] = asked


def _wanted(request: Any) -> Parts:
    return {
        TopicPartition(topic, number): Part(offset, most)
        for topic, parts in request.topics
        for number, offset, most in parts
    }


class _Taken(NamedTuple):
    """Partitions of an answer by what aiokafka made of them: it stamps the state of each it took.

    ``refused``: of an error, which the broker tells again by itself; ``discarded``: of another
    position meanwhile.
    """

    whole: set[TopicPartition]
    refused: set[TopicPartition]
    discarded: set[TopicPartition]

    @classmethod
    def of(cls, assignment: Any, response: Any, asked: int) -> _Taken:
        """Sort the partitions of an answer to a fetch that was sent at ``asked`` (ms)."""
        found = cls(set(), set(), set())
        for topic, parts in response.topics:
            for number, error_code, *_ in parts:
                tp = TopicPartition(topic, number)
                state = assignment.state_value(tp)
                if state is not None and not error_code and (state.timestamp or 0) >= asked:
                    found.whole.add(tp)
                    continue
                found.refused.add(tp)
                if not error_code:
                    found.discarded.add(tp)
        return found

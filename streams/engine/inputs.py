"""Whether what a partition goes on with is there: its inputs, at its positions, and its state.

A topic that was deleted and made anew has another id under its name: what the positions are of is
gone, however many records lie there now. State lies in the changelog alone: where that is another
one, or empty although the group had committed positions, there was state, and to begin with
nothing would be wrong for ever. Each of these stops its partition until an operator decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.topics import PARTITION_SUMMARIES
from streams.engine.checkpoint import Checkpoint
from streams.engine.transport import Consumer
from streams.settings import Settings

LOST_RETRY_SECONDS: Final = 10.0
MISSING_RETRY_SECONDS: Final = 2.0
LOOK_ANEW_SECONDS: Final = 5.0
DECIDED_SECONDS: Final = 1.0

Unread = dict[TP, int]
"""Of topics that are gone, how many records had not been read, where that was known."""


class InputLost(Exception):
    """What a partition was to go on with is not there; to be looked for again after so long (s)."""

    def __init__(self, why: str, again: float = LOST_RETRY_SECONDS) -> None:
        super().__init__(why)
        self.again = again


class Beginning(NamedTuple):
    """From what a partition goes on: its checkpoint, and the position in each topic.

    ``new_ids`` says that the checkpoint knows topics that the one in the changelog does not.
    """

    checkpoint: Checkpoint
    starts: dict[str, int]
    new_ids: bool


def shown(topic_id: bytes) -> str:
    """A topic's id as Kafka's own commands show it.

    >>> shown(bytes(range(16)))
    'AAECAwQFBgcICQoLDA0ODw'
    """
    return urlsafe_b64encode(topic_id).decode().rstrip("=")


def made_anew(topic: str, was: bytes, now: bytes) -> str:
    """What is said of a topic that has another id than its positions are of."""
    return f"{topic} was deleted and made anew (its id was {shown(was)}, now {shown(now)})"


class Inputs:
    """What one partition number reads: ``tps`` by topic, and its part of the changelog."""

    def __init__(
        self, settings: Settings, number: int, tps: Mapping[str, TP], unread: Unread
    ) -> None:
        self._settings = settings
        self._number = number
        self._tps = tps
        self._unread = unread
        self._accept = f"`touchline doctor --accept-loss {number}`"

    async def ids(self, consumer: Consumer) -> dict[str, bytes]:
        """The ids of all topics of the number, empty where Kafka tells none.

        Raises InputLost where a topic is missing, and aiokafka's errors.
        """
        number, topics = self._number, [*self._tps, self._settings.changelog, PARTITION_SUMMARIES]
        known = await consumer.known_topics(topics)
        if known is not None:
            missing = [
                topic
                for topic in topics
                if topic not in known or number not in known[topic].partitions
            ]
            if missing:
                raise InputLost(
                    f"{', '.join(missing)}: there is no such topic with a partition {number}, as "
                    f"after it was deleted. Run `touchline topics` to make it anew",
                    MISSING_RETRY_SECONDS,
                )
        assigned = consumer.assignment()
        without = [topic for topic, tp in self._tps.items() if tp not in assigned]
        if without:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_ANEW_SECONDS):
                    await consumer.look_anew()
            raise InputLost(
                f"it was assigned without {', '.join(without)}: all topics of a number must be in "
                f"one worker. If this stays, see whether every topic has the same number of "
                f"partitions (`touchline topics --check`), and restart workers of other versions",
                MISSING_RETRY_SECONDS,
            )
        return {} if known is None else {topic: known[topic].id for topic in topics}

    async def decided(self, consumer: Consumer, within: float) -> None:
        """Wait so long (s), or until somebody has written to the number's changelog."""
        place = TP(self._settings.changelog, self._number)
        until, before = time.monotonic() + within, None
        while time.monotonic() < until:
            await asyncio.sleep(DECIDED_SECONDS)
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(LOOK_ANEW_SECONDS):
                    end = (await consumer.highwaters(place))[place]
                if before is not None and end != before:
                    return
                before = end

    async def begin(
        self, consumer: Consumer, saved: Checkpoint | None, ids: Mapping[str, bytes]
    ) -> Beginning:
        """Where to go on. Raises InputLost where that is gone, and aiokafka's errors."""
        if saved is None:
            await self._must_be_new(consumer)
        checkpoint = Checkpoint() if saved is None else saved
        self._same_changelog(checkpoint, ids)
        kept = {*self._tps, self._settings.changelog}
        told = {topic: one for topic, one in ids.items() if one and topic in kept}
        known = {**checkpoint.topic_ids, **told}
        places = self._tps.values()
        earliest = await consumer.earliest_offsets(*places)
        ends = await consumer.highwaters(*places)
        starts, lost = dict(checkpoint.next_offsets), list[str]()
        for topic, tp in self._tps.items():
            start = starts.setdefault(topic, earliest[tp])
            was = checkpoint.topic_ids.get(topic, known.get(topic, b""))
            if was != known.get(topic, b""):
                lost.append(self._anew(tp, start, was, known[topic], ends[tp] - earliest[tp]))
            elif start < earliest[tp]:
                lost.append(
                    f"{topic}[{self._number}]: {earliest[tp] - start} records from offset {start} "
                    f"on were deleted by retention before they were read"
                )
            elif start > ends[tp]:
                lost.append(
                    f"{topic}[{self._number}]: offset {start} is to be read next, but it ends at "
                    f"{ends[tp]}: it was deleted and made anew, or lost records"
                )
        if lost:
            raise InputLost(f"{'; '.join(lost)}. Run {self._accept} to go on without them")
        new = saved is not None and known != saved.topic_ids
        for tp in places:
            self._unread.pop(tp, None)
        return Beginning(msgspec.structs.replace(checkpoint, topic_ids=known), starts, new)

    def _anew(self, tp: TP, start: int, was: bytes, now: bytes, there: int) -> str:
        unread = self._unread.get(tp)
        count = "what it held" if unread is None else f"{unread} records that it held"
        return (
            f"{made_anew(f'{tp.topic}[{tp.partition}]', was, now)}: {count} from offset {start} on "
            f"is lost, and the {there} records of the new one wait"
        )

    def _same_changelog(self, checkpoint: Checkpoint, ids: Mapping[str, bytes]) -> None:
        changelog = self._settings.changelog
        was, now = checkpoint.topic_ids.get(changelog, b""), ids.get(changelog, b"")
        if was and now and was != now:
            raise InputLost(
                f"{made_anew(changelog, was, now)} while a worker ran: it holds of partition "
                f"{self._number} only what was written since. Bring the former back, or run "
                f"{self._accept} to go on with that"
            )

    async def _must_be_new(self, consumer: Consumer) -> None:
        """Without a checkpoint nothing may have been committed."""
        committed = await consumer.committed(self._tps.values())
        if any(committed.values()):
            records = sum(committed.values())
            raise InputLost(
                f"the state of partition {self._number} is lost: {self._settings.changelog} holds "
                f"none, but the group had worked off {records} records, as after that topic was "
                f"deleted. Bring it back, or run {self._accept} to begin with no customers at the "
                f"positions of the group"
            )

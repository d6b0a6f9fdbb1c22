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
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.topics import PARTITION_SUMMARIES
from streams.engine.checkpoint import Checkpoint
from streams.engine.lost import Loss, StateLoss, input_losses, made_anew, state_loss
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
        worked_off = 0
        if saved is None:
            worked_off = sum((await consumer.committed(self._tps.values())).values())
        state = state_loss(saved, self._settings.changelog, worked_off, ids)
        if state is not None:
            raise InputLost(self._of_state(state))
        checkpoint = Checkpoint() if saved is None else saved
        kept = {*self._tps, self._settings.changelog}
        told = {topic: one for topic, one in ids.items() if one and topic in kept}
        known = {**checkpoint.topic_ids, **told}
        places = self._tps.values()
        earliest = await consumer.earliest_offsets(*places)
        ends = await consumer.highwaters(*places)
        spans = {topic: (earliest[tp], ends[tp]) for topic, tp in self._tps.items()}
        lost = [self._of_input(loss) for loss in input_losses(checkpoint, spans, ids)]
        if lost:
            raise InputLost(f"{'; '.join(lost)}. Run {self._accept} to go on without them")
        starts = {topic: start for topic, (start, _) in spans.items()} | checkpoint.next_offsets
        new = saved is not None and known != saved.topic_ids
        for tp in places:
            self._unread.pop(tp, None)
        return Beginning(msgspec.structs.replace(checkpoint, topic_ids=known), starts, new)

    def _of_input(self, loss: Loss) -> str:
        topic, position = f"{loss.topic}[{self._number}]", loss.position
        if loss.was != loss.now:
            unread = self._unread.get(self._tps[loss.topic])
            count = "what it held" if unread is None else f"{unread} records that it held"
            return (
                f"{made_anew(topic, loss.was, loss.now)}: {count} from offset {position} on "
                f"is lost, and the {loss.end - loss.earliest} records of the new one wait"
            )
        if position < loss.earliest:
            return (
                f"{topic}: {loss.earliest - position} records from offset {position} "
                f"on were deleted by retention before they were read"
            )
        return (
            f"{topic}: offset {position} is to be read next, but it ends at "
            f"{loss.end}: it was deleted and made anew, or lost records"
        )

    def _of_state(self, loss: StateLoss) -> str:
        if loss.was != loss.now:
            return (
                f"{made_anew(loss.topic, loss.was, loss.now)} while a worker ran: it holds of "
                f"partition {self._number} only what was written since. Bring the former back, or "
                f"run {self._accept} to go on with that"
            )
        return (
            f"the state of partition {self._number} is lost: {loss.topic} holds "
            f"none, but the group had worked off {loss.worked_off} records, as after that topic "
            f"was deleted. Bring it back, or run {self._accept} to begin with no customers at the "
            f"positions of the group"
        )

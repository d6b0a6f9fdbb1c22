"""Comparing this machine's clock with the brokers': at the start, every minute, and in doubt.

A probe is an empty record to a topic that the brokers stamp (``LogAppendTime``); the answer bears
the stamp, so the offset is known to half of the round trip. Of each broker that leads a partition
of it the quickest of a few probes counts, and of several brokers the median: of two who differ,
whom this machine agrees with.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.engine.admin import plain
from streams.engine.client.producer import connect_calmly
from streams.engine.client.refusals import refusal
from streams.engine.clients import client_options
from streams.engine.clock import MS, SECOND, TOLD_SECONDS, UNFIT_SECONDS, WallClock
from streams.engine.observer import Observer
from streams.engine.permits import Permits
from streams.engine.routines import Beat, unheard
from streams.errors import WorkerFailed
from streams.settings import Settings

COMPARE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
"""How soon it is seen that somebody has set the clock, while nothing else is done."""
AGAIN_SECONDS: Final = 1.0
PROBES: Final = 4
"""Of each broker; the first one connects."""
ANSWER_SECONDS: Final = 5.0
OUTAGE_SECONDS: Final = 60.0
STAMPED: Final = 1
"""aiokafka's mark of a time that the broker gave."""

log = structlog.get_logger("touchline.clock")

Offsets = Mapping[int, float]
"""By broker, how far this machine is ahead of it, in seconds."""


class NoStamp(Exception):
    """A probe came back without the broker's time."""


class Comparing:
    """Compares one worker's clock for as long as it runs."""

    def __init__(
        self,
        settings: Settings,
        clock: WallClock,
        observer: Observer,
        permits: Permits | None = None,
    ) -> None:
        self._settings, self._clock, self._observer = settings, clock, observer
        self._permits = Permits(settings) if permits is None else permits
        self._denied = False
        self._unfit = False

    async def first(self) -> None:
        """Compare before anything is judged; an outage is waited out for a minute, a missing right
        for as long as it is missing.

        Raises WorkerFailed where it cannot be done.
        """
        until = time.monotonic() + OUTAGE_SECONDS
        while not await self.once():
            if time.monotonic() > until and not self._denied:
                raise WorkerFailed(self._clock.doubt or "")
            await asyncio.sleep(AGAIN_SECONDS)

    async def run(self, beat: Beat = unheard) -> None:
        """Compare every minute, and at once where the clock is in doubt, until cancelled."""
        clock, due = self._clock, time.monotonic() + COMPARE_SECONDS
        while True:
            beat()
            if clock.sure() and time.monotonic() < due:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await clock.doubted.wait()
                continue
            if clock.doubt is not None:
                log.warning("the clock is compared anew", why=clock.doubt)
            if await self.once():
                due = time.monotonic() + COMPARE_SECONDS
            else:
                await asyncio.sleep(AGAIN_SECONDS)

    async def once(self) -> bool:
        """Compare; whether there was an answer."""
        try:
            offsets = await measured(self._settings, self._clock)
        except (KafkaError, NoStamp, TimeoutError) as error:
            why = f"the brokers do not tell ({plain(error)})"
            self._denied = refusal(error) is not None
            if self._denied:
                why = f"the brokers may not be asked: {await self._permits.why(error)}"
            log.warning("the clock cannot be compared", why=why)
            self._clock.failed(why)
            self._observer.doubted()
            return False
        self._denied = False
        offset = agreed(offsets)
        self._clock.compared(offset)
        self._observer.clock_compared(offset)
        self._tell(offset, offsets)
        return True

    def _tell(self, offset: float, offsets: Offsets) -> None:
        shown = {str(broker): round(one, 3) for broker, one in sorted(offsets.items())}
        if max(offsets.values()) - min(offsets.values()) > TOLD_SECONDS:
            log.warning("the brokers' clocks differ", ahead_of=shown)
        unfit = abs(offset) > TOLD_SECONDS
        if unfit:
            tell = log.error if abs(offset) > UNFIT_SECONDS else log.warning
            tell(
                "this machine's clock differs from the brokers': set it right; theirs is gone by",
                ahead_seconds=round(offset, 3),
            )
        elif self._unfit:
            log.info("this machine's clock is right again", ahead_seconds=round(offset, 3))
        self._unfit = unfit


def agreed(offsets: Offsets) -> float:
    """The median over brokers; of an even number, with this machine's own clock as one more.

    >>> agreed({1: 7200.0}), agreed({1: 0.1, 2: 7200.0}), agreed({1: 0.1, 2: 0.2, 3: -7200.0})
    (7200.0, 0.1, 0.1)
    """
    own = [0.0] if len(offsets) % 2 == 0 else []
    return statistics.median([*offsets.values(), *own])


async def measured(settings: Settings, clock: WallClock) -> dict[int, float]:
    """How far this machine's clock is ahead of each broker that answers, in seconds.

    Raises TimeoutError, NoStamp or aiokafka's errors where none does.
    """
    topic = settings.clock_probes
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks=1,
        linger_ms=0,
        request_timeout_ms=int(ANSWER_SECONDS * 1_000),
        retry_backoff_ms=settings.kafka.retry_backoff_ms,
    )
    connect_calmly(producer)
    try:
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            await producer.start()
            numbers = sorted(await producer.partitions_for(topic))
        leaders: dict[int, int] = {}
        for number in numbers:
            leader = producer.client.cluster.leader_for_partition(TopicPartition(topic, number))
            if leader is not None and leader >= 0:
                leaders.setdefault(leader, number)
        asked = [_ask(producer, topic, number, clock) for number in leaders.values()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2.0):
                await producer.stop()
    found, errors = dict[int, float](), list[BaseException]()
    for leader, answer in zip(leaders, answers, strict=True):
        if isinstance(answer, BaseException):
            errors.append(answer)
        else:
            found[leader] = answer
    if not found:
        raise errors[0] if errors else NoStamp(f"no partition of {topic} has a leader")
    return found


async def _ask(producer: AIOKafkaProducer, topic: str, number: int, clock: WallClock) -> float:
    """The offset to one broker by its quickest answer; what the way may explain is none."""
    best = offset = float("inf")
    async with asyncio.timeout(ANSWER_SECONDS):
        for _ in range(PROBES):
            local, steady = clock.local(), clock.steady()
            answer = await producer.send_and_wait(topic, b"", partition=number)
            if answer.timestamp_type != STAMPED:
                raise NoStamp(f"{topic} must have message.timestamp.type=LogAppendTime")
            trip = clock.steady() - steady
            if trip < best:
                stamp = answer.timestamp * MS + MS // 2
                best, offset = trip, (local + trip / 2 - stamp) / SECOND
    return 0.0 if abs(offset) <= best / 2 / SECOND else offset

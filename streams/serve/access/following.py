"""Following the topic of who may come in: any number of replicas do, without a group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from schemas.errors import OperatingError
from streams.engine.admin import plain
from streams.engine.client.membership import known, position_of
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.serve.access.book import Book
from streams.serve.access.ending import unforeseen
from streams.serve.access.records import ACCESS_PARTITION
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of

POLL_MS: Final = 250
AGAIN_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 5.0
"""The end of the topic is looked at so often: one that was made anew is shorter than we are far."""

log = structlog.get_logger("touchline.access")


class MadeAnew(KafkaError):  # type: ignore[misc]
    """The topic ends before where we are: it is another one."""


class Following:
    """``book`` is what is known; ``None`` until the topic was read to its end once.

    While Kafka is away the last that was known goes on: nobody can be let in or shut out then.
    """

    def __init__(self, settings: Settings) -> None:
        self.book: Book | None = None
        self.position = 0
        self._settings = settings
        self._moved = asyncio.Event()
        self._made = False
        self._heard_at: float | None = None
        self._place = TopicPartition(settings.access_topic, ACCESS_PARTITION)

    def age_seconds(self) -> float | None:
        """How long ago the topic was last heard of; ``None``: never yet."""
        return None if self._heard_at is None else time.monotonic() - self._heard_at

    async def run(self) -> None:
        """Follow until cancelled; an outage of Kafka is waited out, and so is any fault."""
        while True:
            try:
                await self._make()
                await self._follow()
            except (KafkaError, TimeoutError, OperatingError) as error:
                log.warning("who may come in cannot be read", why=plain(error))
            except Exception as error:  # else who is shut out would go on coming in, unseen
                log.error("who may come in cannot be read", why=unforeseen(error))
            await asyncio.sleep(AGAIN_SECONDS)

    async def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until this holds of what was read; false where it does not within the time."""
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def _make(self) -> None:
        """Make the topics where they are missing; once is enough. Who may not needs not."""
        if self._made:
            return
        own = self._settings.access_topic, self._settings.audit_topic
        try:
            await asyncio.to_thread(ensure_topics_of, self._settings, only=own)
        except OperatingError as error:
            log.warning("topics of access cannot be compared or made", why=plain(error))
        else:
            self._made = True

    async def _follow(self) -> None:
        """Read a new book to the end, put it in the place of the former, and go on with it."""
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=POLL_MS,
        )
        try:
            await consumer.start()
            await known(consumer, self._place.topic)
            consumer.assign([self._place])
            begin = (await consumer.beginning_offsets([self._place]))[self._place]
            end = (await consumer.end_offsets([self._place]))[self._place]
            consumer.seek(self._place, begin)
            book, looked = Book(), time.monotonic()
            while True:
                check(consumer)
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                for record in fetched.get(self._place, ()):
                    book.take(record.key, record.value, record.offset)
                position = position_of(consumer, self._place) or begin
                if position >= end:
                    self._reached(book, position)
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    now = (await consumer.end_offsets([self._place]))[self._place]
                    if now < position:
                        raise MadeAnew(f"{self._place.topic} ends at {now}, we are at {position}")
        except OffsetOutOfRangeError as error:
            raise MadeAnew(f"{self._place.topic} was made anew") from error
        finally:
            await stop(consumer)

    def _reached(self, book: Book, position: int) -> None:
        self._heard_at = time.monotonic()
        if book is self.book and position == self.position:
            return
        self.book, self.position = book, position
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

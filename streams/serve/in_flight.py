"""Records on their way to Kafka: where each is kept, and what is said where they are not taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from streams.engine.client import routines
from streams.serve.problems import Problem


class ToSend(NamedTuple):
    """A record on its way in."""

    topic: str
    key: bytes
    value: bytes


class Place(NamedTuple):
    """Where Kafka keeps a record."""

    topic: str
    partition: int
    offset: int


class Flight:
    """Records of one request: ``landed`` has their places, or the first error of one.

    ``settled`` is told the size of each once Kafka has it or never will, whoever still waits.
    """

    def __init__(self, settled: Callable[[int], None], records: int) -> None:
        self._settled, self._left = settled, records
        self._places: list[Place | None] = [None] * records
        self.landed: asyncio.Future[list[Place]] = asyncio.get_running_loop().create_future()
        self.landed.add_done_callback(routines.looked_at)

    def add(self, future: asyncio.Future[RecordMetadata], place: int, size: int) -> None:
        """Wait for this one too."""

        def settled(future: asyncio.Future[RecordMetadata]) -> None:
            self._settled(size)
            error = KafkaError("cancelled") if future.cancelled() else future.exception()
            if error is None:
                kept: Any = future.result()
                self._places[place] = Place(kept.topic, kept.partition, kept.offset)
                self._left -= 1
            if self.landed.done():
                return
            if error is not None:
                self.landed.set_exception(error)
            elif not self._left:
                self.landed.set_result([one for one in self._places if one is not None])

        future.add_done_callback(settled)


def full() -> Problem:
    """More bytes are on their way than may be."""
    return Problem(
        429,
        "too_many_bytes",
        "Too many events are on their way",
        "Kafka has not acknowledged what was posted before; send this again in a second.",
        headers={"Retry-After": "1"},
    )


def away() -> Problem:
    """No broker answers in time."""
    return Problem(
        503,
        "kafka_away",
        "Kafka does not answer",
        "Some of these events may have been kept. Send all of them again, with the same ids.",
        headers={"Retry-After": "2"},
    )


def refusing(topics: set[str], seconds: float) -> Problem:
    """These topics may not be written to, or are not there; they are tried again after so long."""
    return Problem(
        503,
        "kafka_refuses",
        "Kafka does not take events of this type",
        f"{', '.join(sorted(topics))}: the topic is missing, or the right to write to it.",
        headers={"Retry-After": f"{seconds:.0f}"},
    )

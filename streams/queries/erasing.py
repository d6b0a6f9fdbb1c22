"""Asking for a customer's erasure: the request among the profiles, and what its worker says of it.

The request is an event like any other, so it is done exactly once, in its place among the
customer's events, by whichever worker has the partition.
"""

from __future__ import annotations

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import ValidationError

from schemas.codec import encode
from schemas.errors import OperatingError
from schemas.topics import CUSTOMER_TRANSITIONS, DEAD_LETTERS
from schemas.touchpoints import Profile
from streams.engine.clients import client_options
from streams.engine.placing import partition_of
from streams.settings import Settings

LOOK_MS: Final = 250


class NotErased(OperatingError):
    """The request was refused, or nobody has done it so far; the message says what to do."""


class Sent(NamedTuple):
    """A request as it lies in Kafka."""

    event: Profile
    partition: int
    offset: int


class Erased(NamedTuple):
    """A request, and the record of the worker that did it: a `customer-transitions` as JSON."""

    sent: Sent
    record: dict[str, Any]


def request(customer_id: str, at: datetime) -> Profile:
    """The event that erases all that occurred to a customer up to ``at``.

    Raises NotErased where this cannot be a customer's id.
    """
    try:
        return Profile(
            event_id=f"erase-{uuid.uuid4()}",
            customer_id=customer_id,
            occurred_at=at,
            channel="other",
            erase=True,
        )
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise NotErased(f"{customer_id!r} cannot be a customer_id: {why}") from None


async def send(settings: Settings, event: Profile, partitions: int) -> Sent:
    """Put the request where murmur2 places its customer, and wait until Kafka has it."""
    key = event.customer_id.encode()
    number = partition_of(key, partitions)
    async with _producer(settings) as producer:
        kept = await producer.send_and_wait(
            Profile.topic, key=key, value=encode(event), partition=number
        )
    return Sent(event, number, kept.offset)


async def send_and_follow(
    settings: Settings,
    event: Profile,
    partitions: int,
    seconds: float,
    on_sent: Callable[[Sent], object],
) -> Erased:
    """Send the request, and read on until the worker's record of it is committed.

    Raises NotErased where it was refused, or where no record came within ``seconds``.
    """
    number = partition_of(event.customer_id.encode(), partitions)
    places = [TopicPartition(topic, number) for topic in (CUSTOMER_TRANSITIONS, DEAD_LETTERS)]
    async with _consumer(settings, places) as consumer:
        sent = await send(settings, event, partitions)
        on_sent(sent)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            fetched = await consumer.getmany(timeout_ms=LOOK_MS)
            for place, records in fetched.items():
                for record in records:
                    told = _of_request(record.value, place.topic, event)
                    if told is not None:
                        return Erased(sent, told)
    raise NotErased(
        f"no worker has erased customer {event.customer_id} within {seconds:g} s: does one run?"
        f" `touchline doctor` tells. The request stays in {Profile.topic}, partition {number}, and"
        " is done as soon as a worker comes to it"
    )


def _of_request(value: bytes | None, topic: str, event: Profile) -> dict[str, Any] | None:
    """The worker's record of this request; raises NotErased where it is that of a refusal."""
    told: dict[str, Any] = msgspec.json.decode(value or b"{}")
    if told.get("customer_id") != event.customer_id:
        return None
    if topic == CUSTOMER_TRANSITIONS:
        erased = (told["dimension"], told["to_state"]) == ("customer", "erased")
        return told if erased and event.event_id in told.get("cause", ()) else None
    original = base64.b64decode(told.get("value") or "")
    if event.event_id.encode() in original:
        raise NotErased(f"the request was refused ({told['reason']}): {told['detail']}")
    return None


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await asyncio.shield(producer.stop())


@asynccontextmanager
async def _consumer(
    settings: Settings, places: list[TopicPartition]
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of these places from their ends on, of what is committed."""
    consumer = AIOKafkaConsumer(
        **client_options(settings), isolation_level="read_committed", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(places)
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, end)
        yield consumer
    finally:
        await asyncio.shield(consumer.stop())

"""A group consumer's place in its group and in its partitions."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError


def position_of(consumer: AIOKafkaConsumer, tp: tuple[str, int]) -> int | None:
    """The position of the next fetch; ``None`` while ``tp`` is not assigned or has none yet.

    aiokafka's own ``position`` waits until there is one.
    """
    subscription = consumer._subscription.subscription
    if subscription is None or subscription.assignment is None:
        return None
    state = subscription.assignment.state_value(tp)  # a topic and a number, equal as tuples
    if state is None or not state.has_valid_position:
        return None
    position: int = state.position
    return position


def raise_refusal(consumer: AIOKafkaConsumer) -> None:
    """Raise what the group's coordinator refused: else ``getmany`` alone does, and that waits for
    partitions."""
    try:
        consumer._coordinator.check_errors()
    except KafkaError as error:
        if is_refusal_in_words(error):
            raise TopicAuthorizationFailedError from error
        raise


def is_refusal_in_words(error: BaseException) -> bool:
    """Whether it is the refusal of a topic that aiokafka tells of as text alone.

    So it is where the group's offsets of a topic are looked up that may not be read.
    """
    return isinstance(error, KafkaError) and "TopicAuthorizationFailed" in str(error)


async def known(consumer: AIOKafkaConsumer, topic: str) -> None:
    """Wait until the partitions of a topic are known; raises where it may not be seen."""
    await consumer._client._wait_on_metadata(topic)


async def ask_anew(consumer: AIOKafkaConsumer) -> None:
    """Let topics be looked up again now: some were not to be seen before."""
    await consumer._client.force_metadata_update()


def rejoin(consumer: AIOKafkaConsumer) -> None:
    """Ask the group for a new assignment; aiokafka has no public way but to leave it."""
    consumer._coordinator.request_rejoin()

"""A group consumer's place in its group and in its partitions."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer


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
    consumer._coordinator.check_errors()


async def known(consumer: AIOKafkaConsumer, topic: str) -> None:
    """Wait until the partitions of a topic are known; raises where it may not be seen."""
    await consumer._client._wait_on_metadata(topic)


async def look_anew(consumer: AIOKafkaConsumer) -> None:
    """Let the consumer see now which topics there are: it asks the group anew where they differ."""
    await consumer._client.force_metadata_update()


def rejoin(consumer: AIOKafkaConsumer) -> None:
    """Ask the group for a new assignment; aiokafka has no public way but to leave it."""
    consumer._coordinator.request_rejoin()

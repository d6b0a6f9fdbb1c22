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


def rejoin(consumer: AIOKafkaConsumer) -> None:
    """Ask the group for a new assignment; aiokafka has no public way but to leave it."""
    consumer._coordinator.request_rejoin()

"""Which topics are followed, and what each is to the read model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    INPUT_TOPICS,
    PORTFOLIO,
    SEGMENT_MODEL,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.engine.client.topic_ids import Known
from streams.engine.models import MODEL_PARTITION

STREAMS: Final = (
    ALERTS,
    ALERT_STATES,
    SEGMENT_UPDATES,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    SIGNALS,
    DEAD_LETTERS,
)
"""Outputs of a partition that lie in the same partition: never behind its state."""

NEWEST: Final = (PORTFOLIO, SEGMENT_MODEL)
"""Of which the newest record of each key is kept."""

INPUTS: Final = INPUT_TOPICS
"""For timelines."""


class Places(NamedTuple):
    """What is followed: the topics that there are, of the partitions that are held."""

    changelog: str
    streams: tuple[str, ...]
    newest: tuple[TopicPartition, ...]
    inputs: tuple[str, ...]
    numbers: tuple[int, ...]
    ids: Mapping[str, bytes]

    @classmethod
    def of(cls, changelog: str, topics: Mapping[str, Known], numbers: tuple[int, ...]) -> Places:
        """Of these topics, as Kafka tells of them."""
        return cls(
            changelog,
            tuple(topic for topic in STREAMS if topic in topics),
            tuple(TopicPartition(topic, MODEL_PARTITION) for topic in NEWEST if topic in topics),
            tuple(topic for topic in INPUTS if topic in topics),
            numbers,
            {topic: known.id for topic, known in topics.items()},
        )

    def followed(self) -> list[TopicPartition]:
        """All but the inputs."""
        topics = (self.changelog, *self.streams)
        own = [TopicPartition(topic, number) for topic in topics for number in self.numbers]
        return [*own, *self.newest]


def wanted(changelog: str) -> tuple[str, ...]:
    """Every topic that would be followed."""
    return (changelog, *STREAMS, *NEWEST, *INPUTS)

"""What ``doctor`` asks of Kafka to know whether partitions have what they go on with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import CoordinatorNotAvailableError

from schemas.topics import SOURCE_TOPICS
from streams.engine.checkpoint import Checkpoint
from streams.engine.client.topic_ids import NO_ID
from streams.engine.lost import Loss, StateLoss, input_losses, state_loss
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Offsets:
    """Of the topics that are read: earliest, end of what is committed, and end of all."""

    earliest: dict[TopicPartition, int]
    stable: dict[TopicPartition, int]
    end: dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Signs:
    """Whether things are still the same: topics' ids, where Kafka tells them, and what the group
    has committed."""

    changelog: str
    ids: Mapping[str, bytes]
    committed: Mapping[TopicPartition, int]

    def positions(self, number: int) -> dict[str, int]:
        """The group's positions in one number."""
        return {
            place.topic: offset
            for place, offset in self.committed.items()
            if place.partition == number
        }


def signs(admin: KafkaAdminClient, settings: Settings, numbers: Sequence[int]) -> Signs:
    """The ids of all topics that are read, and what the group has committed in these numbers."""
    topics = [*SOURCE_TOPICS, settings.changelog]
    ids = {}
    for one in admin.describe_topics(topics):
        told = one.get("topic_id")
        if told is not None and (topic_id := uuid.UUID(str(told)).bytes) != NO_ID:
            ids[one["name"]] = topic_id
    places = [TopicPartition(topic, number) for topic in SOURCE_TOPICS for number in numbers]
    try:
        found = admin.list_group_offsets({settings.app_id: places})[settings.app_id]
    except CoordinatorNotAvailableError:  # no group has ever committed anything
        found = {}
    committed = {place: one.offset for place, one in found.items() if one.offset >= 0}
    return Signs(settings.changelog, ids, committed)


def losses(
    number: int, saved: Checkpoint | None, offsets: Offsets, signs: Signs
) -> tuple[Loss | StateLoss, ...]:
    """What of one number is not there; ``saved`` is its checkpoint, if it has one."""
    worked_off = sum(signs.positions(number).values())
    state = state_loss(saved, signs.changelog, worked_off, signs.ids)
    if saved is None:
        return () if state is None else (state,)
    spans = {}
    for topic in sorted(saved.next_offsets):
        place = TopicPartition(topic, number)
        if place in offsets.earliest:
            spans[topic] = offsets.earliest[place], offsets.end[place]
    found = input_losses(saved, spans, signs.ids)
    return tuple(found) if state is None else (state, *found)

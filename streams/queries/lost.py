"""What a partition was to go on with and is not there: input at its positions, or its state."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import CoordinatorNotAvailableError

from schemas.topics import SOURCE_TOPICS
from streams.engine.checkpoint import Checkpoint
from streams.engine.client.topic_ids import NO_ID
from streams.engine.inputs import made_anew
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


@dataclass(frozen=True, slots=True)
class Loss:
    """Input that is not there: ``position`` lies outside, or of a topic ``was`` that is no more.

    ``now`` is the id of the one that has its name.
    """

    topic: str
    position: int
    earliest: int
    end: int
    was: bytes = b""
    now: bytes = b""

    def __str__(self) -> str:
        if self.was != self.now:
            return (
                f"{made_anew(self.topic, self.was, self.now)}: what it held from offset "
                f"{self.position} on is lost, and the {self.end - self.earliest:,} records of the "
                f"new one wait"
            )
        if self.position < self.earliest:
            gone = self.earliest - self.position
            return f"{self.topic}: {gone:,} records from offset {self.position} on are deleted"
        return (
            f"{self.topic}: offset {self.position} lies behind the end ({self.end}), "
            f"as after the topic was deleted and made anew"
        )

    @property
    def after(self) -> str:
        """With what its partition goes on once this is accepted."""
        return f"{self.topic} from offset {self.earliest}"


@dataclass(frozen=True, slots=True)
class StateLoss:
    """State that is not there: the changelog holds none, or is another than it was (``was``).

    ``worked_off`` are the records of input that the group has committed.
    """

    topic: str
    worked_off: int
    was: bytes = b""
    now: bytes = b""

    def __str__(self) -> str:
        if self.was != self.now:
            return (
                f"{made_anew(self.topic, self.was, self.now)} while a worker ran: only what was "
                f"written since is there"
            )
        return (
            f"{self.topic} holds no state, but the group had worked off {self.worked_off:,} "
            f"records, as after that topic was deleted"
        )

    @property
    def after(self) -> str:
        """With what its partition goes on once this is accepted."""
        if self.was != self.now:
            return f"the state that {self.topic} holds now"
        return "no customers, at the positions of the group"


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
    changelog, committed = signs.changelog, sum(signs.positions(number).values())
    if saved is None:
        return (StateLoss(changelog, committed),) if committed else ()
    found: list[Loss | StateLoss] = []

    def ids(topic: str) -> tuple[bytes, bytes]:
        was, now = saved.topic_ids.get(topic), signs.ids.get(topic)
        return (was, now) if was and now else (b"", b"")

    was, now = ids(changelog)
    if was != now:
        found.append(StateLoss(changelog, committed, was, now))
    for topic, position in sorted(saved.next_offsets.items()):
        place = TopicPartition(topic, number)
        if place not in offsets.earliest:
            continue
        earliest, end = offsets.earliest[place], offsets.end[place]
        was, now = ids(topic)
        if was != now or not earliest <= position <= end:
            found.append(Loss(topic, position, earliest, end, was, now))
    return tuple(found)

"""The ids of topics: a topic that was deleted and made anew has another under the same name.

Kafka tells them from version 10 of Metadata on (Kafka 2.8); aiokafka asks up to version 5, so the
later form is written down here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError
from aiokafka.errors import for_code as error_of
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

METADATA: Final = 3
ID_BYTES: Final = 16
NO_ID: Final = bytes(ID_BYTES)
"""What a broker says of a topic that has none."""


class Known(NamedTuple):
    """A topic as a broker tells of it: its id, empty where there is none, and its partitions."""

    id: bytes
    partitions: frozenset[int]


class Uuid(AbstractType[bytes]):  # type: ignore[misc]
    """Sixteen bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """As it is."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """As it is."""
        return data.read(ID_BYTES)


class MetadataResponse(Response):  # type: ignore[misc]
    """Version 10."""

    API_KEY = METADATA
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class MetadataStruct(RequestStruct):  # type: ignore[misc]
    """Version 10."""

    API_KEY = METADATA
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class WhichTopics(Request[MetadataStruct]):  # type: ignore[misc]
    """Asks for topics by name, and makes none."""

    API_KEY = METADATA

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = sorted(topics)

    def build(self, request_struct_class: type[MetadataStruct]) -> MetadataStruct:
        """The request in the one version that there is."""
        named: list[tuple[bytes, str, dict[int, bytes]]] = [
            (NO_ID, topic, {}) for topic in self._topics
        ]
        return request_struct_class(named, False, False, False, {})


async def known_topics(
    consumer: AIOKafkaConsumer, topics: Iterable[str]
) -> Mapping[str, Known] | None:
    """Those of ``topics`` that there are; ``None`` where the broker tells no ids.

    Raises aiokafka's errors.
    """
    client: Any = consumer._client
    try:
        answer = await client.send(client.get_random_node(), WhichTopics(topics))
    except NotImplementedError:  # aiokafka's word for a version that the broker does not speak
        return None
    found: dict[str, Known] = {}
    for code, topic, topic_id, _, partitions, *_ in answer.topics:
        error = error_of(code)
        if code and error not in (UnknownTopicOrPartitionError, LeaderNotAvailableError):
            raise error(topic)
        if not code or partitions:
            numbers = frozenset(part[1] for part in partitions)
            found[topic] = Known(b"" if topic_id == NO_ID else topic_id, numbers)
    return found


async def had_committed(consumer: AIOKafkaConsumer, places: Iterable[Any]) -> Mapping[Any, int]:
    """Of these partitions, the offset that the consumer's group has committed, where it has."""
    coordinator: Any = consumer._coordinator
    found = await coordinator.fetch_committed_offsets(list(places))
    return {place: one.offset for place, one in found.items() if one.offset >= 0}

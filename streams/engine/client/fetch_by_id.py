"""Fetching by the ids of topics: whatever becomes of a name, no other topic's record is read.

A fetch by name is answered from any topic of that name: of one made anew under it too, from the
middle. From version 13 of Fetch on (Kafka 3.1) a fetch names topics by id, and a broker answers for
that very topic or says that there is none. aiokafka speaks up to version 11: the later form is
written down here, and its answer is told in the form of the former.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from streams.engine.client.topic_ids import Uuid

FETCH: Final = 1
BY_ID: Final = 13
UNKNOWN_ID: Final = frozenset((100, 103))
"""Kafka's errors UNKNOWN_TOPIC_ID and INCONSISTENT_TOPIC_ID, which aiokafka does not know."""
_NONE: Final = -1


class FetchResponse(Response):  # type: ignore[misc]
    """Version 13."""

    API_KEY = FETCH
    API_VERSION = BY_ID
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("session_id", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", Uuid),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("highwater_offset", Int64),
                        ("last_stable_offset", Int64),
                        ("log_start_offset", Int64),
                        (
                            "aborted_transactions",
                            CompactArray(
                                ("producer_id", Int64),
                                ("first_offset", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("preferred_read_replica", Int32),
                        ("records", CompactBytes),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class FetchStruct(RequestStruct):  # type: ignore[misc]
    """Version 13."""

    API_KEY = FETCH
    API_VERSION = BY_ID
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = FetchResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        ("max_wait_time", Int32),
        ("min_bytes", Int32),
        ("max_bytes", Int32),
        ("isolation_level", Int8),
        ("session_id", Int32),
        ("session_epoch", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", Uuid),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("fetch_offset", Int64),
                        ("last_fetched_epoch", Int32),
                        ("log_start_offset", Int64),
                        ("max_bytes", Int32),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        (
            "forgotten_topics_data",
            CompactArray(
                ("topic_id", Uuid), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        ("rack_id", CompactString("utf-8")),
        ("tags", TaggedFields),
    )


Ids = Mapping[TopicPartition, bytes]


def speaks_ids(versions: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a broker of these versions takes fetches by id."""
    lowest, highest = versions.get(FETCH, (0, 0))
    return lowest <= BY_ID <= highest


def wanted_by_id(
    named: Mapping[TopicPartition, tuple[int, int]], ids: Ids
) -> list[tuple[bytes, list[tuple[Any, ...]], dict[int, bytes]]]:
    """What of each topic is to be fetched: from which offset, and how much at most (bytes)."""
    by_id: defaultdict[bytes, list[tuple[Any, ...]]] = defaultdict(list)
    for tp, (offset, most) in named.items():
        by_id[ids[tp]].append((tp.partition, _NONE, offset, _NONE, _NONE, most, {}))
    return [(topic_id, parts, {}) for topic_id, parts in by_id.items()]


def forgotten_by_id(
    left: Iterable[TopicPartition], ids: Ids
) -> list[tuple[bytes, list[int], dict[int, bytes]]]:
    """What is no longer wanted."""
    by_id: defaultdict[bytes, list[int]] = defaultdict(list)
    for tp in left:
        by_id[ids[tp]].append(tp.partition)
    return [(topic_id, parts, {}) for topic_id, parts in by_id.items()]


def name_topics(response: Any, ids: Ids) -> None:
    """Tell an answer by name, as one of version 11 does; of an unknown id, as of an unknown topic.

    What it says of partitions that have no id here (any more) is left out.
    """
    if not response.topics:
        return
    names = {topic_id: tp.topic for tp, topic_id in ids.items()}
    topics = []
    for topic_id, parts, _ in response.topics:
        name = names.get(topic_id)
        if name is None:
            continue
        told = []
        for number, code, high, stable, start, aborted, replica, records, _ in parts:
            if ids.get(TopicPartition(name, number)) != topic_id:
                continue
            error = UnknownTopicOrPartitionError.errno if code in UNKNOWN_ID else code
            ended = [(producer, first) for producer, first, _ in aborted or ()]
            told.append((number, error, high, stable, start, ended, replica, records or b""))
        topics.append((name, told))
    response.topics = topics

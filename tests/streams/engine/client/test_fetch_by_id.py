"""An answer by id is told by name: of the topics asked for, and of no other of that name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.engine.client.fetch_by_id import FetchStruct, name_topics, speaks_ids, wanted_by_id

OLD, NEW, ELSE = b"o" * 16, b"n" * 16, b"e" * 16
A0, A1, B0 = TopicPartition("a", 0), TopicPartition("a", 1), TopicPartition("b", 0)


def part(number: int, error: int = 0, records: bytes | None = b"r") -> tuple[Any, ...]:
    return (number, error, 9, 8, 0, [(5, 3, {})], -1, records, {})


def test_two_topics_of_one_name_are_asked_for_and_told_apart() -> None:
    ids = {A0: OLD, A1: NEW, B0: ELSE}
    asked = wanted_by_id({A0: (7, 100), A1: (0, 100), B0: (1, 50)}, ids)
    assert [(topic_id, [each[0] for each in parts]) for topic_id, parts, _ in asked] == [
        (OLD, [0]),
        (NEW, [1]),
        (ELSE, [0]),
    ]
    topics: list[Any] = [(OLD, [part(0), part(1)], {}), (NEW, [part(0), part(1, records=None)], {})]
    answer = SimpleNamespace(topics=topics)
    name_topics(answer, ids)
    assert answer.topics == [
        ("a", [(0, 0, 9, 8, 0, [(5, 3)], -1, b"r")]),
        ("a", [(1, 0, 9, 8, 0, [(5, 3)], -1, b"")]),
    ]


def test_an_unknown_id_is_told_as_an_unknown_topic() -> None:
    answer = SimpleNamespace(topics=[(OLD, [part(0, error=100)], {}), (b"x" * 16, [part(0)], {})])
    name_topics(answer, {A0: OLD})
    [(topic, [told])] = answer.topics
    assert (topic, told[0], told[1]) == ("a", 0, 3)


def test_only_brokers_that_take_them_are_asked_so() -> None:
    assert speaks_ids({1: (4, 17)})
    assert not speaks_ids({1: (0, 12)})
    assert not speaks_ids({})


def test_the_request_is_of_the_bytes_that_kafka_documents() -> None:
    wanted = wanted_by_id({A0: (7, 100)}, {A0: OLD})
    request = FetchStruct(-1, 500, 1, 1000, 1, 3, 4, wanted, [], "", {})
    none = b"\xff" * 4
    assert request.encode() == (
        none + (500).to_bytes(4, "big") + (1).to_bytes(4, "big") + (1000).to_bytes(4, "big")
        + b"\x01" + (3).to_bytes(4, "big") + (4).to_bytes(4, "big")
        + b"\x02" + OLD + b"\x02"
        + (0).to_bytes(4, "big") + none + (7).to_bytes(8, "big") + none + none * 2
        + (100).to_bytes(4, "big") + b"\x00" + b"\x00"
        + b"\x01" + b"\x01" + b"\x00"
    )  # fmt: skip

"""Rights in Kafka: which a login has not, and the line of `kafka-acls` that gives them.

What Kafka's errors say is a topic's or a group's name, never the operation, and one of several. So
after a refusal the broker is asked of every right that is needed; of nothing else does it tell
whole. Nothing is changed by asking.
"""

from __future__ import annotations

import asyncio
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final, Literal, NamedTuple

from schemas.topics import (
    INPUT_TOPICS,
    OUTPUT_TOPICS,
    PARTITION_SUMMARIES,
    PORTFOLIO,
    READ_BACK_TOPICS,
    SEGMENT_MODEL,
)
from streams.engine.admin import open_admin
from streams.engine.client.refusals import refused
from streams.engine.clients import blocking_client_options, client_options
from streams.settings import Settings

Kind = Literal["topic", "group", "transactional-id"]
Operation = Literal["Read", "Write", "Describe", "DescribeConfigs", "Create"]

MODELS: Final = "segments"
"""The transactional id of who makes the models ends so."""
_ANSWER_MS: Final = 5_000
_DENIED: Final = 29
"""Kafka's code where not even a topic's being there may be told."""


class Right(NamedTuple):
    """An operation on a topic, a group or a transactional id, as `kafka-acls` names it."""

    kind: Kind
    name: str
    operation: Operation


def of_topics(operation: Operation, *topics: str) -> Iterator[Right]:
    """The right of this operation on each topic."""
    for topic in topics:
        yield Right("topic", topic, operation)


def of_partitions(settings: Settings) -> Iterator[Right]:
    """The right to write as the worker of each partition."""
    for number in range(settings.partitions):
        yield Right("transactional-id", f"{settings.app_id}-{number}", "Write")


def of_engine(settings: Settings) -> tuple[Right, ...]:
    """What a worker cannot do its work without; each implies to see what it is about."""
    app = settings.app_id
    changelog, models = settings.changelog, (PARTITION_SUMMARIES, SEGMENT_MODEL, PORTFOLIO)
    return (
        *of_topics("Read", *INPUT_TOPICS, *READ_BACK_TOPICS, *models, changelog),
        *of_topics("Write", *OUTPUT_TOPICS, changelog, settings.clock_probes),
        Right("group", app, "Read"),
        *of_partitions(settings),
        Right("transactional-id", f"{app}-{MODELS}", "Write"),
    )


def principal(settings: Settings) -> str:
    """Who Kafka takes us for, as far as the settings tell."""
    kafka = settings.kafka
    if kafka.security_protocol.startswith("SASL"):
        if kafka.sasl_mechanism == "OAUTHBEARER":
            return "User:SUBJECT-OF-THE-TOKEN"
        return f"User:{kafka.sasl_username}"
    if kafka.security_protocol == "SSL" and kafka.ssl_certfile is not None:
        return "User:SUBJECT-OF-THE-CERTIFICATE"
    return "User:ANONYMOUS"


def acl_lines(rights: Iterable[Right], principals: Sequence[str], bootstrap: str) -> list[str]:
    """Commands that give these rights: one for all that is alike in kind and operations."""
    of_resource: defaultdict[tuple[Kind, str], set[Operation]] = defaultdict(set)
    for right in rights:
        of_resource[right.kind, right.name].add(right.operation)
    alike: defaultdict[tuple[Kind, tuple[Operation, ...]], list[str]] = defaultdict(list)
    for (kind, name), allowed in of_resource.items():
        alike[kind, tuple(sorted(allowed))].append(name)
    lines = []
    for (kind, listed), names in alike.items():
        words = ["kafka-acls", "--bootstrap-server", bootstrap, "--add"]
        for one in principals:
            words += ["--allow-principal", one]
        for operation in listed:
            words += ["--operation", operation]
        for name in names:
            words += [f"--{kind}", name]
        lines.append(shlex.join(words))
    return lines


def sentences(settings: Settings, lacking: Iterable[Right]) -> list[str]:
    """Who lacks what on which resource, and the line that mends it; one each that is alike."""
    who, where = principal(settings), settings.kafka.bootstrap or "HOST:9092"
    alike: defaultdict[tuple[Kind, Operation], list[Right]] = defaultdict(list)
    for right in lacking:
        alike[right.kind, right.operation].append(right)
    told = []
    for (kind, operation), rights in alike.items():
        names = ", ".join(right.name for right in rights)
        [line] = acl_lines(rights, [who], where)
        told.append(f"{who} lacks {operation} on {kind.replace('-', ' ')} {names}: {line}")
    return told


async def lacking(settings: Settings, rights: Sequence[Right]) -> tuple[Right, ...]:
    """Which of these rights our login has not, by asking the broker; in their order.

    Of a topic that is not there nothing is said. Raises ClusterError or errors of aiokafka and
    kafka-python without an answer, TimeoutError.
    """
    topics = list(dict.fromkeys(right.name for right in rights if right.kind == "topic"))
    allowed = await asyncio.to_thread(allowed_on, settings, topics) if topics else {}
    others = [right for right in rights if right.kind != "topic"]
    answers = await refused(client_options(settings), others) if others else []
    denied = {right for right, no in zip(others, answers, strict=True) if no}

    def has(right: Right) -> bool:
        if right.kind != "topic":
            return right not in denied
        found = allowed.get(right.name)
        return found is None or right.operation in found

    return tuple(right for right in rights if not has(right))


def allowed_on(settings: Settings, topics: Sequence[str]) -> dict[str, frozenset[str] | None]:
    """What we may do with each topic; ``None`` where it is not there. Blocks."""
    with closing(open_admin(blocking_client_options(settings), _ANSWER_MS)) as admin:
        return {one["name"]: operations(one) for one in admin.describe_topics(list(topics))}


def operations(described: Mapping[str, Any]) -> frozenset[str] | None:
    """The operations allowed on a topic as kafka-python describes it; ``None``: not known.

    Of one that may not be seen it is not known whether its settings may be, or it may be made.
    """
    if described["error_code"] == _DENIED:
        return frozenset(("DescribeConfigs", "Create"))
    found = described.get("authorized_operations")
    if described["error_code"] or found is None:
        return None
    return frozenset("".join(word.capitalize() for word in name.split("_")) for name in found)

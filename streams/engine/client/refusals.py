"""What Kafka refuses: which errors say so, and whether a group and transactional ids may be used.

That is asked with requests that change nothing. Kafka judges rights before anything else: a
heartbeat of nobody, and the end of a transaction of no producer, are answered by what is wrong with
them where they are allowed, else by the refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    NodeNotReadyError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.transaction import EndTxnRequest
from kafka.errors import AuthorizationError
from kafka.errors import UnknownTopicOrPartitionError as BlockingUnknownTopicError

ANSWER_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.1
_NOBODY: Final = -1
_KINDS: Final = {"group": CoordinationType.GROUP, "transactional-id": CoordinationType.TRANSACTION}
_OF_COORDINATORS: Final = (GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)
_REFUSALS: Final = (
    AuthorizationError,
    ClusterAuthorizationFailedError,
    TopicAuthorizationFailedError,
    *_OF_COORDINATORS,
)
_IN_WORDS: Final = "TopicAuthorizationFailed"
"""aiokafka tells so, as text alone, that the group's offsets of a topic may not be looked up."""


def refusal(error: BaseException | None) -> BaseException | None:
    """The refusal of a right that an error is or came of, or ``None``."""
    return next((one for one in _chain(error) if _refuses(one)), None)


def unseen(error: BaseException | None) -> bool:
    """Whether an error came of a topic that is not known: it may be there and not to be seen."""
    unknown = UnknownTopicOrPartitionError, BlockingUnknownTopicError
    return any(isinstance(one, unknown) for one in _chain(error))


def _refuses(error: BaseException) -> bool:
    in_words = isinstance(error, KafkaError) and _IN_WORDS in str(error)
    return in_words or isinstance(error, _REFUSALS)


def _chain(error: BaseException | None) -> list[BaseException]:
    """An error and what it came of."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


async def refused(options: Mapping[str, Any], asked: Sequence[tuple[str, str, str]]) -> list[bool]:
    """Whether we may not do each of these: kind, name and operation as `kafka-acls` has them.

    To Describe is to look up; more is told of Read of a group, Write of a transactional id alone.
    Raises aiokafka's errors and TimeoutError without an answer.
    """
    client = AIOKafkaClient(**options)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.bootstrap()
            return [await _denied(client, *each) for each in asked]
    finally:
        await client.close()


async def _denied(client: AIOKafkaClient, kind: str, name: str, operation: str) -> bool:
    coordinator, request = _KINDS[kind], _request(kind, name)
    while True:
        try:
            node = await client.coordinator_lookup(coordinator, name)
            if operation == "Describe":
                return False
            if not await client.ready(node, group=ConnectionGroup.COORDINATION):
                raise NodeNotReadyError(f"the coordinator of {name} does not answer")
            answer = await client.send(node, request, group=ConnectionGroup.COORDINATION)
        except _OF_COORDINATORS:
            return True
        except KafkaError as error:
            if not error.retriable:
                raise
        else:
            code: type[KafkaError] = for_code(answer.error_code)
            if not code.retriable:
                return issubclass(code, _OF_COORDINATORS)
        await asyncio.sleep(AGAIN_SECONDS)  # as where the coordinator's own topic is being made


def _request(kind: str, name: str) -> Any:
    if kind == "group":
        return HeartbeatRequest(name, _NOBODY, "nobody")
    return EndTxnRequest(name, _NOBODY, _NOBODY, False)

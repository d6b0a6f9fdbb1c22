"""Whether a group and transactional ids may be used: asked with requests that change nothing.

Kafka judges rights before anything else. So a heartbeat of nobody, and the end of a transaction of
no producer, are answered by what is wrong with them where they are allowed, else by the refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    NodeNotReadyError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.transaction import EndTxnRequest

ANSWER_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.1
_NOBODY: Final = -1
_KINDS: Final = {"group": CoordinationType.GROUP, "transactional-id": CoordinationType.TRANSACTION}
_REFUSALS: Final = (GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)


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
        except _REFUSALS:
            return True
        except KafkaError as error:
            if not error.retriable:
                raise
        else:
            code: type[KafkaError] = for_code(answer.error_code)
            if not code.retriable:
                return issubclass(code, _REFUSALS)
        await asyncio.sleep(AGAIN_SECONDS)  # as where the coordinator's own topic is being made


def _request(kind: str, name: str) -> Any:
    if kind == "group":
        return HeartbeatRequest(name, _NOBODY, "nobody")
    return EndTxnRequest(name, _NOBODY, _NOBODY, False)

"""Short-lived clients for commands; Kafka's own errors become one line that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiokafka.errors import KafkaError as AsyncKafkaError
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from streams.engine.admin import open_admin, plain
from streams.engine.clients import blocking_client_options
from streams.engine.reaching.look import cause
from streams.errors import ClusterError
from streams.settings import Settings

ANSWER_MS = 5_000

_Result = TypeVar("_Result")


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client; raises :class:`ClusterError` when Kafka does not answer or refuses."""
    options = blocking_client_options(settings)
    client = open_admin(options, ANSWER_MS)
    try:
        yield client
    except KafkaError as error:
        raise cause(options, error, plain(error)) from error
    finally:
        client.close()


def partition_count(client: KafkaAdminClient, topic: str) -> int:
    """How many partitions a topic has; raises :class:`ClusterError` where there is no topic."""
    try:
        described = client.describe_topics([topic])
    except UnknownTopicOrPartitionError:
        described = []
    if described and described[0]["error_code"] == TopicAuthorizationFailedError.errno:
        raise TopicAuthorizationFailedError(topic)
    partitions = described[0]["partitions"] if described else []
    if not partitions:
        raise ClusterError(f"there is no topic {topic}: make the topics with `touchline topics`")
    return len(partitions)


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run asynchronous work of a command; raises :class:`ClusterError` for Kafka's errors."""
    try:
        return asyncio.run(work)
    except AsyncKafkaError as error:
        raise ClusterError(f"Kafka: {plain(error)}") from error
    except TimeoutError as error:
        raise ClusterError("Kafka does not answer in time: see its log, and try again") from error

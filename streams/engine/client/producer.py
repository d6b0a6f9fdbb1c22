"""What goes on within a producer: why it ended, how often it connects, its end without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.protocol.metadata import MetadataRequest

from streams.engine.client.routines import looked_at

CONNECT_SECONDS = 0.25
CLOSE_SECONDS = 5.0


def sending_error(producer: AIOKafkaProducer) -> BaseException | None:
    """What ended the producer's sending task, or spoilt its transaction.

    It is the true cause of errors that follow from it: of a transaction in which something was
    refused, aiokafka says that it is none ("Can't send messages while not in transaction").
    """
    task = producer._sender.sender_task
    if task is not None and task.done() and not task.cancelled() and task.exception() is not None:
        ended: BaseException = task.exception()
        return ended
    spoilt = producer._txn_manager and producer._txn_manager.wait_for_transaction_end()
    if spoilt is None or not spoilt.done() or spoilt.cancelled():
        return None
    error: BaseException | None = spoilt.exception()
    return error


def connect_calmly(producer: AIOKafkaProducer) -> None:
    """Wait a little after each connection that failed.

    aiokafka tries again after ``retry_backoff_ms``: over all partitions of a worker that is
    thousands of times a second, just while a broker on its way back needs the processor.
    """
    client = producer.client
    connect = client._get_conn

    async def calm(*args: Any, **options: Any) -> Any:
        connection = await connect(*args, **options)
        if connection is None:
            await asyncio.sleep(CONNECT_SECONDS)
        return connection

    client._get_conn = calm


async def answers_for(producer: AIOKafkaProducer, topics: Collection[str]) -> dict[str, int]:
    """Kafka's error code for each topic, 0 where it may be written to; makes none of them.

    aiokafka itself lets a broker that may make what it is asked for. Raises KafkaError.
    """
    client = producer.client
    request = MetadataRequest(list(topics), allow_auto_topic_creation=False)
    answer = await client.send(client.get_random_node(), request)
    return {entry[1]: entry[0] for entry in answer.topics}


async def abandon(producer: AIOKafkaProducer, error: Exception) -> None:
    """End a producer at once; whoever waits for something in it gets the error.

    What was sent and is not acknowledged may be in Kafka or not.
    """
    accumulator = producer._message_accumulator
    waiting = [batch for batches in accumulator._batches.values() for batch in batches]
    accumulator.fail_all(error)
    for batch in waiting:
        looked_at(batch._drain_waiter)
    producer._closed = True
    task = producer._sender.sender_task
    if task is not None:
        task.remove_done_callback(producer._sender._fail_all)  # it wants a transaction to be open
        task.cancel()
        task.add_done_callback(looked_at)
    closing = asyncio.create_task(producer.client.close())
    closing.add_done_callback(looked_at)
    await asyncio.wait((closing,), timeout=CLOSE_SECONDS)

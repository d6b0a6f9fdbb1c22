"""What goes on within a transactional producer: why it ended, and how often it connects."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer

CONNECT_SECONDS = 0.25


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

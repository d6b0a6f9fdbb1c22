"""What is written to a connection that was just closed, on the worker's own event loop."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from streams.cluster.broker import LocalBroker
from streams.engine.clients import client_options
from streams.settings import Settings


def test_a_connection_that_was_just_closed_breaks_and_the_next_one_answers(
    broker: LocalBroker,
) -> None:
    settings = Settings()
    settings.kafka.bootstrap = broker.bootstrap

    async def run() -> int:
        client = AIOKafkaClient(**client_options(settings))
        await client.bootstrap()
        try:
            node = client.get_random_node()
            assert await client.ready(node)
            [connection] = [one for (which, _), one in client._conns.items() if which == node]
            connection._writer.transport.abort()  # as by the broker's end
            await asyncio.sleep(0)  # now it is closed, and who reads from it has not heard so
            with pytest.raises(KafkaConnectionError, match="broken"):
                connection.send(MetadataRequest([]))
            assert not connection.connected()
            assert await client.ready(node)
            return len((await client.send(node, MetadataRequest([]))).brokers)
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == 1

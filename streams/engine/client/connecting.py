"""Fewer and cheaper connections: what one client found out, the next need not ask again.

A connection with TLS and a login costs ten times one in plain text, most of it in the broker. A
worker opens one producer a partition, and each of aiokafka's begins with three connections to one
broker: to be told who the brokers are, for the coordinator, and for the rest.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.conn import ScramAuthenticator

KNOWN_SECONDS = 2.0
"""How long a broker that was there may take to answer, before the bootstrap addresses are asked."""


class KnownBrokers:
    """The brokers that one producer was told of; another begins with one of them.

    Where that does not answer, it begins with the bootstrap addresses as ever, and raises as ever.
    """

    def __init__(self) -> None:
        self._brokers: dict[Any, Any] = {}

    def begin_with(self, producer: AIOKafkaProducer) -> None:
        """Before its start."""
        client = producer.client
        bootstrap = client.bootstrap

        async def begin() -> None:
            if not await self._begun(client):
                self._brokers = {}
                await bootstrap()
                self._brokers = dict(client.cluster._brokers)

        client.bootstrap = begin

    async def _begun(self, client: Any) -> bool:
        if not self._brokers:
            return False
        client.cluster._brokers = dict(self._brokers)
        try:
            async with asyncio.timeout(KNOWN_SECONDS):
                connection = await client._get_conn(client.get_random_node())
        except TimeoutError:
            connection = None
        if connection is None:
            return False
        client._sync_task = asyncio.create_task(client._md_synchronizer())
        return True


def connect_once(producer: AIOKafkaProducer) -> None:
    """One connection to each broker: a transaction's requests wait for each other anyway."""
    client = producer.client
    send, ready = client.send, client.ready

    async def send_by_it(node_id: int, request: Any, **_: Any) -> Any:
        return await send(node_id, request)

    async def ready_by_it(node_id: int, **_: Any) -> Any:
        return await ready(node_id)

    client.send, client.ready = send_by_it, ready_by_it


def log_in_quickly() -> None:
    """Salt a password of SCRAM once, not at every login: 4,096 rounds or more take 3 to 10 ms.

    RFC 5802 (5.1) allows it. A new password or salt is salted anew.
    """
    ScramAuthenticator.create_salted_password = _create_salted_password


def _create_salted_password(self: Any, salt: bytes, iterations: int) -> None:
    password = self._sasl_plain_password
    self._salted_password = _salted(self._hashname, password, salt, iterations)


_salted = functools.lru_cache(maxsize=4)(hashlib.pbkdf2_hmac)

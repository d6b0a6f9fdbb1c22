"""What one client found out, the next need not ask again; what is wrong by now is asked anew."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from aiokafka.conn import AIOKafkaConnection, ScramAuthenticator
from aiokafka.structs import BrokerMetadata
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from streams.cluster.broker import LocalBroker
from streams.cluster.ports import free_ports
from streams.engine.client.connecting import KnownBrokers, log_in_quickly
from streams.engine.openings import Openings
from streams.engine.transaction import TransactionalProducer
from streams.settings import KafkaSettings, Settings

PARTITIONS = 4
_numbers = itertools.count()


@pytest.fixture
def settings(broker: LocalBroker) -> Settings:
    app_id = f"connecting-{next(_numbers)}"
    made = Settings(app_id=app_id, kafka=KafkaSettings(bootstrap=broker.bootstrap))
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    compacted = {"cleanup.policy": "compact"}
    admin.create_topics([NewTopic(made.changelog, PARTITIONS, 1, topic_configs=compacted)])
    admin.close()
    return made


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The ports that were connected to."""
    ports: list[int] = []
    connect = AIOKafkaConnection.connect

    async def noted(self: AIOKafkaConnection) -> object:
        ports.append(self.port)
        return await connect(self)

    monkeypatch.setattr(AIOKafkaConnection, "connect", noted)
    yield ports


async def opened_and_used(settings: Settings, number: int, known: KnownBrokers) -> None:
    producer = TransactionalProducer(settings, number, known=known)
    await producer.open()
    log = settings.changelog
    await producer.publish({log: [(b"k", b"v")]}, {log: 1}, settings.app_id)
    await producer.close()


@pytest.mark.live
async def test_each_further_producer_takes_one_connection(
    settings: Settings, connected: list[int]
) -> None:
    known = KnownBrokers()
    await opened_and_used(settings, 0, known)
    assert len(connected) == 2
    await opened_and_used(settings, 1, known)
    await opened_and_used(settings, 2, known)
    assert len(connected) == 4


@pytest.mark.live
async def test_brokers_that_are_gone_are_asked_for_anew(settings: Settings) -> None:
    known = KnownBrokers()
    [nowhere] = free_ports(1)
    known._brokers = {1: BrokerMetadata(1, "127.0.0.1", nowhere, None)}
    await opened_and_used(settings, 0, known)
    assert all(one.port != nowhere for one in known._brokers.values())


@pytest.mark.live
async def test_a_reader_restores_one_partition_after_another(
    settings: Settings, connected: list[int]
) -> None:
    known = KnownBrokers()
    for number in range(PARTITIONS):
        await opened_and_used(settings, number, known)
    connected.clear()
    openings = Openings(settings)
    for number in range(PARTITIONS):
        restored = await openings.restore(number)
        assert restored.store.records == {b"k": b"v"}
        assert restored.records == 1
    assert len(connected) == 2  # to be told of the brokers, and to read
    await openings.close()


def test_a_salted_password_is_kept_and_right() -> None:
    """The exchange of RFC 7677, twice; another password gives another proof."""
    log_in_quickly()
    assert [proof("pencil") for _ in range(2)] == [
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    ] * 2
    assert proof("pen") != proof("pencil")


def proof(password: str) -> str:
    login = ScramAuthenticator(
        loop=None,
        sasl_plain_password=password,
        sasl_plain_username="user",
        sasl_mechanism="SCRAM-SHA-256",
    )
    login._nonce = "rOprNGfwEbeRWgbNEkqO"
    login.first_message()
    login.process_server_first_message(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    found: str = login.final_message().rpartition("p=")[2]
    return found

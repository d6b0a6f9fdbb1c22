"""The local broker: it is a real one, it comes back, and nothing of it stays behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from streams.cluster import ports
from streams.cluster.broker import LocalBroker
from streams.cluster.errors import BrokerError

pytestmark = pytest.mark.live

HOLD = """
import sys, time
from streams.cluster.broker import LocalBroker
broker = LocalBroker()
broker.start()
print(broker.pid, broker.bootstrap, broker.home.root, flush=True)
time.sleep(600)
"""
RUN = "from streams.cluster.run import run_broker; run_broker()"


def make_topic(broker: LocalBroker, name: str) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        layout = {"num_partitions": 1, "replication_factor": 1}
        admin.create_topics({name: layout}, wait_for_metadata=True)


async def send(broker: LocalBroker, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read(broker: LocalBroker, topic: str, count: int) -> list[bytes]:
    """The first `count` committed records, and any that come within half a second more."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    got: list[bytes] = []
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                got += [record.value for record in records]
            if len(got) >= count:
                deadline = min(deadline, time.monotonic() + 0.5)
    finally:
        await consumer.stop()
    return got


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def mentions(root: Path) -> list[int]:
    """Processes whose command line names this directory: the JVM and its watchdog."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(root) in " ".join(process.info["cmdline"] or []):
            found.append(process.pid)
    return found


async def test_committed_transactions_are_read_and_aborted_ones_are_not(
    broker: LocalBroker,
) -> None:
    make_topic(broker, "broker-transactions")
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id="broker-t")
    await producer.start()
    try:
        for value, commit in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
            await producer.begin_transaction()
            await producer.send_and_wait("broker-transactions", value)
            if commit:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
    finally:
        await producer.stop()
    assert await read(broker, "broker-transactions", 2) == [b"kept", b"kept too"]


def test_a_producer_does_not_make_topics(broker: LocalBroker) -> None:
    with (
        closing(KafkaProducer(bootstrap_servers=broker.bootstrap, max_block_ms=2_000)) as producer,
        pytest.raises(KafkaError),
    ):
        producer.send("broker-misspelt", b"x").get(5)
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        assert "broker-misspelt" not in admin.list_topics()


async def test_a_stopped_broker_leaves_nothing_and_comes_back_with_its_data() -> None:
    broker = LocalBroker()
    await asyncio.to_thread(broker.start)
    address, root, jvm = broker.bootstrap, broker.home.root, broker.pid
    assert jvm is not None
    port = int(address.rpartition(":")[2])
    make_topic(broker, "t")
    await send(broker, "t", b"first")

    await asyncio.to_thread(broker.stop)
    assert gone(jvm)
    assert mentions(root) == []
    assert ports.is_free(port)
    assert not ports.answers(port)

    assert await asyncio.to_thread(broker.restart) == address
    await send(broker, "t", b"second")
    await asyncio.to_thread(broker.kill)
    assert mentions(root) == []

    assert await asyncio.to_thread(broker.restart) == address
    assert await read(broker, "t", 2) == [b"first", b"second"]
    await asyncio.to_thread(broker.close)
    assert mentions(root) == []
    assert not root.exists()


async def test_a_given_directory_and_port_are_used_and_kept(tmp_path: Path) -> None:
    (port,) = ports.free_ports(1)
    with LocalBroker(tmp_path / "kafka", port) as broker:
        assert broker.bootstrap == f"127.0.0.1:{port}"
        make_topic(broker, "t")
        await send(broker, "t", b"kept")
    assert (tmp_path / "kafka" / "data" / "t-0").is_dir()
    with LocalBroker(tmp_path / "kafka", port) as broker:
        assert await read(broker, "t", 1) == [b"kept"]


def test_no_broker_outlives_a_parent_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        jvm, address, root = parent.stdout.readline().split()
        assert psutil.pid_exists(int(jvm))
        assert len(mentions(Path(root))) == 2, "the JVM and its watchdog"
        parent.kill()
    assert wait_until(lambda: gone(int(jvm)))
    assert wait_until(lambda: not Path(root).exists())
    assert wait_until(lambda: mentions(Path(root)) == [])
    assert ports.is_free(int(address.rpartition(":")[2]))


def test_a_broker_outlives_the_thread_that_started_it() -> None:
    broker = LocalBroker()
    starter = threading.Thread(target=broker.start)
    starter.start()
    starter.join()
    try:
        time.sleep(1.0)
        assert broker.running
    finally:
        broker.close()


def test_ctrl_c_in_the_terminal_ends_touchline_kafka_with_a_clean_stop() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, process_group=0
    ) as command:
        assert command.stdout is not None
        said = [command.stdout.readline() for _ in range(3)]
        address = said[2].strip().removeprefix("export TOUCHLINE_KAFKA__BOOTSTRAP=")
        root = Path(said[1].removeprefix("data in ").partition("/data,")[0])
        assert ports.answers(int(address.rpartition(":")[2]))
        os.killpg(command.pid, signal.SIGINT)
        assert command.stdout.read() == "Stopping Kafka\n"
        assert command.wait(30) == 0
    assert not root.exists()
    assert mentions(root) == []
    assert ports.is_free(int(address.rpartition(":")[2]))


def test_a_taken_port_is_said_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        broker = LocalBroker(port=port)
        with pytest.raises(BrokerError, match=f"port {port} is taken"):
            broker.start()
        broker.close()
    assert not broker.running


def test_a_port_lost_between_choice_and_start_is_chosen_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, 0))
        other.listen()
        lost = other.getsockname()[1]
        chosen = [[lost], *(ports.free_ports(1) for _ in range(5))]
        monkeypatch.setattr(ports, "free_ports", lambda *_args, **_more: chosen.pop(0))
        monkeypatch.setattr(ports, "is_free", lambda _port: True)
        with LocalBroker() as broker:
            assert broker.bootstrap != f"127.0.0.1:{lost}"
            assert len(chosen) == 2, "two ports the first time, two the second"


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broker = LocalBroker(tmp_path, config={"num.io.threads": "0"})
    with pytest.raises(BrokerError, match=r"num\.io\.threads") as caught:
        broker.start()
    assert mentions(tmp_path) == []
    assert "0" in str(caught.value)


def test_ports_lie_where_no_outgoing_connection_is_given_one() -> None:
    text = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not text.exists():
        pytest.skip("needs Linux's /proc")
    lowest = int(text.read_text().split()[0])
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    assert max(found) < lowest

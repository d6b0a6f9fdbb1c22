"""A worker as a process of its own, and records for it: what tests of commands and pages need."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from kafka import KafkaProducer

from agents.customers import Touched
from domain.assembly.context import Context
from domain.customer.state import Customer
from schemas.topics import TOPIC_OF_TYPE
from streams.engine.partition import Partition

PARTITIONS = 3
WORKER = (sys.executable, "-m", "streams.cli", "worker", "--http-port", "0")
SERVE = (sys.executable, "-m", "streams.cli", "serve", "--port", "0")
CustomersPartition = Partition[Touched, Customer, Context]
Found = TypeVar("Found")
Record = tuple[str, bytes | None, bytes]


def environment(app_id: str, bootstrap: str) -> dict[str, str]:
    """The variables of a worker of three partitions, over those of this process."""
    return {
        **os.environ,
        "TOUCHLINE_APP_ID": app_id,
        "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap,
        "TOUCHLINE_LOG_FORMAT": "json",
        "TOUCHLINE_PARTITIONS": str(PARTITIONS),
    }


@contextmanager
def worker_process(
    variables: Mapping[str, str], log: Path, command: Sequence[str] = WORKER
) -> Iterator[str]:
    """A worker or serve; gives the address of its pages. Ended by SIGTERM, which must go well."""
    with log.open("wb") as told:
        process = subprocess.Popen([*command], env=variables, stdout=told, stderr=told)
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    assert status == 0, log.read_text()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    def found() -> str | None:
        assert process.poll() is None, log.read_text()
        match = re.search(r'"(?:metrics|address)": ?"(http://127\.0\.0\.1:\d+)', log.read_text())
        return match[1] if match else None

    return until(found, "the pages of a process")


def got(url: str) -> tuple[int, str]:
    """Status and text of a page."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def until(look: Callable[[], Found | None], what: str, seconds: float = 90.0) -> Found:
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None or found is False:
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)
    return found


def event(event_id: str, customer: str, kind: str, /, **fields: object) -> Record:
    """Topic, key and value of an event that happens now, or at `occurred_at`."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    common = {"event_id": event_id, "customer_id": customer, "occurred_at": now, "channel": "app"}
    value = json.dumps({"type": kind, **common, **fields}, ensure_ascii=False)
    return TOPIC_OF_TYPE[kind], customer.encode(), value.encode()


def ago(seconds: float) -> dict[str, str]:
    """When something happened: events of one second are merged in the order of their topics."""
    return {"occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))}


def balance(event_id: str, customer: str, after: float, **fields: object) -> Record:
    """A credit of 10 that leaves this balance."""
    return event(
        event_id, customer, "transaction", amount=10, currency="CNY", direction="credit",
        account_id=f"a-{customer}", balance_after=after, **fields,
    )  # fmt: skip


def produce(
    bootstrap: str, records: Iterable[Record], headers: list[tuple[str, bytes]] | None = None
) -> None:
    """Send records, placed by Kafka's own partitioner, and wait for all of them."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    try:
        sent = [
            producer.send(topic, key=key, value=value, headers=headers or [])
            for topic, key, value in records
        ]
        for one in sent:
            one.get(timeout=30)
    finally:
        producer.close()

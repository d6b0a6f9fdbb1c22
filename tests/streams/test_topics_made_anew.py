"""A topic deleted and made anew, a retention that was too short, a changelog that is gone.

Each stops the partitions it hits, loudly, and no worker; each partition goes on once its loss is
accepted, with nothing else lost or counted twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.partitioner import murmur2
from typer.testing import CliRunner, Result

from schemas.topics import changelog_topic
from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.transaction import TransactionalProducer
from streams.queries.checkpoints import checkpoints
from streams.settings import KafkaSettings, Settings
from streams.topics.ensure import ensure_topics
from tests.streams.running import (
    PARTITIONS,
    environment,
    event,
    got,
    produce,
    until,
    worker_process,
)

pytestmark = pytest.mark.long

CLICKS = "touchpoints.app"


class Bank:
    """One application on a broker: its customers are one of each partition."""

    def __init__(self, broker: LocalBroker, app_id: str, tmp_path: Path) -> None:
        self.bootstrap, self.app_id = broker.bootstrap, app_id
        self.variables = environment(app_id, broker.bootstrap)
        self.log = tmp_path / "worker.log"
        self.sent = 0
        found: dict[int, str] = {}
        for n in range(1000):
            name = f"{app_id}-{n}"
            found.setdefault((murmur2(name.encode()) & 0x7FFFFFFF) % PARTITIONS, name)
        self.customers = [found[number] for number in range(PARTITIONS)]
        self.make()

    def make(self) -> None:
        """Make the topics that are missing; a deletion takes a moment."""

        def made() -> bool:
            ensure_topics(self.bootstrap, self.app_id, PARTITIONS)
            return not ensure_topics(self.bootstrap, self.app_id, PARTITIONS, dry_run=True).created

        until(made, "topics")

    def delete(self, *topics: str) -> None:
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.delete_topics(list(topics))

    def anew(self, *topics: str) -> None:
        """Delete topics and make them again."""
        self.delete(*topics)
        self.make()

    def click(self, each: int) -> None:
        """So many clicks of every customer."""
        self.sent += 1
        produce(
            self.bootstrap,
            [
                event(f"{self.sent}-{n}-{name}", name, "app_click",
                      action="tab_switch")
                for n in range(each)
                for name in self.customers
            ],
        )  # fmt: skip

    def settings(self) -> Settings:
        kafka = KafkaSettings(bootstrap=self.bootstrap)
        return Settings(app_id=self.app_id, partitions=PARTITIONS, kafka=kafka)

    def checkpoints(self) -> list[Checkpoint]:
        found = asyncio.run(checkpoints(self.settings(), range(PARTITIONS)))
        return [found[number] for number in range(PARTITIONS)]

    def forget_ids(self) -> None:
        """Write the checkpoints as the version did that knew no ids."""

        async def write(number: int, checkpoint: Checkpoint) -> None:
            settings = self.settings()
            producer = TransactionalProducer(settings, number)
            await producer.open()
            bare = msgspec.structs.replace(checkpoint, topic_ids={})
            record = (CHECKPOINT_KEY, dump_checkpoint(bare))
            await producer.publish({settings.changelog: [record]}, {})
            await producer.close()

        for number, checkpoint in enumerate(self.checkpoints()):
            assert checkpoint.topic_ids
            asyncio.run(write(number, checkpoint))

    def truncate(self, number: int, keep: int) -> None:
        """Delete all but the newest records of clicks in a partition."""
        where = TopicPartition(CLICKS, number)
        with closing(KafkaConsumer(bootstrap_servers=self.bootstrap)) as consumer:
            end: int = consumer.end_offsets([where])[where]
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.delete_records({where: end - keep})

    def run(self, *line: object) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                if name.startswith("TOUCHLINE_"):
                    patch.setenv(name, value)
            return CliRunner().invoke(app, [str(one) for one in line])

    def accept(self, number: int) -> str:
        result = self.run("doctor", "--accept-loss", number, "--yes")
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    def doctor(self) -> str:
        return " ".join(self.run("doctor").stdout.split())

    def clicks(self) -> list[int]:
        """How many clicks each customer is known to have made."""
        result = self.run("state", "--all", "--json")
        assert result.exit_code == 0, result.output
        known = {one["customer_id"]: one for one in map(json.loads, result.stdout.splitlines())}
        return [
            known[name]["features"]["tab_switches"] if name in known else 0
            for name in self.customers
        ]

    def until_clicks(self, *counts: int) -> None:
        until(lambda: self.clicks() == list(counts), f"{counts} clicks", 45)

    @contextmanager
    def worker(self) -> Iterator[str]:
        with worker_process(self.variables, self.log) as address:
            until(lambda: json.loads(got(f"{address}/readyz")[1]).get("open") is not None, "pages")
            yield address


@pytest.fixture
def bank(module_broker: LocalBroker, request: pytest.FixtureRequest, tmp_path: Path) -> Bank:
    """An application of this test's own."""
    name = re.sub("[^a-z]", "", request.node.name.removeprefix("test_"))[-16:]
    return Bank(module_broker, name, tmp_path)


def told(address: str) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(got(f"{address}/readyz")[1])
    return page


def stops(address: str, *numbers: int) -> dict[str, str]:
    """Why these partitions stopped, and no others."""
    wanted = {str(number) for number in numbers}

    def looked() -> dict[str, str] | None:
        stopped: dict[str, str] = told(address)["stopped"]
        return stopped if stopped.keys() == wanted else None

    return until(looked, f"stops of {wanted}: {told(address)}", 60)


def ready(address: str) -> None:
    until(lambda: got(f"{address}/readyz")[0] == 200, "readiness", 60)


def stopped_for(address: str, what: str, *numbers: int) -> dict[str, str]:
    """Why these partitions stopped, each for ``what``."""

    def looked() -> dict[str, str] | None:
        whys = stops(address, *numbers)
        return whys if all(what in why for why in whys.values()) else None

    return until(looked, f"stops for {what}", 60)


@contextmanager
def frozen(app_id: str) -> Iterator[None]:
    """The worker of an application neither reads nor writes meanwhile."""
    [pid] = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"streams.cli" in (line := _text(process / "cmdline"))
        and b"worker" in line
        and f"TOUCHLINE_APP_ID={app_id}".encode() in _text(process / "environ").split(b"\0")
    ]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("more", [50, 3], ids=["more", "fewer"])
def test_an_input_made_anew_under_a_worker(bank: Bank, more: int) -> None:
    with bank.worker() as address:
        ready(address)
        bank.click(20)
        bank.until_clicks(20, 20, 20)
        bank.anew(CLICKS)
        bank.click(more)
        for why in stopped_for(address, "was deleted and made anew (its id was", 0, 1, 2).values():
            assert f"{CLICKS}[" in why
            assert "records of the new one wait" in why  # as many as there were when it was noticed
        assert bank.clicks() == [20, 20, 20]
        assert "touchline_partitions_stopped 3.0" in got(f"{address}/metrics")[1].splitlines()
        doctor = bank.doctor()
        assert "partition 1 is stuck: what it goes on with is not there" in doctor
        assert f"the {more} records of the new one wait" in doctor

        assert f"partition 1 goes on with {CLICKS} from offset 0" in bank.accept(1)
        bank.until_clicks(20, 20 + more, 20)
        stops(address, 0, 2)
        bank.click(1)
        bank.until_clicks(20, 21 + more, 20)
        bank.accept(0)
        bank.accept(2)
        ready(address)
        bank.until_clicks(21 + more, 21 + more, 21 + more)
        assert "nothing is wrong" in bank.doctor()


def test_an_input_made_anew_while_no_worker_ran(bank: Bank, more: int = 50) -> None:
    with bank.worker() as address:
        ready(address)
        bank.click(20)
        bank.until_clicks(20, 20, 20)
    bank.forget_ids()
    with bank.worker() as address:  # the checkpoints of the version before take over the ids
        ready(address)
        until(lambda: all(len(one.topic_ids) > 10 for one in bank.checkpoints()), "ids")
    bank.anew(CLICKS)
    bank.click(more)
    with bank.worker() as address:
        stopped_for(address, "was deleted and made anew (its id was", 0, 1, 2)
        assert bank.clicks() == [20, 20, 20]
        bank.accept(2)
        bank.until_clicks(20, 20, 20 + more)
        stops(address, 0, 1)
        bank.accept(0)
        bank.accept(1)
        ready(address)
        bank.until_clicks(20 + more, 20 + more, 20 + more)


def test_records_deleted_before_a_running_worker_read_them(bank: Bank) -> None:
    with bank.worker() as address:
        ready(address)
        bank.click(5)
        bank.until_clicks(5, 5, 5)
        with frozen(bank.app_id):
            bank.click(20)
            bank.truncate(1, keep=2)
        [why] = stops(address, 1).values()
        assert "18 records from offset" in why
        bank.until_clicks(25, 5, 25)
        bank.click(1)
        bank.until_clicks(26, 5, 26)
        bank.accept(1)
        ready(address)
        bank.until_clicks(26, 8, 26)


def test_a_changelog_that_is_gone_is_no_beginning(bank: Bank) -> None:
    changelog = changelog_topic(bank.app_id)
    with bank.worker() as address:
        ready(address)
        bank.click(5)
        bank.until_clicks(5, 5, 5)
    bank.anew(changelog)
    bank.click(2)
    with bank.worker() as address:
        for why in stopped_for(address, "is lost", 0, 1, 2).values():
            assert "the state of partition" in why
        assert "holds no state, but the group had worked off" in bank.doctor()
        assert bank.clicks() == [0, 0, 0]
        assert "no customers, at the positions of the group" in bank.accept(0)
        bank.until_clicks(2, 0, 0)
        stops(address, 1, 2)
        bank.accept(1)
        bank.accept(2)
        ready(address)
        bank.until_clicks(2, 2, 2)
        bank.anew(changelog)
        bank.click(1)
        stopped_for(address, changelog, 0, 1, 2)

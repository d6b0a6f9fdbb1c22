"""A worker, a bank and a follower on a real broker: what tests of the read model share."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from domain.policy import Policy
from schemas.topics import INPUT_TOPICS
from streams.queries import state as states
from streams.queries.standings import read_with_standings
from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import CustomerFilter, Positions
from streams.settings import KafkaSettings, ServeSettings, Settings
from streams.sources.bank import Bank
from tests.streams.running import PARTITIONS, Record, environment, until

FOLLOWER = (sys.executable, "-m", "streams.readmodel")
_T = TypeVar("_T")


def settings_of(app_id: str, bootstrap: str, directory: Path, **serve: Any) -> Settings:
    """Settings of an application on the event clock, with a read model in this directory."""
    return Settings(
        app_id=app_id,
        partitions=PARTITIONS,
        clock="event",
        kafka=KafkaSettings(bootstrap=bootstrap),
        serve=ServeSettings(directory=directory, **serve),
    )


def variables(settings: Settings) -> dict[str, str]:
    """The environment of a worker or follower with these settings."""
    return {
        **environment(settings.app_id, str(settings.kafka.bootstrap)),
        "TOUCHLINE_CLOCK": "event",
        "TOUCHLINE_SERVE__DIRECTORY": str(settings.serve.directory),
        "TOUCHLINE_SERVE__PARTITIONS": settings.serve.partitions,
    }


class FollowerProcess:
    """A follower that may be killed and started again; its log is one file."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings, self._log = settings, log
        self.process: subprocess.Popen[bytes] | None = None
        self.lives = 0

    def start(self) -> None:
        self.lives += 1
        with self._log.open("ab") as told:
            self.process = subprocess.Popen(
                [*FOLLOWER, "--parent", str(os.getpid())],
                env=variables(self._settings), stdout=told, stderr=told,
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, self.told()
        self.process.terminate()
        # one that has not begun yet ends by the signal itself
        assert self.process.wait(30) in (0, -signal.SIGTERM), self.told()

    def built_again(self) -> bool:
        return "built again" in self.told()

    def told(self) -> str:
        return self._log.read_text()


@contextmanager
def follower(settings: Settings, log: Path) -> Iterator[FollowerProcess]:
    """A follower that runs, and is ended well."""
    one = FollowerProcess(settings, log)
    one.start()
    try:
        yield one
    except BaseException:
        assert one.process is not None
        one.process.kill()
        one.process.wait()
        raise
    one.stop()


def bank(customers: int, records: int, seed: int = 5) -> list[Record]:
    """The opening of a bank and so many records of its days."""
    made = Bank(seed=seed, customers=customers)
    found = [*made.opening(), *islice(made.days(), records)]
    return [(one.topic, one.key, one.value) for one in found]


def run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


def ends(settings: Settings, topics: tuple[str, ...] = INPUT_TOPICS) -> Positions:
    """Where these topics end now."""

    async def ask() -> Positions:
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
        await consumer.start()
        try:
            places = [TopicPartition(t, n) for t in topics for n in range(PARTITIONS)]
            return dict(await consumer.end_offsets(places))
        finally:
            await consumer.stop()

    return run(ask())


def everyone(settings: Settings) -> dict[str, bytes]:
    """Every customer as ``touchline state --all --json`` tells of it, by id."""

    async def read() -> dict[str, bytes]:
        how = await read_with_standings(settings, Policy(), PARTITIONS, None)
        return {
            customer_id: msgspec.json.encode(one)
            async for _, found in states.customers(settings, how)
            for customer_id, one in found
        }

    return run(read())


def modelled(model: ReadModel) -> dict[str, bytes]:
    """Every customer as the read model tells of it, by id: by its pages of 50."""
    found: dict[str, bytes] = {}
    cursor: str | None = None
    while True:
        page = model.customers(CustomerFilter(), cursor, 50)
        for row in page.rows:
            whole = model.customer(row.customer_id)
            assert whole is not None
            found[row.customer_id] = msgspec.json.encode(whole.figures)
        cursor = page.cursor
        if cursor is None:
            return found


def counts(model: ReadModel, after: Positions, seconds: float = 60.0) -> None:
    """Wait until all of this counts."""
    have = model.positions
    until(lambda: all(have().get(place, 0) >= at for place, at in after.items()), "it", seconds)


def current(model: ReadModel, numbers: int = PARTITIONS) -> None:
    """Wait until every partition was at its end a moment ago, in a file that can be read."""

    def all_current() -> bool:
        try:
            told = model.currency()
        except NotReadable:  # about to be built again
            return False
        return len(told) == numbers and all(
            one.age_seconds < 1.5 and one.behind == 0 for one in told
        )

    until(all_current, "a current read model")

"""Makes what lies beside it, by the commands of the version to be kept (see README.md).

    python -m tests.data.written_by_960bda6.make /path/to/its/bin/touchline

A Kafka of its own, two workers that keep a record, a kill, a restart, a worker that leaves; then
everything that another version must read is taken from Kafka's topics and from the commands.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.data.written_by_960bda6.town import DAYS, Town, answered, lines, town

HERE = Path(__file__).parent
APP_ID = "kept"
PARTITIONS = 4
RATE = 250
OUTPUTS = (
    "alerts", "segment-updates", "customer-transitions", "signals", "care-tasks", "dead-letters",
    "referrals",
)  # fmt: skip
RECORDS = (f"{APP_ID}-customers-changelog", "partition-summaries", "segment-model", "portfolio")
START = datetime(2026, 3, 2, tzinfo=UTC)
DEADLINE_SECONDS = 240.0

Found = TypeVar("Found")
Kept = tuple[int, int, int, bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Partition, offset, timestamp (ms), key, value, headers of a record."""


def main() -> None:
    """Make the folders ``event`` and ``wall`` anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("touchline", type=Path)
    parser.add_argument("clocks", nargs="*", default=("event", "wall"))
    parser.add_argument("--replay-only", action="store_true", help="make replayed.tar.xz alone")
    given = parser.parse_args()
    touchline: Path = given.touchline.absolute()
    for clock in given.clocks:
        with TemporaryDirectory() as place:
            making = Making(touchline, Path(place), clock)
            (making.replay if given.replay_only else making.make)(HERE / clock)


class Making:
    """One run of the old version on one clock."""

    def __init__(self, touchline: Path, place: Path, clock: str) -> None:
        self._touchline, self._place, self._clock = touchline, place, clock
        self._variables: dict[str, str] = {}

    def make(self, out: Path) -> None:
        """Run, and write what came of it into a folder."""
        made = self._events()
        out.mkdir(exist_ok=True)
        with self._kafka() as bootstrap:
            self._variables = {
                "TOUCHLINE_KAFKA__BOOTSTRAP": bootstrap,
                "TOUCHLINE_APP_ID": APP_ID,
                "TOUCHLINE_PARTITIONS": str(PARTITIONS),
                "TOUCHLINE_CLOCK": self._clock,
                "TOUCHLINE_SEGMENTS__REFIT_SECONDS": "600",
            }
            self._said("topics")
            self._work(made)
            time.sleep(1)  # a commit is acknowledged before its markers are written
            at = datetime.now(UTC).replace(microsecond=0)
            moment = ["--at", f"{at:%Y-%m-%dT%H:%M:%S}"] if self._clock == "wall" else []
            customers = self._said("state", "--all", "--json", *moment)
            asyncio.run(_dump(bootstrap, RECORDS, out))
            asyncio.run(_dump(bootstrap, OUTPUTS, out))
        self._said("replay", "record", "--out", "replayed")
        _write(out / "customers.jsonl.xz", customers)
        _pack(self._place / "record", out / "record.tar.xz")
        _pack(self._place / "replayed", out / "replayed.tar.xz")
        about = {"app_id": APP_ID, "partitions": PARTITIONS, "clock": self._clock}
        about |= {"customers_at": at.isoformat() if moment else None, "lines": len(made)}
        (out / "about.json").write_text(json.dumps(about, indent=2) + "\n")

    def replay(self, out: Path) -> None:
        """Replay the record of a folder that is made, and write what came of it."""
        packed = BytesIO(lzma.decompress((out / "record.tar.xz").read_bytes()))
        with tarfile.open(fileobj=packed) as files:
            files.extractall(self._place / "record", filter="data")
        self._said("replay", "record", "--out", "replayed")
        _pack(self._place / "replayed", out / "replayed.tar.xz")

    # -- events -------------------------------------------------------------------------

    def _events(self) -> list[str]:
        """On the event clock those of March 2026; on the wall clock the last is of now."""
        start = START
        if self._clock == "wall":
            start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=DAYS + 0.3)
        made = town(start)
        answered(made, *self._results(made))
        text = lines(made)
        if self._clock == "wall":
            text[500:500] = [re.sub(r'("occurred_at": ")\d{4}', r"\g<1>2999", text[299])]
        return text

    def _results(self, made: Town) -> Iterator[list[Any]]:
        """The alerts and care tasks of these events, by a replay without segments."""
        policy = self._place / "no-segments.yaml"
        policy.write_text("segments: {enabled: false}\n")
        (self._place / "first.jsonl").write_text("\n".join(lines(made)) + "\n")
        self._said("replay", "first.jsonl", "--out", "first", "--policy", policy.name)
        for name in ("alerts", "care-tasks"):
            text = (self._place / "first" / f"{name}.jsonl").read_text()
            yield [json.loads(line) for line in text.splitlines()]

    # -- the run --------------------------------------------------------------------------

    def _work(self, made: Sequence[str]) -> None:
        """The first half by two workers, one of which is killed and comes back; then one leaves."""
        half, more = len(made) // 2, len(made) * 5 // 6
        with ExitStack() as running:
            first = running.enter_context(self._worker("first"))
            running.enter_context(self._worker("second"))
            for name in ("first", "second"):
                self._opened(name)
            sending = self._sending(made[:half])
            time.sleep(len(made[:half]) / RATE / 2)
            first.kill()
            first.wait()
            assert sending.wait() == 0
            running.enter_context(self._worker("third"))
            self._opened("third")
            self._drained()
            assert self._sending(made[half:more]).wait() == 0
            self._drained()
        with self._worker("fourth"):
            self._opened("fourth")
            assert self._sending(made[more:]).wait() == 0
            self._drained()
            time.sleep(6)  # a last snapshot, a last model

    @contextmanager
    def _worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self._place / f"{name}.log").open("wb") as log:
            process = self._start("worker", "--record", "record", "--http-port", "0", out=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
        log_text = (self._place / f"{name}.log").read_text(errors="replace")
        assert status in (0, -signal.SIGKILL), f"{name}: {status}\n{log_text}"

    def _sending(self, made: Sequence[str]) -> subprocess.Popen[bytes]:
        (self._place / "part.jsonl").write_text("\n".join(made) + "\n")
        return self._start("produce", "part.jsonl", "--rate", str(RATE))

    def _opened(self, name: str) -> None:
        """Wait until a worker has a partition."""
        log = self._place / f"{name}.log"
        _until(lambda: "partition open" in log.read_text(errors="replace"))

    def _drained(self) -> None:
        _until(lambda: asyncio.run(_is_read(self._variables["TOUCHLINE_KAFKA__BOOTSTRAP"])))

    @contextmanager
    def _kafka(self) -> Iterator[str]:
        log = self._place / "kafka.log"
        with log.open("wb") as told:
            process = self._start("kafka", out=told)
        try:
            yield _until(lambda: re.search(r"ready at (\S+)", log.read_text()))[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def _start(self, *words: str, out: Any = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._touchline), *words],
            cwd=self._place, env=self._environment(), stdout=out, stderr=out,
        )  # fmt: skip

    def _said(self, *words: str) -> bytes:
        return subprocess.run(
            [str(self._touchline), *words],
            cwd=self._place, env=self._environment(), stdout=subprocess.PIPE, check=True,
        ).stdout  # fmt: skip

    def _environment(self) -> Mapping[str, str]:
        others = {name: value for name, value in os.environ.items() if "TOUCHLINE" not in name}
        return {**others, **self._variables}


def _until(look: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.3)
    return found


# -- out of Kafka -----------------------------------------------------------------------------


async def _is_read(bootstrap: str) -> bool:
    """Whether the group has committed the end of every touchpoint topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await admin.start()
    await consumer.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith("touchpoints.")]
        tps = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(tps)
        done = await admin.list_consumer_group_offsets(APP_ID)
    except KafkaError:  # the group has no coordinator yet
        return False
    finally:
        await consumer.stop()
        await admin.close()
    return all(tp in done and done[tp].offset >= end for tp, end in ends.items() if end)


async def _dump(bootstrap: str, topics: Sequence[str], out: Path) -> None:
    for topic in topics:
        kept = [record async for record in _records(bootstrap, topic)]
        _write(out / f"{topic}.msgpack.xz", msgspec.msgpack.encode(kept))


async def _records(bootstrap: str, topic: str) -> Any:
    """Every committed record of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        for number in range(PARTITIONS):
            tp = TopicPartition(topic, number)
            consumer.assign([tp])
            end = (await consumer.end_offsets([tp]))[tp]
            while await consumer.position(tp) < end:
                for one in (await consumer.getmany(tp, timeout_ms=200)).get(tp, ()):
                    headers = [(name, value) for name, value in one.headers]
                    yield number, one.offset, one.timestamp, one.key, one.value, headers
    finally:
        await consumer.stop()


# -- into files -------------------------------------------------------------------------------


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


def _pack(directory: Path, path: Path) -> None:
    """The files of a directory, by name; nothing of who made them or when."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in sorted(directory.iterdir()):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            tar.addfile(entry, BytesIO(file.read_bytes()))
    _write(path, packed.getvalue())


if __name__ == "__main__":
    main()

"""Records into a real Kafka: all of them, once, each where murmur2 of its key says."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.partitioner import murmur2

from bench.preload import write
from schemas.topics import INPUT_TOPICS, TOPIC_OF_TYPE
from streams.cluster.broker import LocalBroker
from streams.files.reading import numbered
from streams.sources import SourceError, produce
from streams.sources.bank import Bank
from streams.sources.pace import Stop
from streams.sources.sender import Reject
from streams.topics.ensure import ensure_topics

pytestmark = pytest.mark.long

PARTITIONS = 12
COMMAND = "from streams.cli import main; main()"


class Found(NamedTuple):
    """A record as Kafka holds it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


class Finished(NamedTuple):
    """How a command ended."""

    status: int
    output: str
    errors: str


class Topics:
    """The input topics of one broker, and what has come into them since the last look."""

    def __init__(self, bootstrap: str) -> None:
        ensure_topics(bootstrap, "sources", PARTITIONS).raise_if_wrong()
        self.bootstrap = bootstrap
        self._seen: dict[TopicPartition, int] = {}

    def new(self) -> list[Found]:
        """Everything since the last call, up to the end as it is now, also under a writer."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        try:
            places = [TopicPartition(t, p) for t in INPUT_TOPICS for p in range(PARTITIONS)]
            ends = consumer.end_offsets(places)
            consumer.assign(places)
            for place in places:
                consumer.seek(place, self._seen.get(place, 0))
            missing = sum(ends[place] - self._seen.get(place, 0) for place in places)
            found: list[Found] = []
            deadline = time.monotonic() + 60
            while len(found) < missing and time.monotonic() < deadline:
                for place, batch in consumer.poll(timeout_ms=500).items():
                    found += [
                        Found(r.topic, r.partition, r.key, r.value or b"")
                        for r in batch
                        if r.offset < ends[place]
                    ]
            assert len(found) == missing
            self._seen = dict(ends)
            return found
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def topics(module_broker: LocalBroker) -> Topics:
    return Topics(module_broker.bootstrap)


def assert_placed_by_murmur2(found: list[Found]) -> None:
    wrong = [
        record
        for record in found
        if record.key is not None
        and record.partition != (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
    ]
    assert wrong == []


def test_every_line_arrives_once_unchanged_in_the_topic_of_its_type(topics: Topics) -> None:
    records = [r for r in islice(Bank(21, 300, repeats=0.0).events(), 5_000) if not r.is_bad]
    report = produce.produce_lines(numbered(r.value + b"\r\n" for r in records), topics.bootstrap)
    found = topics.new()
    assert Counter((f.topic, f.key, f.value) for f in found) == Counter(
        (r.topic, r.key, r.value) for r in records
    )
    assert report.sent == len(records) and report.rejected == 0
    assert report.topics == Counter(record.topic for record in records)
    assert_placed_by_murmur2(found)


def test_one_customers_lines_keep_their_order_in_a_topic(topics: Topics) -> None:
    records = [r for r in Bank(22, 5).opening()] + list(islice(Bank(22, 5).days(), 2_000))
    lines = [record.value for record in records if record.topic == TOPIC_OF_TYPE["app_click"]]
    produce.produce_lines(numbered(lines), topics.bootstrap)
    found = topics.new()
    for key in {record.key for record in found}:
        name = b'"customer_id":"%b"' % (key or b"")
        assert [f.value for f in found if f.key == key] == [line for line in lines if name in line]


def test_lines_without_a_topic_are_told_and_the_rest_is_sent(topics: Topics) -> None:
    good = next(Bank(23, 1).opening()).value
    oversize = good[:-1] + b',"attributes":{"note":"%b"}}' % (b"x" * 2_000_000)
    lines = [good, b"{nope", b"", b'{"type":"gossip"}', b"[1]", b'"\xff"', oversize, b'{"a":1}']
    rejects: list[Reject] = []
    report = produce.produce_lines(numbered(lines), topics.bootstrap, on_reject=rejects.append)
    assert [f.value for f in topics.new()] == [good]
    assert report.sent == 1 and report.rejected == 6
    told = {reject.line: reject for reject in rejects}
    assert sorted(told) == [2, 4, 5, 6, 7, 8]
    assert "JSON is malformed" in told[2].reason
    assert "type 'gossip' is not one of app_click" in told[4].reason
    assert "MessageSizeTooLarge" in told[7].reason
    assert [told[line].value for line in (2, 4, 7)] == [lines[1], lines[3], oversize]


def test_a_line_of_known_type_is_the_workers_to_judge(topics: Topics) -> None:
    lines = [b'{"type":"survey","customer_id":7}', b'{"type":"survey","customer_id":"\xc3\xa9"}']
    assert produce.produce_lines(numbered(lines), topics.bootstrap).sent == 2
    found = {record.value: record for record in topics.new()}
    assert [found[line].key for line in lines] == [None, "é".encode()]
    assert {record.topic for record in found.values()} == {"touchpoints.surveys"}


def test_the_simulated_bank_arrives_whole_with_its_faults(topics: Topics) -> None:
    report = produce.simulate(Bank(24, 200, bad=0.02), topics.bootstrap, records=3_000)
    twin = Bank(24, 200, bad=0.02)
    expected = [*twin.opening(), *islice(twin.days(), 3_000)]
    found = topics.new()
    assert Counter((f.topic, f.key, f.value) for f in found) == Counter(
        (r.topic, r.key, r.value) for r in expected
    )
    assert report.bad == sum(record.is_bad for record in expected) > 30
    assert report.sent == len(expected)
    assert_placed_by_murmur2(found)


def test_the_rate_counts_after_the_opening_and_the_time_ends_it(topics: Topics) -> None:
    report = produce.simulate(Bank(25, 20), topics.bootstrap, rate=200.0, seconds=2.0)
    openings = sum(1 for _ in Bank(25, 20).opening())
    assert report.seconds >= 2.0
    assert 50 < report.sent - openings <= 401  # a loaded machine may fall behind, never run ahead
    assert len(topics.new()) == report.sent


def test_a_stop_keeps_what_was_sent(topics: Topics) -> None:
    stop = Stop()

    def after(records: int, _bytes: int) -> None:
        if records >= 1_500:
            stop.set()

    report = produce.simulate(Bank(26, 100), topics.bootstrap, progress=after, stop=stop)
    assert report.interrupted
    assert report.sent == len(topics.new()) == 1_500


def test_a_preload_places_the_same_records_alike(topics: Topics) -> None:
    records = [r for r in islice(Bank(27, 200, bad=0.02).events(), 4_000)]
    done = asyncio.run(write(records, topics.bootstrap))
    found = topics.new()
    assert done.records == len(found) == 4_000
    assert Counter((f.topic, f.key, f.value) for f in found) == Counter(
        (r.topic, r.key, r.value) for r in records
    )
    assert_placed_by_murmur2(found)


def test_a_missing_topic_is_named_and_not_made(fresh_broker: LocalBroker) -> None:
    with pytest.raises(SourceError, match=r"lacks .*touchpoints\.app.*`touchline topics`"):
        produce.produce_lines([], fresh_broker.bootstrap)
    admin = KafkaAdminClient(bootstrap_servers=fresh_broker.bootstrap)
    try:
        assert not set(INPUT_TOPICS) & set(admin.list_topics())
    finally:
        admin.close()


@contextmanager
def touchline(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, which is gone at the end whatever the test found."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def finished(*arguments: str, lines: str | None = None, timeout: float = 60) -> Finished:
    """What the command printed and how it ended, its standard input being `lines`."""
    with touchline(*arguments) as running:
        output, errors = running.communicate(lines, timeout=timeout)
        return Finished(running.returncode, output, errors)


def test_ctrl_c_flushes_and_sums_up(topics: Topics) -> None:
    first: list[Found] = []
    with touchline(
        "simulate", "--customers", "50", "--rate", "300", "--bootstrap", topics.bootstrap
    ) as running:
        deadline = time.monotonic() + 60
        while not first and time.monotonic() < deadline:
            first = topics.new()
        os.kill(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0
    sent = len(first) + len(topics.new())
    assert f"simulated {sent:,} records" in errors


def test_a_file_with_bad_lines_exits_1_and_keeps_them(topics: Topics, tmp_path: Path) -> None:
    good = [record.value for record in Bank(28, 30).opening()]
    file, rejects = tmp_path / "events.jsonl", tmp_path / "rejects.jsonl"
    file.write_bytes(b"\n".join([*good[:10], b"{nope", *good[10:], b'{"type":"x"}']))
    end = finished("produce", str(file), "--bootstrap", topics.bootstrap, "--rejects",
                   str(rejects))  # fmt: skip
    assert end.status == 1
    assert "line 11: not an event" in end.errors
    assert f"2 lines were not sent; they are in {rejects}" in end.errors
    assert rejects.read_bytes() == b'{nope\n{"type":"x"}\n'
    assert sorted(found.value for found in topics.new()) == sorted(good)


def test_lines_come_from_a_pipe_too(topics: Topics) -> None:
    lines = [record.value.decode() for record in Bank(29, 10).opening()]
    end = finished("produce", "-", "--bootstrap", topics.bootstrap, lines="\n".join(lines) + "\n")
    assert end.status == 0, end.errors
    assert sorted(found.value.decode() for found in topics.new()) == sorted(lines)


def test_a_file_out_of_order_is_told_first_and_sent_sorted(topics: Topics, tmp_path: Path) -> None:
    lines = [record.value for record in Bank(30, 10, bad=0.0, late=0.0).opening()]
    file = tmp_path / "events.jsonl.gz"
    file.write_bytes(gzip.compress(b"\n".join([*lines[::-1], b"{nope"])))
    end = finished("produce", str(file), "--bootstrap", topics.bootstrap, "--sort")
    told, untimed, reject, *_ = end.errors.splitlines()
    assert f"{file} is not in order of time: " in told and told.endswith("; it is sorted")
    assert "1 lines of" in untimed
    assert reject.startswith(f"line {len(lines) + 1}: not an event")
    times = defaultdict(list)
    for found in topics.new():
        times[found.topic, found.partition].append(json.loads(found.value)["occurred_at"])
    assert sum(map(len, times.values())) == len(lines)
    assert all(each == sorted(each) for each in times.values())


def test_a_pipe_out_of_order_is_told_of_as_it_goes(topics: Topics) -> None:
    lines = [record.value.decode() for record in Bank(31, 10).opening()][::-1]
    end = finished("produce", "-", "--bootstrap", topics.bootstrap, lines="\n".join(lines))
    assert end.status == 0
    first, whole, _ = end.errors.splitlines()
    assert first.startswith("stdin is not in order of time: 1 of ") and " so far; " in first
    assert f" of {len(lines)} lines are earlier" in whole
    assert len(topics.new()) == len(lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("produce", "nowhere.jsonl"), "nowhere.jsonl cannot be read"),
        (("simulate", "--customers", "0"), "customers must be 1 or more, not 0"),
        (("simulate", "--bootstrap", "127.0.0.1:1"), "no Kafka answers at 127.0.0.1:1"),
        (("import", "berka", "nowhere"), "trans.asc is missing: give the folder"),
    ],
)
def test_a_failure_is_one_line_and_exit_status_1(arguments: tuple[str, ...], message: str) -> None:
    end = finished(*arguments)
    assert end.status == 1
    assert end.output == ""
    assert end.errors.startswith("touchline: ") and end.errors.count("\n") == 1
    assert message in end.errors


def test_import_writes_one_event_a_line(shared: Path) -> None:
    end = finished("import", "berka", str(shared / "data" / "berka"), timeout=120)
    assert end.status == 0
    ids = [json.loads(line)["event_id"] for line in end.output.splitlines()]
    assert len(ids) == len(set(ids)) == 5_369 + 49_102
    assert "5,369 profiles, 49,102 transactions, 93 negative balances" in end.errors

"""The marketer's own program on a real Kafka: killed and repeated, its audiences are right."""

import ast
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from schemas.published import SegmentUpdate
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "marketing_consumer.py"
TOPIC = "segment-updates"
PARTITIONS = 4
SEGMENTS = {"s1": "lurkers", "s2": "quality", "s3": "notification-only"}
QUARANTINE = "quarantine"

Update = dict[str, Any]


class Bank:
    """Customers who change segment in a chain, sent in transactions as the workers do.

    `sent` is what was committed. Every update has a reason of its own.
    """

    def __init__(self, broker: LocalBroker) -> None:
        self.bootstrap = broker.bootstrap
        self.sent: list[Update] = []
        self._random = random.Random(1)
        self._at: dict[str, str | None] = {f"c-{n:03d}": None for n in range(60)}

    def change(self, count: int) -> None:
        """So many changes in one transaction, and lies about everybody in one that is aborted."""
        made = [self._next(f"r-{len(self.sent) + n}") for n in range(count)]
        self._send(made, commit=True)
        self.sent += made
        self._send([update(who, None, "s1", "of a lie") for who in self._at], commit=False)

    def spoil(self) -> None:
        """Something that is no update."""
        with closing(KafkaProducer(bootstrap_servers=self.bootstrap)) as producer:
            producer.send(TOPIC, value=b'{"customer_id": 7', partition=2).get(30)

    def audience(self) -> dict[str, str]:
        """The last word on each customer, where it names a segment to write to."""
        return {who: to for who, to in self._last().items() if to in SEGMENTS}

    def held(self) -> set[str]:
        """Those of whom the last word is that they behave like nobody else."""
        return {who for who, to in self._last().items() if to == QUARANTINE}

    def ends(self) -> dict[int, int]:
        """By partition the offset behind the last committed record, as another reader finds it."""
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        found = dict.fromkeys(range(PARTITIONS), 0)
        with closing(
            KafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
        ) as consumer:
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            while any(consumer.position(place) < ends[place] for place in places):
                for place, records in consumer.poll(timeout_ms=200).items():
                    found[place.partition] = records[-1].offset + 1
        return found

    def _last(self) -> dict[str, str | None]:
        return {one["customer_id"]: one.get("to_segment") for one in self.sent}

    def _next(self, reason: str) -> Update:
        customer = self._random.choice(list(self._at))
        before = self._at[customer]
        choices = [one for one in (*SEGMENTS, QUARANTINE, None) if one != before]
        self._at[customer] = self._random.choice(choices)
        return update(customer, before, self._at[customer], reason)

    def _send(self, updates: list[Update], *, commit: bool) -> None:
        with closing(
            KafkaProducer(bootstrap_servers=self.bootstrap, transactional_id="bank", acks="all")
        ) as producer:
            producer.init_transactions()
            producer.begin_transaction()
            for one in updates:
                key = one["customer_id"].encode()
                number = partition_of(key, PARTITIONS)
                producer.send(TOPIC, key=key, value=json.dumps(one).encode(), partition=number)
            producer.flush()
            if commit:
                producer.commit_transaction()
            else:
                producer.abort_transaction()


def update(customer: str, before: str | None, after: str | None, reason: str) -> Update:
    record = {
        "update_id": f"u-{reason}",
        "customer_id": customer,
        "occurred_at": "2026-01-31T01:07:00.000Z",
        "from_segment": before,
        "to_segment": after,
        "segment_name": SEGMENTS.get(after, after) if after is not None else None,
        "model_version": 3,
        "reason": f"because {reason}.",
    }
    return {name: value for name, value in record.items() if value is not None}


@pytest.fixture(scope="module")
def bank(module_broker: LocalBroker) -> Bank:
    with closing(KafkaAdminClient(bootstrap_servers=module_broker.bootstrap)) as admin:
        admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    return Bank(module_broker)


class Marketing:
    """Processes of the program with one database, and what they said."""

    def __init__(self, bank: Bank, directory: Path) -> None:
        self.bank = bank
        self.db = directory / "audiences.sqlite3"
        self.log = directory / "told.txt"
        self.log.touch()

    @contextmanager
    def runs(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """The program as a process; killed at the end where it still runs."""
        where = ["--bootstrap", self.bank.bootstrap, "--db", str(self.db)]
        with self.log.open("ab") as told:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *where, *more], stdout=told, stderr=told
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def told(self) -> str:
        return self.log.read_text()

    def done(self) -> Counter[str]:
        """How often each change was said to be done, by its reason."""
        return Counter(re.findall(r"because (.+)\.$", self.told(), re.MULTILINE))

    def applied(self) -> int:
        return len(self.done())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.db, timeout=30)) as opened:
            return opened.execute(query).fetchall()

    def up_to_date(self) -> bool:
        """Whether it has read every committed record there is."""
        return dict(self.rows("SELECT partition, next_offset FROM position")) == self.bank.ends()

    def assert_right(self) -> None:
        """The audiences are the fold of what was committed, and nobody is in two places."""
        audience = self.rows(
            "SELECT customer_id, segment, name FROM audience JOIN segment USING (segment)"
        )
        assert {who: segment for who, segment, _ in audience} == self.bank.audience()
        assert all(SEGMENTS[segment] == name for _, segment, name in audience)
        assert {who for [who] in self.rows("SELECT customer_id FROM held")} == self.bank.held()
        newest = {one["customer_id"]: one["update_id"] for one in self.bank.sent}
        ids = dict(self.rows("SELECT customer_id, update_id FROM audience"))
        assert ids == {who: newest[who] for who in self.bank.audience()}


@pytest.fixture
def marketing(bank: Bank, tmp_path: Path) -> Marketing:
    return Marketing(bank, tmp_path)


def until(look: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


def test_killed_in_the_middle_again_and_again_it_loses_and_doubles_nothing(
    bank: Bank, marketing: Marketing
) -> None:
    interrupted = 0
    for _ in range(3):
        bank.change(1_000)
        bank.spoil()
        known = marketing.applied()
        with marketing.runs("--from-beginning") as process:
            until(lambda known=known: marketing.applied() > known, "a change")  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        interrupted += marketing.applied() < len(bank.sent)
    assert interrupted, "it was never killed in the middle"
    # another group: Kafka knows nothing of what was read, as when its offsets are lost
    with marketing.runs("--from-beginning", "--group", "another"):
        until(marketing.up_to_date, "the end")
    marketing.assert_right()
    done = marketing.done()
    assert max(done.values()) == 1, "a change was made twice"
    assert set(done) <= {f"r-{number}" for number in range(len(bank.sent))}, "a lie was believed"
    assert len(done) > 0.8 * len(bank.sent)
    assert marketing.told().count("SKIPPED") == 3, "what is no update is told of"


def test_two_processes_share_the_work_and_one_takes_over_from_the_other(
    bank: Bank, marketing: Marketing
) -> None:
    with marketing.runs("--from-beginning", "--group", "both") as first:
        until(lambda: marketing.applied() > 0, "a change")
        with marketing.runs("--from-beginning", "--group", "both"):
            bank.change(500)
            until(lambda: marketing.told().count("reading ") >= 2, "its share")
            bank.change(500)
            first.kill()
            bank.change(500)
            until(marketing.up_to_date, "the end")
            time.sleep(2.0)  # a repeat would come now
    marketing.assert_right()
    assert max(marketing.done().values()) == 1


def test_without_from_beginning_it_begins_where_it_first_stood_even_when_killed_at_once(
    bank: Bank, marketing: Marketing
) -> None:
    with marketing.runs("--group", "late"):
        until(lambda: "reading  4 partitions" in marketing.told(), "its partitions")
        until(lambda: len(marketing.rows("SELECT * FROM position")) == PARTITIONS, "positions")
    before = len(bank.sent)
    bank.change(50)
    with marketing.runs("--group", "late"):
        until(marketing.up_to_date, "the end")
    assert set(marketing.done()) == {f"r-{number}" for number in range(before, len(bank.sent))}


def test_ctrl_c_ends_it_cleanly_and_kafka_knows_how_far_it_was(
    bank: Bank, marketing: Marketing
) -> None:
    with marketing.runs("--from-beginning", "--group", "clean") as process:
        until(lambda: marketing.applied() > 0 and marketing.up_to_date(), "the end")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    last = marketing.told().splitlines()[-1]
    sizes = Counter(bank.audience().values())
    for segment, name in SEGMENTS.items():
        assert f"{name} ({segment}) {sizes[segment]}" in last
    assert f"held back: {len(bank.held())}" in last
    with closing(KafkaConsumer(bootstrap_servers=bank.bootstrap, group_id="clean")) as consumer:
        told = {n: consumer.committed(TopicPartition(TOPIC, n)) for n in range(PARTITIONS)}
    assert told == bank.ends()


def test_a_database_of_another_topic_is_refused(bank: Bank, marketing: Marketing) -> None:
    with marketing.runs("--group", "other", "--seconds", "0.1") as process:
        assert process.wait(30) == 0
    with closing(sqlite3.connect(marketing.db)) as opened, opened:
        opened.execute("INSERT OR REPLACE INTO position VALUES (?, 1, 1000000)", (TOPIC,))
    with marketing.runs("--group", "other") as process:
        assert process.wait(60) == 1
    assert "this database has read up to 1000000" in marketing.told().splitlines()[-1]


def test_without_a_kafka_it_says_so_in_a_line(tmp_path: Path) -> None:
    db = tmp_path / "a.sqlite3"
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--bootstrap", "127.0.0.1:9", "--db", str(db)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("marketing_consumer: Kafka at 127.0.0.1:9: ")


def test_it_needs_kafka_python_and_nothing_of_ours() -> None:
    wanted = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(PROGRAM.read_text()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert wanted - sys.stdlib_module_names == {"kafka"}


def test_the_changes_of_these_tests_are_such_as_workers_send() -> None:
    for before, after in ((None, "s1"), ("s1", QUARANTINE), (QUARANTINE, None)):
        SegmentUpdate.model_validate_json(json.dumps(update("c-1", before, after, "r-1")))


def test_its_help_has_an_example() -> None:
    shown = subprocess.run(
        [sys.executable, str(PROGRAM), "--help"], capture_output=True, text=True, check=True
    )
    assert "Example: python marketing_consumer.py" in shown.stdout

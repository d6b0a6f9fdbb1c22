#!/usr/bin/env python3
r"""Keep an audience per segment up to date in SQLite, from Touchline's `segment-updates`.

Needs Python 3.11+ and kafka-python (`pip install kafka-python`), nothing of Touchline.
Where Kafka wants a login: `--security-protocol SASL_SSL --cafile ca.pem --username marketing
--password-file /run/secrets/marketing`; the password is never on the command line.

    python marketing_consumer.py --bootstrap localhost:9092 --db audiences.sqlite3 --from-beginning

Meanwhile, from any other program:

    sqlite3 audiences.sqlite3 \
        "SELECT customer_id FROM audience JOIN segment USING (segment) WHERE name = 'lurkers'"

How nothing is lost or doubled: only committed records are read. Each batch is applied in one
SQLite transaction together with the position after it, and only then committed to Kafka, so a
crash in between makes Kafka repeat records, and the position in SQLite tells that they are known.
The database is the truth: on a restart reading goes on from its positions. Several processes may
share the work when they share group and database.

Quarantined customers behave like nobody else (bots, errors). They are in no audience, only in
the table `held`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

TOPIC = "segment-updates"
QUARANTINE = "quarantine"
SIZES_SECONDS = 10.0
BUSY_SECONDS = 30.0
BOOTSTRAP_MS = 10_000
SESSION_MS = 6_000

TABLES = """
CREATE TABLE IF NOT EXISTS audience (
    customer_id TEXT PRIMARY KEY,
    segment TEXT NOT NULL,
    since TEXT NOT NULL,
    reason TEXT NOT NULL,
    update_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS audience_by_segment ON audience (segment);
CREATE TABLE IF NOT EXISTS segment (
    segment TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    model_version INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS held (
    customer_id TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    update_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS position (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
);
"""
NEWEST_NAME = """
INSERT INTO segment VALUES (?, ?, ?) ON CONFLICT (segment) DO UPDATE
SET name = excluded.name, model_version = excluded.model_version
WHERE excluded.model_version >= model_version
"""
SIZES = """
SELECT name, segment, count(*) FROM audience JOIN segment USING (segment)
GROUP BY segment ORDER BY 3 DESC, 1
"""


class Update(NamedTuple):
    """What matters here of a segment update. `segment` is None when the customer left."""

    customer_id: str
    segment: str | None
    name: str
    model_version: int
    occurred_at: str
    reason: str
    update_id: str


def update_of(value: bytes) -> Update:
    """An update from its JSON text; unknown fields are ignored.

    Raises ValueError, KeyError or TypeError where it is none.
    """
    found = json.loads(value)
    segment = found.get("to_segment")
    return Update(
        customer_id=found["customer_id"],
        segment=segment,
        name=found.get("segment_name") or segment or "",
        model_version=found["model_version"],
        occurred_at=found["occurred_at"],
        reason=found["reason"],
        update_id=found["update_id"],
    )


class Audiences:
    """The audiences in SQLite; everything of a batch happens in one transaction."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def position(self, partition: int) -> int | None:
        """The offset to be read next, or None where this database has read nothing yet."""
        row = self._db.execute(
            "SELECT next_offset FROM position WHERE topic = ? AND partition = ?", (TOPIC, partition)
        ).fetchone()
        return None if row is None else int(row[0])

    def begin_at(self, partition: int, offset: int) -> None:
        """Keep where reading begins, so that a restart before the first record begins there."""
        self._db.execute(
            "INSERT OR IGNORE INTO position VALUES (?, ?, ?)", (TOPIC, partition, offset)
        )

    def apply(self, partition: int, records: Sequence[Any]) -> list[str]:
        """Apply a batch of one partition, but for what is known; what was done, as lines."""
        done: list[str] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            position = self.position(partition) or 0
            for record in records:
                if record.offset >= position:
                    done.append(self._take(partition, record))
                    position = record.offset + 1
            self._db.execute(
                "INSERT OR REPLACE INTO position VALUES (?, ?, ?)", (TOPIC, partition, position)
            )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return done

    def sizes(self) -> str:
        """The audiences by size, as a line."""
        rows = self._db.execute(SIZES).fetchall()
        [held] = self._db.execute("SELECT count(*) FROM held").fetchone()
        told = ", ".join(f"{name} ({segment}) {size:,}" for name, segment, size in rows)
        return f"sizes    {told or 'no audience yet'}; held back: {held:,}"

    def _take(self, partition: int, record: Any) -> str:
        try:
            update = update_of(record.value)
        except (ValueError, KeyError, TypeError) as error:
            return f"SKIPPED  {TOPIC}[{partition}] offset {record.offset} is no update: {error!r}"
        before = self._forget(update.customer_id)
        if update.segment is None:
            return f"left     {update.customer_id}: {before or 'no audience'}. {update.reason}"
        if update.segment == QUARANTINE:
            self._db.execute(
                "INSERT INTO held VALUES (?, ?, ?)",
                (update.customer_id, update.occurred_at, update.update_id),
            )
            return f"HELD     {update.customer_id}: nobody is to write to it. {update.reason}"
        self._db.execute(NEWEST_NAME, (update.segment, update.name, update.model_version))
        self._db.execute(
            "INSERT INTO audience VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(update.customer_id, update.segment, update.occurred_at, update.reason),
                *(update.update_id, partition, record.offset),
            ),
        )
        now = f"{update.name} ({update.segment})"
        if before is None:
            return f"joined   {update.customer_id}: {now}. {update.reason}"
        return f"moved    {update.customer_id}: {before} -> {now}. {update.reason}"

    def _forget(self, customer_id: str) -> str | None:
        """Take a customer out of everything; where it was."""
        row = self._db.execute(
            "DELETE FROM audience WHERE customer_id = ? RETURNING segment", (customer_id,)
        ).fetchall()
        if row:
            [segment] = row[0]
            [name] = self._db.execute(
                "SELECT name FROM segment WHERE segment = ?", (segment,)
            ).fetchone()
            return f"{name} ({segment})"
        held = self._db.execute("DELETE FROM held WHERE customer_id = ?", (customer_id,))
        return "held back" if held.rowcount else None


class Unusable(Exception):
    """What was given cannot be used; the message says why."""


def login(options: argparse.Namespace) -> dict[str, Any]:
    """How to be let in, as kafka-python wants it. The file is read, its last line break is not."""
    given: dict[str, Any] = {"security_protocol": options.security_protocol}
    if "SSL" in options.security_protocol.split("_"):
        given |= {
            "ssl_cafile": options.cafile,
            "ssl_certfile": options.certfile,
            "ssl_keyfile": options.keyfile,
        }
    if options.security_protocol.startswith("SASL"):
        if not (options.username and options.password_file):
            raise Unusable(f"{options.security_protocol} needs --username and --password-file")
        try:
            password = Path(options.password_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Unusable(f"--password-file cannot be read ({type(error).__name__})") from None
        given |= {
            "sasl_mechanism": options.sasl_mechanism,
            "sasl_plain_username": options.username,
            "sasl_plain_password": password.removesuffix("\n").removesuffix("\r"),
        }
    return given


def run(options: argparse.Namespace, stop: Event) -> None:
    """Read until told to stop, or for so many seconds."""
    now = told = time.monotonic()
    end = now + options.seconds if options.seconds is not None else float("inf")
    placed: set[TopicPartition] = set()
    with closing(Audiences(options.db)) as audiences:
        consumer = KafkaConsumer(
            TOPIC,
            bootstrap_servers=options.bootstrap.split(","),
            **login(options),
            group_id=options.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            bootstrap_timeout_ms=BOOTSTRAP_MS,
            session_timeout_ms=SESSION_MS,
        )
        try:
            while not stop.is_set() and now < end:
                polled = consumer.poll(timeout_ms=500)
                new = consumer.assignment() - placed
                if new:
                    seek(consumer, audiences, sorted(new), options.from_beginning)
                placed = consumer.assignment()
                for place, records in polled.items():
                    if place not in new:
                        take(consumer, audiences, place, records)
                now = time.monotonic()
                if now - told >= SIZES_SECONDS:
                    told = now
                    say(audiences.sizes())
        finally:
            consumer.close(autocommit=False)
        say(audiences.sizes())


def seek(
    consumer: Any, audiences: Audiences, places: list[TopicPartition], from_beginning: bool
) -> None:
    """Go on from where the database is, in partitions that are new to this process."""
    say(f"reading  {len(places)} partitions of {TOPIC}")
    begins, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    for place in places:
        number, begin, end = place.partition, begins[place], ends[place]
        audiences.begin_at(number, begin if from_beginning else end)
        position = audiences.position(number)
        assert position is not None
        if position > end:
            raise Unusable(
                f"{TOPIC}[{number}] ends at {end}, but this database has read up to {position}: "
                "it belongs to another topic; give another --db"
            )
        if position < begin:
            say(
                f"WARNING  {begin - position:,} updates of {TOPIC}[{number}] were deleted before "
                "they were read: compare with `touchline segments export`"
            )
        consumer.seek(place, max(position, begin))


def take(consumer: Any, audiences: Audiences, place: TopicPartition, records: list[Any]) -> None:
    """First the database, then what was done, then Kafka.

    That Kafka does not take the position harms nothing: the database knows it.
    """
    for line in audiences.apply(place.partition, records):
        say(line)
    try:
        consumer.commit({place: OffsetAndMetadata(records[-1].offset + 1, "", -1)})
    except KafkaError as error:
        say(f"note     Kafka does not know the position, SQLite does: {type(error).__name__}")


def say(line: str) -> None:
    """One line, at once."""
    print(line, flush=True)


def add_login(parser: argparse.ArgumentParser) -> None:
    """The options of a Kafka that does not let everybody in."""
    protocols = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    mechanisms = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
    parser.add_argument("--security-protocol", default="PLAINTEXT", choices=protocols)
    parser.add_argument("--sasl-mechanism", default="PLAIN", choices=mechanisms)
    parser.add_argument("--username", help="user name, where the protocol has SASL in it")
    parser.add_argument("--password-file", help="file with the password of that user")
    parser.add_argument("--cafile", help="PEM file of the authorities that are trusted")
    parser.add_argument("--certfile", help="PEM file of our certificate")
    parser.add_argument("--keyfile", help="PEM file of its key")


def main() -> int:
    """The program; its exit status."""
    parser = argparse.ArgumentParser(
        description="Keep an audience per segment in SQLite, from Touchline's segment-updates.",
        epilog="Example: python marketing_consumer.py --from-beginning --db audiences.sqlite3",
    )
    parser.add_argument("--bootstrap", default="localhost:9092", help="Kafka, host:port[,...]")
    parser.add_argument("--db", default="audiences.sqlite3", help="SQLite file, made if missing")
    parser.add_argument("--group", default="marketing", help="consumer group")
    parser.add_argument(
        "--from-beginning",
        action="store_true",
        help="where the database has read nothing yet, begin with the oldest update there is "
        "(default: only what comes from now on)",
    )
    add_login(parser)
    parser.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")
    options = parser.parse_args()
    if "://" in options.bootstrap or "@" in options.bootstrap:
        parser.error("--bootstrap is host:port, more with commas, without scheme, user or password")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(options, stop)
    except Unusable as error:
        print(f"marketing_consumer: {error}", file=sys.stderr)
        return 1
    except KafkaError as error:
        print(
            f"marketing_consumer: Kafka at {options.bootstrap}: {type(error).__name__}: {error}",
            file=sys.stderr,
        )
        return 1
    except sqlite3.Error as error:
        print(f"marketing_consumer: {options.db}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What commit 960bda6 wrote, to be read by this version: tests/data/written_by_960bda6."""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agents.customers import customers
from agents.standings import standings
from domain.policy import Policy
from schemas.fields import milliseconds
from schemas.standings import Standings
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Clock, Partition
from streams.engine.store import MemoryStore
from tests.streams.running import CustomersPartition

DATA = Path(__file__).resolve().parents[1] / "data" / "written_by_960bda6"
CLOCKS: tuple[Clock, ...] = ("event", "wall")
POLICY = Policy()
# figures that are told since
NEW_FIGURES = (
    "relationship.began_at", "relationship.lost_days", "value.value_90_days",
    "value.value_90_days_before", "value.losing_value", "value.losing_value_reason",
    "experience.suggestions", "experience.comment_cards", "experience.remarks",
    "experience.answers_in_time", "experience.answers_late", "experience.answers_owed",
    "experience.answers_overdue", "experience.emotions", "experience.emotion",
    "experience.emotion_reason", "experience.journeys", "identification", "health",
    "campaigns", "campaigns_forgotten",
    "experience.poor_first_impression", "mailings",
)  # fmt: skip
NEW_OF_COMPLAINTS = ("steps", "next_step", "solution")
# the phase counts from first_seen, and classes go by sales volume
CHANGED_FIGURES = (
    "relationship.lifecycle_phase", "relationship.lifecycle_phase_reason",
    "value.relation_class", "value.relation_class_reason",
)  # fmt: skip

Change = tuple[bytes, bytes | None]


class Record(NamedTuple):
    """A record as it lay in Kafka; ``timestamp`` in ms."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Kept:
    """What the workers on one clock left: records of topics, the record they kept, figures."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._read: dict[str, list[Record]] = {}
        self._folder = DATA / clock
        self.about: dict[str, Any] = json.loads((self._folder / "about.json").read_text())
        self.partitions: int = self.about["partitions"]
        self.changelog = f"{self.about['app_id']}-customers-changelog"

    def records(self, topic: str) -> list[Record]:
        """Every committed record of a topic, partition by partition, each in its order."""
        if topic not in self._read:
            packed = (self._folder / f"{topic}.msgpack.xz").read_bytes()
            self._read[topic] = msgspec.msgpack.decode(lzma.decompress(packed), type=list[Record])
        return self._read[topic]

    def unpacked(self, name: str, into: Path) -> Path:
        """The directory ``record`` or ``replayed`` as it was."""
        tar = BytesIO(lzma.decompress((self._folder / f"{name}.tar.xz").read_bytes()))
        directory = into / name
        with tarfile.open(fileobj=tar) as files:
            files.extractall(directory, filter="data")
        return directory

    def customers(self) -> list[bytes]:
        """What ``touchline state --all --json`` said, a line for each customer."""
        return lzma.decompress((self._folder / "customers.jsonl.xz").read_bytes()).splitlines()

    @property
    def moment(self) -> int | None:
        """As of when it was said (ms); ``None``: how far each partition's clock has come."""
        at: str | None = self.about["customers_at"]
        return None if at is None else milliseconds(datetime.fromisoformat(at))

    def transactions(self, number: int) -> Iterator[list[Change]]:
        """What each transaction wrote into a partition of the changelog."""
        begun: list[Change] = []
        for record in self.records(self.changelog):
            if record.partition != number:
                continue
            assert record.key is not None
            begun.append((record.key, record.value))
            if record.key == CHECKPOINT_KEY:
                yield begun
                begun = []
        assert not begun, "a transaction ends with its checkpoint"

    def store(self, number: int) -> MemoryStore:
        """A partition's store as a restore fills it."""
        store = MemoryStore()
        for written in self.transactions(number):
            store.put_all(written)
        return store

    def restored(self, number: int) -> CustomersPartition:
        """A partition that goes on from what its changelog holds, with the newest standings."""
        store = self.store(number)
        saved = store.get(CHECKPOINT_KEY)
        assert saved is not None
        partition = Partition(
            customers(POLICY), number, store, load_checkpoint(saved), clock=self.clock
        )
        partition.adopt(self.standings())
        return partition

    def standings(self) -> Standings:
        """The newest standings, by which customers are classed among all."""
        making = standings(POLICY)
        found = [
            making.load_record(record.value or b"")
            for record in self.records(making.target)
            if record.key == making.key
        ]
        newest: Standings = max(found, key=lambda record: record.version)
        return newest


def of_then(line: bytes) -> dict[str, Any]:
    """A customer's line without what is new or counts otherwise."""
    return without_new(json.loads(line))


def without_new(line: dict[str, Any]) -> dict[str, Any]:
    """Figures without those that are new or count otherwise."""
    for path in (*NEW_FIGURES, *CHANGED_FIGURES):
        *subject, name = path.split(".")
        part = line
        for each in subject:
            part = part[each]
        part.pop(name, None)
    line.pop("care", None)  # a subject that is new
    for case in line["complaint_cases"]:
        for name in NEW_OF_COMPLAINTS:
            case.pop(name, None)
    return line

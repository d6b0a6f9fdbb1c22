"""What a partition drains, in however many commits, is read as the partition has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from agents.customers import customers
from domain.policy import Policy
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from streams.readmodel.file import ModelFile, Standing
from streams.readmodel.opening import make_file, open_file
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import CustomerFilter
from streams.settings import ServeSettings, Settings
from streams.sources.bank import Bank

META = {"partitions": "1"}


class Record(NamedTuple):
    """As it is fetched."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def commits(slice_records: int) -> Iterator[tuple[Partition[Any, Any, Any], dict[bytes, Any]]]:
    """A bank's days on one partition: the partition and the changelog after each commit."""
    bank = Bank(seed=3, customers=80)
    by_topic: defaultdict[str, list[Record]] = defaultdict(list)
    for one in [*bank.opening(), *islice(bank.days(), 1_500)]:
        by_topic[one.topic].append(Record(len(by_topic[one.topic]), 0, one.key, one.value))
    partition = Partition(customers(Policy()), 0, MemoryStore(), None, clock="event")
    for topic, records in by_topic.items():
        partition.receive(topic, records, len(records))
    while partition.step(1 << 60, slice_records):
        yield partition, dict(partition.drain().changelog)


def settings_of(directory: Path) -> Settings:
    return Settings(clock="event", serve=ServeSettings(directory=directory))


def keep(file: ModelFile, changelog: dict[bytes, Any]) -> None:
    with file.transaction():
        file.take_records(0, changelog)
        file.take_checkpoint(0, load_checkpoint(changelog[CHECKPOINT_KEY]))
        file.show(0)


@pytest.mark.parametrize("slice_records", [150, 100_000])
def test_every_customer_is_read_as_the_partition_has_it(tmp_path: Path, slice_records: int) -> None:
    file = make_file(tmp_path, META, [0], Policy())
    partition: Partition[Any, Any, Any] | None = None
    for each, changelog in commits(slice_records):
        keep(file, changelog)
        partition = each
    assert partition is not None
    model = ReadModel(settings_of(tmp_path))
    expected = {name: msgspec.json.encode(figures) for name, figures in partition.export()}
    assert len(expected) == 80
    rows = model.customers(CustomerFilter(), None, 1_000).rows
    assert {row.customer_id for row in rows} == expected.keys()
    for name, figures in expected.items():
        whole = model.customer(name)
        assert whole is not None and msgspec.json.encode(whole.figures) == figures
    told = [{one.customer_id: one.figures for one in part.customers} for part in model.parts()]
    assert [{name: msgspec.json.encode(one) for name, one in told[0].items()}] == [expected]
    owners = {name: figures.owner_id for name, figures in told[0].items()}
    assert {row.customer_id: row.owner_id for row in rows} == owners
    assert any(owners.values())


def test_who_has_no_state_any_more_is_not_listed(tmp_path: Path) -> None:
    file = make_file(tmp_path, META, [0], Policy())
    for _, changelog in commits(100_000):
        keep(file, changelog)
        gone = {key: None for key in changelog if key.endswith(b"c-000003")}
        assert gone
        keep(file, gone | {CHECKPOINT_KEY: changelog[CHECKPOINT_KEY]})
    model = ReadModel(settings_of(tmp_path))
    assert model.customer("c-000003") is None and model.customer("c-000004") is not None
    rows = model.customers(CustomerFilter(prefix="c-00000"), None, 1_000).rows
    assert [row.customer_id for row in rows] == [f"c-{n:06d}" for n in range(10) if n != 3]
    left = file._execute("SELECT count(*) FROM records WHERE owner = ?", (b"c-000003",)).fetchone()
    assert left == (0,)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = make_file(tmp_path, META, [0], Policy())
    ((_, changelog),) = commits(100_000)
    with pytest.raises(RuntimeError), file.transaction():
        file.take_records(0, changelog)
        file.move("alerts", 0, 7)
        raise RuntimeError
    assert file.next == {}
    assert file._execute("SELECT count(*) FROM records").fetchone() == (0,)
    keep(file, changelog)
    file.stamp({0: Standing(1 << 60, 0)})
    file.close()
    again = open_file(tmp_path, META, Policy())
    assert again._execute("SELECT count(*) FROM customers").fetchone() == (80,)

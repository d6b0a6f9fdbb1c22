"""Whatever is wrong with the file, it is built again, with one line that says why."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from streams.cluster.broker import LocalBroker
from streams.readmodel.connections import NotReadable
from streams.readmodel.directory import current as file_of
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import CustomerFilter
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.readmodel.following import (
    FollowerProcess,
    current,
    follower,
    run,
    settings_of,
)
from tests.streams.readmodel.writing import COUNTED, Writer
from tests.streams.running import PARTITIONS, until

CUSTOMERS = 5


async def _fill(settings: Settings, transactions: int) -> None:
    for number in range(PARTITIONS):
        async with Writer(settings, number, CUSTOMERS) as writer:
            for _ in range(transactions):
                await writer.write()


def _all_told(model: ReadModel) -> set[int]:
    """How many events customers have, once all customers are told of."""
    try:
        rows = model.customers(CustomerFilter(), None, 1_000).rows
        found = [model.customer(row.customer_id) for row in rows]
    except NotReadable:
        return set()
    assert len(rows) == CUSTOMERS * PARTITIONS
    return {one.figures.events for one in found if one is not None}


def _torn(file: Path) -> None:
    with file.open("r+b") as held:
        for at in range(8192, file.stat().st_size, 8192):
            held.seek(at)
            held.write(bytes(range(256)) * 4)


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _by(change: str) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(change)

    return spoil


_older = _by("PRAGMA user_version = 0")
_long_ago = _by("UPDATE partitions SET current_at = current_at - 86400000")
_other_topic = _by(f"UPDATE topics SET id = x'{bytes(range(16)).hex()}' WHERE topic = 'alerts'")
_too_far = _by("UPDATE positions SET next = next + 1000000")


def _gone(file: Path) -> None:
    file.unlink()


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (_torn, "torn"), (_emptied, "form"), (_older, "form 0"), (_long_ago, "forgotten deletions"),
    (_other_topic, "made anew"), (_too_far, "stands at"), (_gone, "none yet"),
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    place = tmp_path_factory.mktemp("spoilt")
    settings = settings_of("spoilt", module_broker.bootstrap, place / "serve")
    ensure_topics_of(settings)
    run(_fill(settings, 3))
    return settings


@pytest.mark.parametrize(("spoil", "why"), SPOILT)
def test_a_spoilt_file_is_built_again(
    filled: Settings, tmp_path: Path, spoil: Callable[[Path], None], why: str
) -> None:
    directory = str(filled.serve.directory)
    model = ReadModel(filled)
    with follower(filled, tmp_path / "first.log"):
        until(lambda: len(model.currency()) == PARTITIONS, "a file")
        current(model)
        assert _all_told(model) == {3}
    file = file_of(Path(directory))
    assert file is not None
    spoil(file)
    with follower(filled, tmp_path / "again.log") as one:
        until(one.built_again, "it to be built again")
        current(model)
        assert _all_told(model) == {3}
        assert why in one.told()
        assert one.told().count("built again") == 1
    assert len(list(Path(directory).glob("model-*.sqlite"))) == 1


@pytest.mark.parametrize("running", [True, False])
def test_a_changelog_made_anew_is_followed_anew(
    module_broker: LocalBroker, tmp_path: Path, *, running: bool
) -> None:
    settings = settings_of(f"anew-{running}", module_broker.bootstrap, tmp_path / "serve")
    ensure_topics_of(settings)
    run(_fill(settings, 2))
    model = ReadModel(settings)
    with follower(settings, tmp_path / "first.log") as one:
        current(model)
        assert _all_told(model) == {2}
        if not running:
            one.kill()
        admin = KafkaAdminClient(bootstrap_servers=module_broker.bootstrap)
        admin.delete_topics([settings.changelog])
        until(lambda: settings.changelog not in admin.list_topics(), "the deletion")
        admin.close()
        ensure_topics_of(settings)
        run(_fill(settings, 7))
        if not running:
            one.start()
        until(lambda: _all_told(model) == {7}, "what is in the new changelog")
        assert "made anew" in one.told()
        assert model.positions()[COUNTED, 0] == 7


def test_a_directory_has_one_follower(module_broker: LocalBroker, tmp_path: Path) -> None:
    settings = settings_of("one", module_broker.bootstrap, tmp_path / "serve")
    ensure_topics_of(settings)
    with follower(settings, tmp_path / "first.log") as first:
        until(lambda: len(ReadModel(settings).currency()) == PARTITIONS, "a follower")
        second = FollowerProcess(settings, tmp_path / "second.log")
        second.start()
        assert second.process is not None and first.process is not None
        assert second.process.wait(60) == 2
        assert f"has a follower already (process {first.process.pid})" in second.told()

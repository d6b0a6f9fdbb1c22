"""Which partitions are held here, and who holds the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.policy import Policy
from streams.engine.placing import partition_of
from streams.readmodel import shards
from streams.readmodel.opening import make_file
from streams.readmodel.reading import NotHere, ReadModel
from streams.settings import ServeSettings, SettingError, Settings


def _settings(**serve: object) -> Settings:
    return Settings(serve=ServeSettings.model_validate(serve))


@pytest.mark.parametrize(
    ("told", "expected"),
    [("", range(12)), ("0-5", range(6)), ("7, 0,3", (0, 3, 7)), ("4-4,4", (4,)), ("11", (11,))],
)
def test_partitions_are_read(told: str, expected: object) -> None:
    assert shards.held(_settings(partitions=told), 12) == tuple(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("all", "'all' is no partition; must be as in 0-5 or 0,3,7"),
        ("0,", "'' is no partition"),
        ("5-3", "'5-3' names partitions that are not there; there are 0-11"),
        ("6-12", "there are 0-11"),
        ("-1", "'-1' is no partition"),
    ],
)
def test_what_is_no_partition_is_refused(told: str, why: str) -> None:
    with pytest.raises(SettingError) as refused:
        shards.held(_settings(partitions=told), 12)
    assert why in str(refused.value) and "TOUCHLINE_SERVE__PARTITIONS" in str(refused.value)


def test_siblings_are_read() -> None:
    told = "0-2=http://a:8080/, 3,5=https://b:8443,4=http://c"
    assert shards.siblings(_settings(siblings=told), 6) == {
        0: "http://a:8080", 1: "http://a:8080", 2: "http://a:8080",
        3: "https://b:8443", 4: "http://c", 5: "https://b:8443",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("0-2", "'0-2' has no address"),
        ("0-2=b:8080", "'b:8080' is no address"),
        ("0-2=", "'' is no address"),
        ("x=http://b", "'x' is no partition"),
        ("0=http://a,0=http://b", "partition 0 is given to http://a and to http://b"),
    ],
)
def test_siblings_that_cannot_be_are_refused(told: str, why: str) -> None:
    with pytest.raises(SettingError) as refused:
        shards.siblings(_settings(siblings=told), 6)
    assert why in str(refused.value) and "TOUCHLINE_SERVE__SIBLINGS" in str(refused.value)


def test_who_asks_for_another_partition_is_sent_on(tmp_path: Path) -> None:
    settings = _settings(directory=tmp_path, partitions="0-2", siblings="3-4=http://b:8080")
    file = make_file(tmp_path, {"partitions": "6"}, range(3), Policy())
    with file.transaction():
        for number in range(3):
            file.show(number)
    model = ReadModel(settings)
    by_place = {partition_of(f"c-{n}".encode(), 6): f"c-{n}" for n in range(200)}
    assert [model.customer(by_place[number]) for number in range(3)] == [None] * 3
    for number, address in ((3, "http://b:8080"), (5, "")):
        for ask in (model.customer, lambda one: model.timeline(one, None, 9, opened=True)):
            with pytest.raises(NotHere) as told:
                ask(by_place[number])
            assert (told.value.partition, told.value.address) == (number, address)


def test_siblings_are_those_of_as_many_partitions_as_there_are(tmp_path: Path) -> None:
    """The topics may have more than the setting says, which is only how they are made."""
    told = "6-7=http://b:8080/, 4=http://c, 8-11=http://b:8080"
    settings = _settings(directory=tmp_path, partitions="0-3", siblings=told)
    model = ReadModel(settings.model_copy(update={"partitions": 4}), Policy())
    assert model.siblings() == []
    make_file(tmp_path, {"partitions": "12"}, range(4), Policy())
    assert model.siblings() == ["http://b:8080", "http://c"]

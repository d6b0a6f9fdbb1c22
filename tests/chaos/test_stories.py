"""The stories of the load: every kind is in them, and what must come of them is decided."""

from __future__ import annotations

from datetime import timedelta

from tests.chaos.load import Maker
from tests.chaos.stories import Stories
from tests.chaos.told import Json, Told


def test_stories_have_every_kind_in_them_and_are_decided() -> None:
    clock, told = [0.0], Told()

    def make(topic: str, customer: str, age: timedelta, fields: Json) -> str:
        given = {name: value for name, value in fields.items() if name != "type"}
        return told(clock[0], customer, fields["type"], ago=age.total_seconds(), **given)

    stories = Stories(7, make, lambda: clock[0], ["v-1", "v-2"])
    while clock[0] < 120:
        next(stories)
        clock[0] += 0.01
    expected = told.expected
    assert len(expected.people.merged) > 100
    assert len(expected.people.erased) > 60
    assert not expected.undecided
    assert expected.dropped > 1_000
    offers = sum(kind == "offer_window" for kind, _ in expected.alerts)
    unsure = sum(kind == "offer_window" for kind, _ in expected.maybe)
    assert offers > 50
    assert unsure < offers / 2


def test_a_maker_tells_stories_among_its_records() -> None:
    maker = Maker(3)
    names = {record.key for _ in range(50) for record in maker.next()}
    assert any(name is not None and name.startswith((b"m", b"v-m")) for name in names)

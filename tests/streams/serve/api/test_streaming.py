"""What a stream is made of: ids, frames, and a client that is slow."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.topics import ALERT_STATES, CUSTOMER_TRANSITIONS, SIGNALS
from streams.readmodel.rows import Change, Positions
from streams.serve.streaming import vector
from streams.serve.streaming.client import Client
from streams.serve.streaming.frames import Burst, burst, frames
from streams.serve.streaming.vector import NUMBERED, NotAVector, Vector
from tests.streams.serve.api.listening import events

PLACES = some.tuples(some.sampled_from(NUMBERED), some.integers(0, 199))


@given(some.dictionaries(PLACES, some.integers(1, 2**62)), some.integers(0, 2**45))
def test_an_id_is_read_as_it_was_written(positions: dict[tuple[str, int], int], at: int) -> None:
    text = vector.dump(Vector(at, positions))
    assert vector.load(text) == (at, positions)


def test_an_id_of_twelve_partitions_is_short() -> None:
    positions = {(topic, number): 10**7 + number for topic in NUMBERED for number in range(12)}
    assert len(vector.dump(Vector(1_771_000_000_000, positions))) < 500


@given(some.text(max_size=60) | some.binary(max_size=40).map(lambda b: b.hex()))
def test_what_is_no_id_is_refused(text: str) -> None:
    try:
        vector.load(text)
    except NotAVector:
        return
    assert vector.load(text).at >= 0


def _change(offset: int, topic: str = SIGNALS, **value: object) -> Change:
    return Change(offset, topic, 0, offset, None, msgspec.json.encode(value))


def test_frames_are_events_with_the_id_behind_all_of_them() -> None:
    told = frames([_change(4, kind="a"), _change(5, ALERT_STATES, kind="b")], None)
    gone = Change(6, ALERT_STATES, 0, 6, None, b"")
    spread = Change(7, SIGNALS, 0, 7, None, b'{\n "kind": "c"\r\n}')
    assert not frames([gone], None)
    sent = burst([*told, *frames([spread], None)], "here").decode()
    found = list(events(iter(sent.split("\n"))))
    assert [(each.name, each.data["kind"]) for each in found] == [
        ("signal", "a"), ("alert-state", "b"), ("signal", "c"),
    ]  # fmt: skip
    assert [each.last_id for each in found] == ["", "", "here"]


def test_whose_customer_it_is_decides_who_is_told() -> None:
    changes = [
        Change(1, ALERT_STATES, 0, 1, "c-1", b'{"owner_id":"m-1"}'),
        Change(2, CUSTOMER_TRANSITIONS, 0, 2, "c-2", b"{}"),
        Change(3, SIGNALS, 0, 3, None, b"{}"),
    ]
    told = frames(changes, {"c-2": "m-2"})
    topics = frozenset(NUMBERED)
    seen = {
        owner: [frame.offset for frame in Client(topics, owner).new(told)]
        for owner in ("m-1", "m-2", "m-3", None)
    }
    assert seen == {"m-1": [1], "m-2": [2], "m-3": [], None: [1, 2, 3]}


def test_an_alert_that_is_of_another_owner_now_goes_from_the_former_alone() -> None:
    state = b'{"alert_id":"a-1","customer_id":"c-1","owner_id":"m-2","reason":"r"}'
    nobodys = b'{"alert_id":"a-2","customer_id":"c-2","reason":"r"}'
    told = frames(
        [
            Change(1, ALERT_STATES, 0, 1, "c-1", state, "m-1"),
            Change(2, ALERT_STATES, 0, 2, "c-2", nobodys, "m-1"),
        ],
        {},
    )
    seen = {}
    for owner in ("m-1", "m-2", "m-3", None):
        client = Client(frozenset(NUMBERED), owner)
        sent = burst(client.new(told), "here").decode()
        seen[owner] = [each.data for each in events(iter(sent.split("\n")))]
    gone = [{"alert_id": "a-1", "deleted": True}, {"alert_id": "a-2", "deleted": True}]
    whole = [msgspec.json.decode(state), msgspec.json.decode(nobodys)]
    assert seen == {"m-1": gone, "m-2": whole[:1], "m-3": [], None: whole}
    assert Client(frozenset({SIGNALS}), "m-1").new(told) == []


def _burst(vector: str, *changes: Change, before: Positions | None = None) -> Burst:
    told = frames(changes, None)
    return Burst(told, vector, burst(told, vector), before or {})


def _offsets(sent: bytes | None) -> list[int]:
    assert sent is not None
    return [each.data["n"] for each in events(iter(sent.decode().split("\n")))]


def test_a_client_that_is_slow_is_lost_and_found_again() -> None:
    async def run() -> None:
        client = Client(frozenset(NUMBERED), None, most_bytes=1_000)
        for offset in range(100):
            client.offer(_burst("id", _change(offset, text="x" * 100)))
        assert client.lost
        assert await client.take(0.01) is None
        client.found_again()
        assert await client.take(0.01) is None
        client.offer(_burst("then", _change(100, n=100)))
        assert _offsets(await client.take(1.0)) == [100]
        client.end()
        assert await client.take(1.0) is None
        assert client.over

    asyncio.run(run())


def test_what_a_client_has_is_not_told_again() -> None:
    async def run() -> None:
        client = Client(frozenset(NUMBERED), None)
        client.behind = {(SIGNALS, 0): 5}
        client.offer(_burst("a", _change(4, n=4), _change(5, n=5), before={(SIGNALS, 0): 4}))
        assert _offsets(await client.take(1.0)) == [5]
        client.offer(_burst("b", _change(5, n=5), _change(6, n=6), before={(SIGNALS, 0): 5}))
        client.offer(_burst("c", _change(6, n=6), before={(SIGNALS, 0): 6}))
        assert _offsets(await client.take(1.0)) == [6]
        client.offer(_burst("d", _change(6, n=6), before={(SIGNALS, 0): 6}))
        assert await client.take(1.0) == b""
        again = _burst("e", _change(7, n=7), before={(SIGNALS, 0): 7})
        client.offer(again)
        client.offer(again)
        # nothing can be left out any more, and nothing is looked at
        assert _offsets(await client.take(1.0)) == [7, 7]

    asyncio.run(run())


@pytest.mark.parametrize("torn", ["AQ", "AQAB", "AQABAQL_", "Ag", "AQABCQEB"])
def test_a_torn_id_is_refused(torn: str) -> None:
    with pytest.raises(NotAVector):
        vector.load(torn)

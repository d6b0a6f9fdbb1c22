"""A stream on a read model's file, without Kafka: going on, being slow, a file built again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI

from domain.policy import Policy
from schemas.topics import ALERT_STATES, CUSTOMER_TRANSITIONS, SEGMENT_UPDATES, SIGNALS
from streams.readmodel.opening import make_file
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter
from streams.serve.access.who import Who
from streams.serve.api.asking import ask_of
from streams.serve.api.stream import Told
from streams.serve.metrics import ServeMetrics
from streams.serve.streaming import vector
from streams.serve.streaming.client import Client
from streams.serve.streaming.hub import Hub
from streams.serve.streaming.vector import NUMBERED, Vector
from streams.settings import ServeSettings, Settings
from tests.streams.serve.api.listening import Event, events
from tests.streams.serve.pages.house import Put, state

WHO = Who("test", frozenset(("read",)), is_person=False)


class House:
    """A read model's file that is written by hand, and streams of it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        settings = Settings(serve=ServeSettings(directory=directory))
        self.model = ReadModel(settings)
        self.app = FastAPI()
        self.app.state.metrics = ServeMetrics()
        self.app.state.streams_of = Counter()
        self.hub = Hub(self.model, partial(ask_of, self.app), self.app.state.metrics)
        self.app.state.hub = self.hub
        self.build()

    def build(self) -> None:
        """The file, from nothing; one partition."""
        self.file = make_file(self._directory, {"partitions": "1"}, [0], Policy())
        self._run("UPDATE partitions SET shown = 1, current_at = ?", _now())
        self.next = self.states = 0

    def _run(self, statement: str, *values: object) -> None:
        self.file._connection.execute(statement, values)

    def comes(self, *names: str, size: int = 0) -> None:
        """Signals come out, one for each name."""
        for name in names:
            value = b'{"kind":"%b","fill":"%b"}' % (name.encode(), b"x" * size)
            self._run(
                "INSERT INTO outputs (topic, number, position, customer, at, type, value) "
                "VALUES (?, 0, ?, NULL, ?, 'signal', ?)",
                SIGNALS, self.next, _now(), value,
            )  # fmt: skip
            self.next += 1
            self._run("INSERT OR REPLACE INTO positions VALUES (?, 0, ?)", SIGNALS, self.next)

    def stands(self, **fields: Any) -> None:
        """How the one alert of c-1 stands, as the follower reads it."""
        record = state(1, **fields)
        put = Put(self.states, record["alert_id"].encode(), msgspec.json.encode(record))
        self.states += 1
        with self.file.transaction():
            self.file.take_outputs(ALERT_STATES, 0, [put])
            self.file.move(ALERT_STATES, 0, self.states)

    def moves(self, customer: str, topic: str) -> None:
        """Something of a customer comes out that does not tell whose customer it is."""
        record = {"customer_id": customer, "occurred_at": "2026-03-01T00:00:00Z"}
        at = self.file.next.get((topic, 0), 0)
        self.file.take_outputs(topic, 0, [Put(at, b"", msgspec.json.encode(record))])
        self.file.move(topic, 0, at + 1)

    def owned(self, customer: str, owner: str) -> None:
        """Whose customer that is."""
        self._run(
            "INSERT INTO customers VALUES (?, 0, 0, '', 0, 0, 0, 0, ?)", customer, owner
        )  # fmt: skip

    def stream(self, last: str = "", most_bytes: int = 10**6, **of: Any) -> AsyncIterator[Event]:
        """What a client is told, event by event."""
        return _parsed(self.pieces(last, most_bytes, **of))

    def pieces(
        self,
        last: str = "",
        most_bytes: int = 10**6,
        *,
        owner: str | None = None,
        topics: Iterable[str] = NUMBERED,
    ) -> AsyncIterator[bytes]:
        """What a client is sent."""

        async def there() -> bool:
            return False

        gate = SimpleNamespace(looks_on=lambda *_: nullcontext())
        request: Any = SimpleNamespace(app=self.app, is_disconnected=there)
        serve: Any = SimpleNamespace(model=self.model, gate=gate)
        client = Client(frozenset(topics), owner, most_bytes)
        since = vector.load(last) if last else None
        return Told(request, serve, self.hub, client, since, who=WHO).pieces()


async def _parsed(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    async for piece in pieces:
        for event in events(iter(piece.decode().split("\n"))):
            yield event


def _now() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def house(directory: Path) -> AsyncIterator[House]:
    made = House(directory)
    try:
        yield made
    finally:
        await made.hub.close()
        made.file.close()


async def _next(stream: AsyncIterator[Event]) -> Event:
    async with asyncio.timeout(20.0):
        return await anext(stream)


async def _kinds(stream: AsyncIterator[Event], count: int) -> list[str]:
    return [(await _next(stream)).data["kind"] for _ in range(count)]


def test_what_comes_is_told_once_and_going_on_leaves_nothing_out(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            here.comes("before")
            stream = here.stream()
            first = await _next(stream)
            assert first.name == "ready"
            here.comes("a", "b")
            assert await _kinds(stream, 2) == ["a", "b"]
            here.comes("c")
            told = await _next(stream)
            assert told.data["kind"] == "c"
            here.comes("d", "e")
            again = here.stream(told.last_id)
            assert (await _next(again)).name == "ready"
            assert await _kinds(again, 2) == ["d", "e"]
            here.comes("f")
            assert await _kinds(again, 1) == ["f"]
            from_the_start = here.stream(first.last_id)
            assert (await _next(from_the_start)).name == "ready"
            assert await _kinds(from_the_start, 6) == list("abcdef")

    asyncio.run(run())


def test_many_are_told_of_in_order_while_more_come(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            first = await _next(here.stream())
            here.comes(*(f"{at:04}" for at in range(900)))
            stream = here.stream(first.last_id)
            assert (await _next(stream)).name == "ready"
            found = await _kinds(stream, 300)
            here.comes(*(f"{at:04}" for at in range(900, 1200)))
            found += await _kinds(stream, 900)
            assert found == [f"{at:04}" for at in range(1200)]

    asyncio.run(run())


def test_a_client_that_is_slow_is_told_to_read_anew_and_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            stream = here.stream(most_bytes=5_000)
            assert (await _next(stream)).name == "ready"
            here.comes(*map(str, range(50)), size=500)
            await asyncio.sleep(0.5)
            anew = await _next(stream)
            assert (anew.name, anew.data["why"]) == ("resync", "slow")
            here.comes("then")
            assert await _kinds(stream, 1) == ["then"]
            again = here.stream(anew.last_id)
            assert (await _next(again)).name == "ready"
            assert await _kinds(again, 1) == ["then"]

    asyncio.run(run())


def test_a_file_that_is_built_again_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            here.comes("a")
            stream = here.stream()
            assert (await _next(stream)).name == "ready"
            here.file.close()
            here.build()
            assert (await _next(stream)).name == "resync"
            here.comes("b")
            assert await _kinds(stream, 1) == ["b"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("at", "positions", "why"),
    [(0, 10**9, "not from here"), (-86_400_000, 1, "away too long")],
)
def test_an_id_that_leads_nowhere_is_told_to_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, positions: int, why: str
) -> None:
    monkeypatch.setattr("streams.serve.api.stream.AHEAD_SECONDS", 0.2)

    async def run() -> None:
        async with house(tmp_path) as here:
            here.comes("a")
            last = vector.dump(Vector(_now() + at, {(SIGNALS, 0): positions}))
            stream = here.stream(last)
            anew = await _next(stream)
            assert (anew.name, anew.data["why"]) == ("resync", why)
            here.comes("b")
            assert await _kinds(stream, 1) == ["b"]

    asyncio.run(run())


def test_the_end_of_the_process_ends_streams(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            stream = here.stream()
            assert (await _next(stream)).name == "ready"
            here.hub.end()
            assert [each async for each in stream] == []

    asyncio.run(run())


GONE = {"alert_id": state(1)["alert_id"], "deleted": True}


def test_an_alert_leaves_whose_customer_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path) as here:
            here.stands(owner_id="m-1")
            streams = {owner: here.stream(owner=owner) for owner in ("m-1", "m-2", "m-3", None)}
            ids = {owner: (await _next(stream)).last_id for owner, stream in streams.items()}
            here.stands(owner_id="m-2")
            for owner, status in (("m-2", "open"), (None, "open"), ("m-1", None)):
                told = (await _next(streams[owner])).data
                assert told.get("status") == status, owner
            here.stands(owner_id="m-3", status="acknowledged")
            assert (await _next(streams["m-2"])).data == GONE
            assert (await _next(streams["m-3"])).data["status"] == "acknowledged", "and no more"
            # m-1 is told once: the next that it gets is its own again
            here.stands(owner_id="m-1", status="resolved")
            assert (await _next(streams["m-1"])).data["status"] == "resolved"
            # who was away is told the same
            seen = {"m-1": [None, "resolved"], "m-2": ["open", None], "m-3": ["acknowledged", None]}
            for owner, standing in seen.items():
                again = here.stream(ids[owner], owner=owner)
                assert (await _next(again)).name == "ready"
                found = [(await _next(again)).data for _ in standing]
                assert [each.get("status") for each in found] == standing, owner

    asyncio.run(run())


def test_who_has_own_customers_goes_on_at_any_replica(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path / "one") as one, house(tmp_path / "other") as other:
            for each in (one, other):
                each.stands(owner_id="m-1")
            stream = one.stream(owner="m-1")
            last = (await _next(stream)).last_id
            for each in (one, other):
                each.stands(owner_id="m-2")
                each.stands(owner_id="m-2", status="acknowledged")
            elsewhere = other.stream(last, owner="m-1")
            assert [(await _next(elsewhere)).name for _ in range(2)] == ["ready", "alert-state"]
            at_m_2 = other.stream(last, owner="m-2")
            assert (await _next(at_m_2)).name == "ready"
            assert [(await _next(at_m_2)).data["status"] for _ in range(2)] == [
                "open", "acknowledged",
            ]  # fmt: skip
            other.stands(owner_id="m-1", status="resolved")
            assert (await _next(elsewhere)).data["status"] == "resolved"

    asyncio.run(run())


def test_a_file_that_was_begun_since_has_own_customers_read_anew(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path / "one") as one:
            one.stands(owner_id="m-1")
            last = (await _next(one.stream(owner="m-1"))).last_id
        await asyncio.sleep(0.01)
        async with house(tmp_path / "new") as new:
            new.states = 1  # the first record was cleared away: that it was m-1's nobody knows
            new.stands(owner_id="m-2")
            again = new.stream(last, owner="m-1")
            anew = await _next(again)
            assert (anew.name, anew.data["why"]) == ("resync", "built again")
            assert new.model.alerts(AlertFilter(owner_id="m-1"), None, 10).rows == []
            new.stands(owner_id="m-1", status="acknowledged")
            assert (await _next(again)).data["status"] == "acknowledged"
            everybody = new.stream(last)
            assert (await _next(everybody)).name == "ready"
            assert (await _next(everybody)).data["owner_id"] == "m-2"

    asyncio.run(run())


def test_heartbeats_lead_on_who_sees_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.serve.api.stream.HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr("streams.serve.api.stream.MOST_BEHIND", 50)

    async def run() -> None:
        async with house(tmp_path) as here:
            here.comes("before")
            here.stands(owner_id="m-1")
            pieces = here.pieces(owner="m-1")
            last = await _last_id(pieces, b"event: ready")
            here.comes(*map(str, range(60)))
            here.stands(owner_id="m-1", note="a note")
            last = await _last_id(pieces, b"event: alert-state")
            for _ in range(2):  # whoever reads a heartbeat is not led back by it
                at = vector.load(last).positions
                last = await _last_id(pieces, b": alive")
                assert vector.load(last).positions == at == {(SIGNALS, 0): 61, (ALERT_STATES, 0): 2}
            here.comes(*map(str, range(60)))
            while vector.load(last).positions[SIGNALS, 0] < 121:
                last = await _last_id(pieces, b": alive")
            here.stands(owner_id="m-1", status="acknowledged")
            again = here.stream(last, owner="m-1")
            assert (await _next(again)).name == "ready"
            assert (await _next(again)).data["status"] == "acknowledged"

    asyncio.run(run())


async def _last_id(pieces: AsyncIterator[bytes], kind: bytes) -> str:
    """The id of the next piece of this kind."""
    async with asyncio.timeout(20.0):
        async for piece in pieces:
            if piece.startswith(kind):
                return piece.decode().rpartition("id: ")[2].strip()
    raise AssertionError("the stream ended")


def test_owners_are_looked_up_where_somebody_is_kept_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    owners = ReadModel.owners

    def noted(self: ReadModel, customers: Iterable[str]) -> dict[str, str]:
        asked.append(set(customers))
        return owners(self, customers)

    monkeypatch.setattr(ReadModel, "owners", noted)

    async def run() -> None:
        async with house(tmp_path) as here:
            here.owned("c-1", "m-1")
            here.owned("c-2", "m-2")
            every, of_states = here.stream(), here.stream(owner="m-1", topics=[ALERT_STATES])
            assert [(await _next(each)).name for each in (every, of_states)] == ["ready"] * 2
            here.moves("c-2", CUSTOMER_TRANSITIONS)
            here.stands(owner_id="m-1")
            assert [(await _next(every)).name for _ in range(2)] == [
                "customer-transition", "alert-state",
            ]  # fmt: skip
            assert (await _next(of_states)).name == "alert-state"
            assert asked == []
            moving = here.stream(owner="m-1", topics=[CUSTOMER_TRANSITIONS])
            assert (await _next(moving)).name == "ready"
            here.moves("c-9", SEGMENT_UPDATES)
            here.moves("c-2", CUSTOMER_TRANSITIONS)
            here.moves("c-1", CUSTOMER_TRANSITIONS)
            assert (await _next(moving)).data["customer_id"] == "c-1"
            assert set().union(*asked) == {"c-1", "c-2"}

    asyncio.run(run())


def test_who_comes_while_owners_are_looked_up_is_told_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()
    owners = ReadModel.owners

    def slow(self: ReadModel, customers: Iterable[str]) -> dict[str, str]:
        looking.set()
        assert go_on.wait(20)
        return owners(self, customers)

    monkeypatch.setattr(ReadModel, "owners", slow)

    async def run() -> None:
        async with house(tmp_path) as here:
            here.owned("c-1", "m-1")
            here.owned("c-3", "m-1")
            moving = here.stream(owner="m-1", topics=[CUSTOMER_TRANSITIONS])
            assert (await _next(moving)).name == "ready"
            with here.file.transaction():
                here.moves("c-1", CUSTOMER_TRANSITIONS)
                here.moves("c-3", SEGMENT_UPDATES)
            assert await asyncio.to_thread(looking.wait, 20)
            updated = here.stream(owner="m-1", topics=[SEGMENT_UPDATES])
            assert (await _next(updated)).name == "ready"
            go_on.set()
            assert (await _next(moving)).data["customer_id"] == "c-1"
            assert (await _next(updated)).data["customer_id"] == "c-3"

    asyncio.run(run())

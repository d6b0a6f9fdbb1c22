"""Events posted over HTTP, into a real broker."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from schemas.examples import EXAMPLES
from schemas.topics import TOPIC_OF_TYPE
from streams.cluster.broker import LocalBroker
from streams.engine.placing import partition_of
from streams.serve import positions
from streams.serve.access.who import Who
from streams.settings import Settings
from streams.topics.ensure import ensure_topics
from tests.streams.serve.ingest.house import ADMIN, click, house, lying_in_kafka, settings


@pytest.fixture(scope="module")
def kafka(module_broker: LocalBroker) -> Iterator[Settings]:
    """Settings of an application whose topics are there."""
    ensure_topics(module_broker.bootstrap, "posting", 4).raise_if_wrong()
    yield settings(module_broker.bootstrap)


async def test_the_very_bytes_lie_where_produce_would_put_them(kafka: Settings) -> None:
    body = (
        b'[ {"type":"app_click", "event_id":"e-bytes","customer_id":"c-\xc3\xa9",'
        b'\n"occurred_at":"2026-01-31T09:00:00.000Z","channel":"app", "action":"news_view"} ]'
    )
    async with house(kafka) as here:
        answer = await here.post(body)
    assert answer.status_code == 202, answer.text
    [item] = answer.json()["items"]
    key = "c-é".encode()
    place = item["topic"], item["partition"], item["offset"]
    assert place[:2] == (TOPIC_OF_TYPE["app_click"], partition_of(key, 4))
    behind = {(place[0], place[1]): place[2] + 1}
    assert positions.read(answer.headers["touchline-position"]) == behind
    [record] = [one for one in await lying_in_kafka(kafka.kafka.bootstrap or "", [place[0]])
                if (one.topic, one.partition, one.offset) == place]  # fmt: skip
    assert (record.key, record.value) == (key, body[2:-2])


async def test_every_type_goes_to_its_topic(kafka: Settings) -> None:
    events = [{**example, "event_id": f"x-{kind}-{number}"}
              for kind, examples in EXAMPLES.items()
              for number, example in enumerate(examples)]  # fmt: skip
    async with house(kafka) as here:
        answer = await here.post(events)
    assert answer.status_code == 202, answer.text
    told = [item["topic"] for item in answer.json()["items"]]
    assert told == [TOPIC_OF_TYPE[event["type"]] for event in events]


async def test_refused_items_are_told_and_not_sent(kafka: Settings) -> None:
    async with house(kafka) as here:
        before = len(await lying_in_kafka(here_is(kafka)))
        answer = await here.post([click(1), {"type": "transaction"}, click(2), 5])
        assert answer.status_code == 207
        told = answer.json()
        none = await here.post([{"type": "transaction", "event_id": "e-1"}])
        after = len(await lying_in_kafka(here_is(kafka)))
    assert (told["accepted"], told["refused"], after - before) == (2, 2, 2)
    assert [item["status"] for item in told["items"]] == [
        "accepted", "refused", "accepted", "refused"]  # fmt: skip
    assert told["items"][1]["reason"] == "invalid"
    assert "event_id: missing; must be given" in told["items"][1]["detail"]
    assert none.status_code == 422
    assert none.headers["content-type"] == "application/problem+json"
    assert none.json()["kind"] == "none_accepted"
    assert none.json()["items"][0]["index"] == 0


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "not_json"),
        (b"\xff\xfe{}", 400, "not_json"),
        (b"[1, 2", 400, "not_json"),
        (b"[" * 100_000, 400, "not_json"),
        (b"[]", 422, "none_accepted"),
        (json.dumps([click(1)] * 501).encode(), 413, "too_many_items"),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', 413, "too_large"),
    ],
)
async def test_bodies_that_cannot_be_taken(
    kafka: Settings, body: bytes, status: int, kind: str
) -> None:
    async with house(kafka) as here:
        answer = await here.post(body)
    assert (answer.status_code, answer.json()["kind"]) == (status, kind)


def here_is(kafka: Settings) -> str:
    assert kafka.kafka.bootstrap is not None
    return kafka.kafka.bootstrap


def raw_deflate(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(body) + packing.flush()


def zstd(body: bytes) -> bytes:
    packed = pa.compress(body, codec="zstd", asbytes=True)
    assert isinstance(packed, bytes)
    return packed


PACKED: dict[str, list[Callable[[bytes], bytes]]] = {
    "gzip": [gzip.compress, lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])],
    "deflate": [zlib.compress, raw_deflate],
    "zstd": [zstd],
}


async def test_packed_bodies(kafka: Settings) -> None:
    body = json.dumps([click(number) for number in range(9)]).encode()
    bomb = b" " * (200 << 20)
    async with house(kafka) as here:
        for name, ways in PACKED.items():
            for pack in ways:
                answer = await here.post(pack(body), content_encoding=name)
                assert answer.status_code == 202, (name, answer.text)
            broken = await here.post(ways[0](body)[:-9], content_encoding=name)
            assert (broken.status_code, broken.json()["kind"]) == (400, "not_unpacked"), name
            exploding = await here.post(ways[0](bomb)[: 1 << 20], content_encoding=name)
            assert (exploding.status_code, exploding.json()["kind"]) == (413, "too_large"), name
        both = await here.post(gzip.compress(zlib.compress(body)), content_encoding="deflate, gzip")
        unknown = await here.post(body, content_encoding="br")
        wrong = await here.post(body, content_type="text/csv")
    assert [each.status_code for each in (both, unknown, wrong)] == [415, 415, 415]


async def test_json_lines(kafka: Settings) -> None:
    lines = b"\n".join([json.dumps(click(1)).encode(), b"", b'{"type":', b"\r"])
    async with house(kafka) as here:
        answer = await here.post(lines, content_type="application/x-ndjson; charset=utf-8")
    assert answer.status_code == 207
    assert [item.get("reason") for item in answer.json()["items"]] == [None, "not_json"]


async def test_what_else_a_worker_would_refuse(kafka: Settings) -> None:
    future, nobody = click(1, occurred_at="2199-01-01T00:00:00Z"), click(2, "undefined")
    async with house(kafka) as here:
        answer = await here.post([future, nobody])
    told = [(item["reason"], item["detail"]) for item in answer.json()["items"]]
    assert [reason for reason, _ in told] == ["in_future", "invalid"]
    assert "s ahead of now; at most 300 s are allowed" in told[0][1]


async def test_a_key_for_events_neither_erases_nor_acts_by_them(kafka: Settings) -> None:
    erase = {"type": "profile", "event_id": "p-1", "customer_id": "c-1", "channel": "other",
             "occurred_at": "2026-01-31T09:00:00Z", "erase": True}  # fmt: skip
    who = Who("till", frozenset(("ingest",)), is_person=False)
    async with house(kafka, who=who) as here:
        answer = await here.post([erase, EXAMPLES["desk"][0], click(1)])
        here.gate.who = who._replace(scopes=frozenset(("read",)))
        shut = await here.post(click(1))
        here.gate.who = ADMIN._replace(owner_id="m-1")
        own = await here.post(click(1))
    told = [(item.get("reason"), item.get("detail")) for item in answer.json()["items"]]
    assert [reason for reason, _ in told] == ["not_allowed", "not_allowed", None]
    assert "scope erase" in str(told[0][1]) and "scope act" in str(told[1][1])
    assert (shut.status_code, own.status_code) == (403, 403)


async def test_the_same_request_again_under_a_key(kafka: Settings) -> None:
    async with house(kafka) as here:
        before = len(await lying_in_kafka(here_is(kafka)))
        first, second = [await here.post(click(1), idempotency_key="k-1") for _ in range(2)]
        other = await here.post(click(2), idempotency_key="k-1")
        wrong = await here.post(click(2), idempotency_key="k" * 201)
        odd = [
            await here.client.post("/v1/events", json=click(2), headers={b"Idempotency-Key": key})
            for key in ("ключ".encode(), b"k\xe9", b"k\t1")
        ]
        after = len(await lying_in_kafka(here_is(kafka)))
        at_once = await asyncio.gather(
            *(here.post(click(3), idempotency_key="k-2") for _ in range(5))
        )
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["touchline-position"] == second.headers["touchline-position"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["kind"]) == (422, "key_reused")
    assert (wrong.status_code, wrong.json()["kind"]) == (422, "invalid")
    assert [(each.status_code, each.json()["kind"]) for each in odd] == [(400, "bad_key")] * 3
    assert after - before == 1
    assert sorted(answer.status_code for answer in at_once) == [202, 409, 409, 409, 409]


async def test_bytes_in_flight_are_bounded_and_always_given_back(kafka: Settings) -> None:
    few = settings(here_is(kafka), in_flight_megabytes=1)
    large = [click(number, attributes={"a": "x" * 250, "b": "y" * 250}) for number in range(450)]
    async with house(few) as here:
        answers = await asyncio.gather(*(here.post(large) for _ in range(12)))
        statuses = [answer.status_code for answer in answers]
        [full] = {(a.json()["kind"], a.headers["retry-after"]) for a in answers
                  if a.status_code == 429}  # fmt: skip
        assert here.sending.in_flight == 0
        assert here.sending.failed["too_many_bytes"] == statuses.count(429)
        leaving = [asyncio.create_task(here.post(large)) for _ in range(3)]
        await asyncio.sleep(0.01)
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
        await asyncio.sleep(0.5)
        assert here.sending.in_flight == 0
        again = await here.post(click(1))
    assert full == ("too_many_bytes", "1")
    assert set(statuses) == {202, 429}
    assert again.status_code == 202


async def test_what_is_judged_is_counted(kafka: Settings) -> None:
    async with house(kafka) as here:
        await here.post([click(1), click(2), {}])
        judged: dict[Any, int] = here.sending.judged
    assert judged == {("app_click", ""): 2, ("unknown", "invalid"): 1}

"""Acting on alerts and erasing, from the request to the read model: worker and follower run."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.fields import rfc3339
from schemas.topics import TOPIC_OF_TYPE
from streams.cluster.broker import LocalBroker
from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter, AlertRow
from streams.serve import positions
from streams.settings import KafkaSettings, ServeSettings, Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.readmodel.following import follower, variables
from tests.streams.running import PARTITIONS, worker_process
from tests.streams.serve.ingest.house import ADMIN, House, house, listening, lying_in_kafka

pytestmark = pytest.mark.live
CUSTOMERS = 520
WITH_ALERTS = 510
SECONDS = 2.0


@pytest.fixture(scope="module")
def worked(
    module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A worker and a follower at work, and customers each with an open alert."""
    place = tmp_path_factory.mktemp("acting")
    settings = Settings(
        app_id="acting",
        partitions=PARTITIONS,
        kafka=KafkaSettings(bootstrap=module_broker.bootstrap),
        serve=ServeSettings(directory=place / "serve"),
    )
    ensure_topics_of(settings).raise_if_wrong()
    environment = {**variables(settings), "TOUCHLINE_CLOCK": "wall"}
    with (
        follower(settings, place / "follower.log"),
        worker_process(environment, place / "worker.log"),
    ):
        asyncio.run(begin(settings))
        yield settings


async def begin(settings: Settings) -> None:
    """Everybody is a VIP of one of two owners, and all but a few have a grave complaint."""
    async with desk(settings) as here:
        events = [one for number in range(CUSTOMERS) for one in life(number)]
        for at in range(0, len(events), 500):
            answer = await here.post(events[at : at + 500])
            assert answer.status_code == 202, answer.text
        await built(here, 90)
        until = time.monotonic() + 90
        while (found := len(open_alerts(here))) < WITH_ALERTS:
            assert time.monotonic() < until, f"{found} alerts"
            await asyncio.sleep(0.2)


def life(number: int) -> Iterator[dict[str, Any]]:
    customer, now = f"v-{number}", datetime.now(UTC)

    def event(kind: str, seconds: float, **fields: Any) -> dict[str, Any]:
        return {
            "type": kind, "event_id": f"{kind}-{number}", "customer_id": customer,
            "channel": "branch", "occurred_at": rfc3339(now - timedelta(seconds=seconds)), **fields,
        }  # fmt: skip

    yield event("profile", 60, owner_id=f"m-{number % 2}")
    yield event(
        "transaction", 50, amount=10, currency="CNY", direction="credit",
        account_id=f"a-{number}", balance_after=50_000_000,
    )  # fmt: skip
    if number < WITH_ALERTS:
        yield event(
            "complaint", 10, complaint_id=f"k-{number}", status="opened", severity=5,
            factor="service", category="fees",
        )  # fmt: skip


@asynccontextmanager
async def desk(settings: Settings, **who: Any) -> AsyncIterator[House]:
    async with house(settings, ReadModel(settings), ADMIN._replace(**who)) as here:
        yield here


def rows(here: House, **which: Any) -> list[AlertRow]:
    found: list[AlertRow] = here.model.alerts(AlertFilter(**which), None, 2_000).rows
    return found


def open_alerts(here: House) -> list[AlertRow]:
    return rows(here, status=("open",), kind=("vip_complaint",))


async def built(here: House, seconds: float) -> House:
    """A replica whose read model can be asked."""
    until = time.monotonic() + seconds
    while True:
        try:
            open_alerts(here)
        except NotReadable:
            assert time.monotonic() < until
            await asyncio.sleep(0.2)
        else:
            return here


async def act(here: House, **asked: Any) -> Any:
    return await here.client.post("/v1/alerts/actions", content=json.dumps(asked))


async def settled(here: House, answer: Any) -> None:
    """Wait until what an answer tells of counts."""
    behind = positions.read(answer.headers["touchline-position"])
    assert await here.model.counted(behind, 30)


async def state_of(here: House, alert_id: str, **expected: Any) -> dict[str, Any]:
    """An alert's state, once it is so."""
    until = time.monotonic() + 20
    while True:
        row = here.model.alert(alert_id)
        assert row is not None
        told: dict[str, Any] = json.loads(row.value)
        if all(told.get(name) == value for name, value in expected.items()):
            return told
        assert time.monotonic() < until, told
        await asyncio.sleep(0.02)


@pytest.mark.alone
async def test_five_hundred_alerts_in_one_request(worked: Settings) -> None:
    async with desk(worked) as here:
        ids = [row.alert_id for row in open_alerts(here)[:500]]
        assert len(set(ids)) == 500
        one_by_one = {alert_id: here.model.alert(alert_id) for alert_id in ids}
        assert here.model.alerts_by_id([*ids, "unknown", ""]) == one_by_one
        began = time.monotonic()
        answer = await act(here, ids=ids, action="acknowledge", note="all at once")
        answered = time.monotonic() - began
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == 500
        while here.model.alert_counts(AlertFilter()).get("acknowledged", 0) < 500:
            assert time.monotonic() - began < 60
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        told = await state_of(here, ids[7], status="acknowledged")
        assert (told["by"], told["note"]) == ("till", "all at once")
        assert len(here.gate.noted) == 500
        again = await act(here, ids=ids, action="reopen")
        await settled(here, again)
    print(f"answered after {answered:.2f} s, acknowledged in alert-states after {took:.2f} s")
    assert took < SECONDS


async def test_each_action_is_so_in_the_state_of_its_alert(worked: Settings) -> None:
    async with desk(worked, name="Mei") as here:
        alert_id = open_alerts(here)[0].alert_id
        until = rfc3339(datetime.now(UTC) + timedelta(hours=3))
        for asked, expected in (
            ({"action": "assign", "assign_to": "li", "note": "yours"}, {"assignee": "li"}),
            ({"action": "snooze", "until": until}, {"status": "snoozed", "until": until}),
            ({"action": "acknowledged"}, {"status": "acknowledged", "by": "Mei"}),
            ({"action": "note", "note": "称呼"}, {"note": "称呼", "status": "acknowledged"}),
            ({"action": "resolve"}, {"status": "resolved"}),
            ({"action": "reopen"}, {"status": "open"}),
        ):
            answer = await act(here, ids=[alert_id], **asked)
            assert answer.status_code == 202, answer.text
            await state_of(here, alert_id, **expected)


async def test_a_repeat_of_a_request_is_the_same_event(worked: Settings) -> None:
    async with desk(worked) as here:
        [first, other] = [row.alert_id for row in open_alerts(here)[:2]]
        asked = {"ids": [first, first], "action": "acknowledge", "idempotency_key": "k-1"}
        one = await act(here, **asked)
        again = await act(here, **asked)
        more = await act(here, **{**asked, "ids": [other]})
        for answer in (one, again, more):
            assert answer.status_code == 202
        assert one.json()["results"] == [{"id": first, "result": "accepted"}] * 2
        bootstrap = worked.kafka.bootstrap or ""
        records = await lying_in_kafka(bootstrap, [TOPIC_OF_TYPE["desk"]])
        told = [json.loads(record.value) for record in records]
        ids = {told_id: [each["event_id"] for each in told if each["alert_id"] == told_id][-2:]
               for told_id in (first, other)}  # fmt: skip
        assert ids[first][0] == ids[first][1]
        assert ids[other][-1] not in ids[first]


async def test_a_repeat_leaves_the_state_as_it_is(worked: Settings) -> None:
    """A note that comes again says nothing new; what was undone is not done again."""
    async with desk(worked) as here:
        alert_id = open_alerts(here)[-1].alert_id

        async def said(**asked: Any) -> bytes:
            answer = await act(here, ids=[alert_id], **asked)
            assert answer.status_code == 202, answer.text
            await settled(here, answer)
            row = here.model.alert(alert_id)
            assert row is not None
            return row.value

        one = {"action": "note", "note": "one", "idempotency_key": "n-1"}
        done = {"action": "acknowledge", "idempotency_key": "a-1"}
        assert json.loads(await said(**one))["note"] == "one"
        after = await said(action="note", note="two")
        assert json.loads(after)["note"] == "two"
        assert await said(**one) == after
        assert json.loads(await said(**done))["status"] == "acknowledged"
        after = await said(action="reopen")
        assert json.loads(after)["status"] == "open"
        assert await said(**done) == after
        again = await said(**{**done, "idempotency_key": "a-2"})
        assert json.loads(again)["status"] == "acknowledged"


async def test_what_is_not_known_and_not_yours(worked: Settings) -> None:
    async with desk(worked, owner_id="m-1") as here:
        mine, theirs = (rows(here, owner_id=owner)[0].alert_id for owner in ("m-1", "m-0"))
        mixed = await act(here, ids=[mine, theirs, "f" * 40], action="note", note="seen")
        none = await act(here, ids=[theirs], action="resolve")
        assert mixed.status_code == 207
        results = [each["result"] for each in mixed.json()["results"]]
        assert results == ["accepted", "unknown", "unknown"]
        assert (none.status_code, none.json()["kind"]) == (404, "no_such_alert")
        assert none.headers["content-type"] == "application/problem+json"
        assert [act for act, _ in here.gate.noted] == ["acted"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"ids": []}, "ids"),
        ({"ids": ["x"] * 1_001}, "ids"),
        ({"action": "delete"}, "action"),
        ({"action": "snooze"}, ""),
        ({"action": "snooze", "until": "2001-01-01T00:00:00Z"}, ""),
        ({"action": "assign"}, ""),
        ({"action": "resolve", "until": "2199-01-01T00:00:00Z"}, ""),
        ({"note": "n" * 1_001}, "note"),
        ({"by": "somebody else"}, "by"),
    ],
)
async def test_requests_that_do_not_fit(
    worked: Settings, asked: dict[str, Any], field: str
) -> None:
    async with desk(worked) as here:
        answer = await act(here, **{"ids": ["x"], "action": "acknowledge", **asked})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].split(".")[0] == field
        for body, status in ((b"{", 400), (b"[]", 422), (b"\xff", 400), (b"", 400)):
            broken = await here.client.post("/v1/alerts/actions", content=body)
            assert broken.status_code == status


async def test_alerts_that_a_sibling_holds_are_acted_on_by_it(
    worked: Settings, tmp_path: Path
) -> None:
    """Two replicas hold some partitions each; either is asked about all alerts."""
    directory = worked.serve.directory
    assert directory is not None

    def shard(partitions: str, siblings: str = "") -> Settings:
        serve = worked.serve.model_copy(
            update={"directory": directory / partitions, "partitions": partitions,
                    "siblings": siblings}
        )  # fmt: skip
        return worked.model_copy(update={"serve": serve})

    there = shard("1-2")
    async with AsyncExitStack() as stack:
        for settings in (shard("0"), there):
            log = tmp_path / f"{settings.serve.partitions}.log"
            stack.enter_context(follower(settings, log))
        b = await stack.enter_async_context(desk(there))
        address = await stack.enter_async_context(listening(b.app))
        here = shard("0", f"1-2={address}")
        a = await stack.enter_async_context(desk(here))
        whole = await stack.enter_async_context(desk(worked))
        everything = {row.alert_id for row in open_alerts(whole)}
        of_a, of_b = [
            [row.alert_id for row in open_alerts(one)]
            for one in (await built(a, 60), await built(b, 60))
        ]
        assert of_a and of_b and {*of_a, *of_b} == everything
        ids = [of_a[0], of_b[0], "f" * 40, of_b[1]]
        answer = await act(a, ids=ids, action="note", note="from the other side")
        assert answer.status_code == 207, answer.text
        results = [each["result"] for each in answer.json()["results"]]
        assert results == ["accepted", "accepted", "unknown", "accepted"]
        await settled(whole, answer)
        for alert_id in (of_a[0], *of_b[:2]):
            await state_of(whole, alert_id, note="from the other side")
        gone = await act(a, ids=["f" * 40], action="note", note="of nothing")
        assert gone.status_code == 404


async def test_a_customer_is_erased(worked: Settings) -> None:
    async with desk(worked) as here:
        path = "/v1/customers/v-3"
        assert rows(here, customer_id="v-3")
        answer = await here.client.delete(path, params={"wait": "true", "seconds": 60})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["erased"] and told["topic"] == TOPIC_OF_TYPE["profile"]
        assert {one["topic"] for one in told["remains"]} > {TOPIC_OF_TYPE["complaint"]}
        assert here.model.customer("v-3") is None
        assert rows(here, customer_id="v-3") == []
        assert here.gate.noted == [("erased", "v-3")]
        unknown = await here.client.delete("/v1/customers/never-seen")
        assert (unknown.status_code, unknown.json()["erased"]) == (202, False)
        await settled(here, unknown)
        nobody = await here.client.delete("/v1/customers/undefined")
        assert (nobody.status_code, nobody.json()["kind"]) == (422, "no_customer_id")
        here.gate.who = ADMIN._replace(owner_id="m-1")
        theirs = await here.client.delete("/v1/customers/v-4")
        assert theirs.status_code == 404
        here.gate.who = ADMIN._replace(scopes=frozenset(("read",)))
        assert (await here.client.delete(path)).status_code == 403

"""What becomes of actions on alerts that are not simply taken: Kafka and siblings are played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from schemas.codec import decode
from schemas.touchpoints import Desk as DeskEvent
from streams.readmodel.reading import ReadModel
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.api import answering
from streams.serve.elsewhere import SENT_ON, Elsewhere
from streams.serve.in_flight import Place, ToSend, away, full
from streams.serve.pages import steps, tasks
from streams.serve.problems import Problem
from streams.serve.sending import Sending
from tests.streams.serve.pages.house import House, state

MEI = Who("mei", SCOPES_OF["desk"], is_person=False)
HERE, ALSO = state(1)["alert_id"], state(2)["alert_id"]
THERE = "e" * 40
B, C = "http://b:8080", "http://c:8080"


class Desk:
    """An application with two alerts, and what it sent and wrote into the audit."""

    def __init__(self, directory: Path, who: Who = MEI) -> None:
        self.sent: list[ToSend] = []
        self.refusing: Problem | None = None
        self.house = House(directory, who)
        self.house.put(state(1), state(2, owner_id="m-2"))

    async def send(self, records: Sequence[ToSend]) -> list[Place]:
        if self.refusing is not None:
            raise self.refusing
        self.sent.extend(records)
        return [Place(one.topic, 0, 40 + number) for number, one in enumerate(records)]

    async def act(self, *ids: str, headers: dict[str, str] | None = None, **asked: Any) -> Any:
        asked = {"action": "acknowledge", **asked, "ids": ids}
        return await self.house.client.post("/v1/alerts/actions", json=asked, headers=headers)

    def acted(self) -> list[tuple[str, str | None, tuple[str, ...]]]:
        """What the audit has."""
        return [(one.act, one.customer_id, one.subjects) for one in self.house.gate.audit._held]

    def beside(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        """Two siblings answer so."""
        self.house.app.state.elsewhere = Elsewhere(httpx.MockTransport(answer))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)
    monkeypatch.setattr(Sending, "send", made.send)
    return made


@pytest.fixture
def siblings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadModel, "siblings", lambda _: [B, C])


def told(answer: httpx.Response) -> list[str]:
    return [each["result"] for each in answer.json()["results"]]


async def test_what_is_sent_is_an_event_that_a_worker_takes(desk: Desk) -> None:
    until = "2199-12-31T23:59:59.000Z"
    answer = await desk.act(HERE, action="snooze", until=until, note="称呼", idempotency_key="k")
    assert answer.status_code == 202, answer.text
    [record] = desk.sent
    event = decode(record.value)
    assert isinstance(event, DeskEvent)
    assert (record.topic, record.key) == ("touchpoints.desk", b"c-1")
    assert (event.alert_id, event.action, event.note, event.by) == (HERE, "snoozed", "称呼", "mei")
    assert msgspec.json.decode(record.value)["until"] == until
    assert desk.acted() == [("acted", "c-1", (HERE,))]


@pytest.mark.parametrize(
    "until",
    [
        "2300-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",  # beyond what a time can be
        "2200-12-31T23:59:59-01:00",  # 2201 in UTC
        "2199-01-01T00:00Z",
        4_102_444_800,
    ],
)
async def test_a_time_that_workers_would_refuse_is_refused_here(desk: Desk, until: Any) -> None:
    answer = await desk.act(HERE, action="snooze", until=until)
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert (desk.sent, desk.acted()) == ([], [])


async def test_who_has_a_name_that_is_none_is_told(desk: Desk) -> None:
    desk.house.gate.who = MEI._replace(name="None")  # of the policy's ids.refused
    answer = await desk.act(HERE)
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert answer.json()["detail"].startswith("by: got 'None'")
    assert (desk.sent, desk.acted()) == ([], [])


async def test_what_may_be_in_kafka_is_in_the_audit(desk: Desk) -> None:
    desk.refusing = full()
    assert (await desk.act(HERE)).status_code == 429
    assert desk.acted() == []
    desk.refusing = away()
    assert (await desk.act(HERE, ALSO)).status_code == 503
    assert desk.acted() == [("acted", "c-1", (HERE,)), ("acted", "c-2", (ALSO,))]


async def test_a_task_is_in_the_audit_too_and_has_its_position(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_has", lambda *_: True)
    task = {"customer_id": "c-1", "task_id": "t-1", "action": "done"}
    answer = await desk.house.client.post("/tasks/actions", json=task)
    assert answer.status_code == 202
    assert answer.headers["touchline-position"] == "touchpoints.care-0@41"
    monkeypatch.setattr(answering, "AFTER_SECONDS", 0.0)
    after = {"Touchline-After": answer.headers["touchline-position"]}
    page = await desk.house.client.get("/customers/c-1", headers=after)
    assert (page.status_code, page.headers["retry-after"]) == (503, "1"), "it does not count yet"
    desk.refusing = away()
    assert (await desk.house.client.post("/tasks/actions", json=task)).status_code == 503
    assert desk.acted() == [("acted", "c-1", ("t-1",))] * 2


async def test_a_tick_is_of_the_complaint_of_the_alert(desk: Desk) -> None:
    desk.house.put(state(3, complaint_id="k-3"))
    about = state(3)["alert_id"]
    answer = await desk.act(about, action="tick", step="apologise", note="called")
    assert answer.status_code == 202, answer.text
    event = decode(desk.sent[0].value)
    assert isinstance(event, DeskEvent)
    assert (event.action, event.complaint_id, event.step) == ("ticked", "k-3", "apologise")
    assert (event.alert_id, event.note, event.by) == (about, "called", "mei")


@pytest.mark.parametrize(
    ("ids", "asked", "why"),
    [
        ([HERE], {"action": "tick", "step": "apologise"}, "complaint_id: missing"),
        (["three"], {"action": "ticked", "step": "dance"}, "step: got 'dance'; must be one of"),
        (["three"], {"action": "tick"}, "tick needs step"),
        (["three"], {"action": "note", "note": "x", "step": "solve"}, "step must not be given"),
    ],
)
async def test_a_tick_that_does_not_fit_is_refused(
    desk: Desk, ids: list[str], asked: dict[str, Any], why: str
) -> None:
    desk.house.put(state(3, complaint_id="k-3"))
    ids = [state(3)["alert_id"] if each == "three" else each for each in ids]
    answer = await desk.act(*ids, **asked)
    assert answer.status_code == 422
    assert why in answer.text
    assert desk.sent == []


async def test_a_step_ticked_off_on_a_page_is_sent_and_audited(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"customer_id": "c-1", "complaint_id": "k-1", "step": "solve"}
    assert (await desk.house.client.post("/complaints/steps", json=asked)).status_code == 404
    monkeypatch.setattr(steps, "_has", lambda *_: True)
    answer = await desk.house.client.post("/complaints/steps", json=asked)
    assert answer.status_code == 202
    assert answer.headers["touchline-position"] == "touchpoints.desk-0@41"
    event = decode(desk.sent[0].value)
    assert isinstance(event, DeskEvent)
    assert (event.customer_id, event.complaint_id, event.step) == ("c-1", "k-1", "solve")
    assert (event.alert_id, event.by) == (None, "mei")
    assert desk.acted() == [("acted", "c-1", ("k-1",))]


async def test_anothers_alert_looks_as_one_that_is_not_there(desk: Desk) -> None:
    desk.house.gate.who = MEI._replace(owner_id="m-1")
    theirs, none = await desk.act(ALSO), await desk.act("f" * 40)
    assert (
        (theirs.status_code, told(theirs)) == (none.status_code, told(none)) == (404, ["unknown"])
    )
    desk.house.gate.who = MEI._replace(owner_id="m-2")
    assert told(await desk.act(HERE, ALSO, "f" * 40)) == ["unknown", "accepted", "unknown"]
    assert desk.acted() == [("acted", "c-2", (ALSO,))]


def of_each(request: httpx.Request, *results: str) -> httpx.Response:
    ids = msgspec.json.decode(request.content)["ids"]
    each = [{"id": one, "result": result} for one, result in zip(ids, results, strict=True)]
    body = {"accepted": results.count("accepted"), "results": each}
    position = {"Touchline-Position": "touchpoints.desk-2@8"} if "accepted" in results else {}
    return httpx.Response(202 if position else 404, json=body, headers=position)


@pytest.mark.usefixtures("siblings")
async def test_what_is_done_is_told_though_a_sibling_is_away(desk: Desk) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "c":
            raise httpx.ConnectError("no way", request=request)
        ids = msgspec.json.decode(request.content)["ids"]
        return of_each(request, *("accepted" if one == THERE else "unknown" for one in ids))

    desk.beside(answer)
    some = await desk.act(HERE, THERE, "f" * 40, action="note", note="called")
    assert (some.status_code, some.json()["accepted"]) == (207, 2)
    assert told(some) == ["accepted", "accepted", "held_elsewhere"]
    assert some.headers["touchline-position"] == "touchpoints.desk-0@41,touchpoints.desk-2@8"
    none = await desk.act("f" * 40)
    assert (none.status_code, none.json()["kind"]) == (503, "held_elsewhere")
    assert (none.headers["retry-after"], told(none)) == ("2", ["held_elsewhere"])
    on = await desk.act("f" * 40, headers={SENT_ON: "1"})
    assert (on.status_code, told(on)) == (404, ["unknown"])


@pytest.mark.usefixtures("siblings")
async def test_a_sibling_that_cannot_act_is_as_one_that_is_away(desk: Desk) -> None:
    desk.beside(lambda request: httpx.Response(429, json={"kind": "too_many_bytes"}))
    answer = await desk.act(HERE, THERE)
    assert (answer.status_code, told(answer)) == (207, ["accepted", "held_elsewhere"])
    desk.beside(lambda request: of_each(request, "unknown"))
    assert told(await desk.act(HERE, THERE)) == ["accepted", "unknown"]

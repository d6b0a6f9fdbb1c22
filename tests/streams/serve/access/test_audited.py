"""What is written of who asked, sent and looked: routes and pages, without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.audit import AuditRecord
from schemas.examples import EXAMPLES
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import Page
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.in_flight import Place, ToSend, away
from streams.serve.sending import Sending
from tests.streams.serve.pages.house import House, state

TILL = Who("till", SCOPES_OF["admin"], is_person=False)
ADA = Who("ada", SCOPES_OF["admin"], is_person=True)
CLICK = EXAMPLES["app_click"][0]
DESK = EXAMPLES["desk"][0]
ERASE = {"type": "profile", "event_id": "p-1", "customer_id": "c-9", "channel": "other",
         "occurred_at": "2026-01-31T09:00:00Z", "erase": True}  # fmt: skip


def noted(house: House) -> list[AuditRecord]:
    """What waits to be written, which is taken away."""
    found = list(house.gate.audit._held)
    house.gate.audit._held.clear()
    return found


def acts(house: House) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.act, one.customer_id, one.subjects) for one in noted(house)]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[ToSend]:
    """What Kafka would have kept."""
    found: list[ToSend] = []

    async def send(_: Sending, records: Sequence[ToSend]) -> list[Place]:
        found.extend(records)
        return [Place(one.topic, 0, number) for number, one in enumerate(records)]

    monkeypatch.setattr(Sending, "send", send)
    return found


@pytest.mark.usefixtures("kept")
async def test_events_that_are_posted_are_in_the_audit(tmp_path: Path) -> None:
    house = House(tmp_path, TILL)
    other = {**CLICK, "event_id": "e-2", "customer_id": "c-2"}
    answer = await house.client.post("/v1/events", json=[CLICK, other, ERASE, DESK, {"type": "x"}])
    assert answer.status_code == 207, answer.text
    assert acts(house) == [
        ("sent", None, ()),
        ("erased", "c-9", ()),
        ("acted", DESK["customer_id"], (DESK["alert_id"],)),
    ]
    await house.client.post("/v1/events", json=CLICK)
    [one] = noted(house)
    assert (one.act, one.who, one.customer_id) == ("sent", "till", CLICK["customer_id"])
    assert one.reason == f"till sent events of customer {CLICK['customer_id']} by POST /v1/events"
    refused = await house.client.post("/v1/events", json={**CLICK, "customer_id": ""})
    assert (refused.status_code, acts(house)) == (422, [])


async def test_what_may_be_in_kafka_is_in_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(_: Sending, records: Sequence[ToSend]) -> list[Place]:
        raise away()

    monkeypatch.setattr(Sending, "send", send)
    house = House(tmp_path, TILL)
    assert (await house.client.post("/v1/events", json=ERASE)).status_code == 503
    assert [act for act, *_ in acts(house)] == ["sent", "erased"]


async def test_a_person_acts_under_their_own_name_alone(tmp_path: Path, kept: Any) -> None:
    house = House(tmp_path, ADA)
    answer = await house.client.post("/v1/events", json=[DESK, {**DESK, "by": "ada"}])
    told = [(one["status"], one.get("detail")) for one in answer.json()["items"]]
    assert told == [("refused", "by: a person says what they did themselves"), ("accepted", None)]
    assert len(kept) == 1


async def test_lists_and_what_is_looked_on_are_in_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReadModel, "customers", lambda *_: Page([], None))
    house = House(tmp_path, ADA)
    house.put(state(1))
    for path in ("/customers?q=c-", "/desk"):
        assert (await house.client.get(path)).status_code == 200
        assert acts(house) == [("listed", None, ())], path
    rows = f"/desk/rows?ids={state(1)['alert_id']}"
    assert [(await house.client.get(rows)).status_code for _ in range(3)] == [200] * 3
    assert acts(house) == [("listed", None, ())], "a desk that renews itself looks on"


async def test_reports_and_streams_are_in_the_audit(tmp_path: Path) -> None:
    house = House(tmp_path, ADA)

    class Made:
        async def report(self, _: Any) -> bytes:
            return b"{}"

    house.app.state.reporting = Made()
    assert (await house.client.get("/v1/reports/value")).status_code == 200
    assert acts(house) == [("listed", None, ())]
    house.app.state.hub.end()
    assert (await house.client.get("/v1/stream")).status_code == 200
    assert acts(house) == [("listed", None, ())]

"""Routes that read, on a real worker, broker and follower."""

from __future__ import annotations

import io
import json

import httpx
import msgspec
import pyarrow.parquet as pq
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.policy import Policy
from schemas.figures import decode
from streams.readmodel import fresh
from streams.reports import live
from streams.reports.form.document import as_dict
from streams.serve.api.exporting import columns
from streams.serve.reporting import document
from tests.streams.running import balance, event
from tests.streams.serve.api.living import Living

pytestmark = pytest.mark.live


def test_a_customer_is_told_as_touchline_state_tells_it(living: Living) -> None:
    answer = living.get("/v1/customers/c-vip")
    assert answer.status_code == 200
    figures = decode(answer.content)
    assert (figures.customer_id, figures.tier, figures.owner_id) == ("c-vip", "vip", "manager-7")
    assert figures.complaints_open == 1
    assert answer.headers["Touchline-As-Of"].endswith("Z")
    assert answer.content == msgspec.json.encode(figures)


def test_customers_are_searched_page_by_page(living: Living) -> None:
    found, cursor = [], None
    while True:
        params = {"prefix": "c-", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = living.get("/v1/customers", params=params).json()
        found += [row["customer_id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found[:3] == ["c-other", "c-plain", "c-vip"]

    def ids(**params: object) -> list[str]:
        items = living.get("/v1/customers", params={"prefix": "c-", **params}).json()["items"]
        return [row["customer_id"] for row in items]

    assert ids(owner="manager-7") == ["c-vip"]
    assert ids(complaint_open=True) == ["c-other", "c-vip"]
    assert ids(tier="vip") == ["c-other", "c-vip"]
    assert ids(tier=["vip", "standard"]) == ["c-other", "c-plain", "c-vip"]


def test_read_your_own_write(living: Living) -> None:
    position = living.post([balance("own-1", "c-own", 777)])
    answer = living.get("/v1/customers/c-own", headers={"Touchline-After": position})
    assert answer.status_code == 200
    assert answer.json()["balance"] == 777
    position = living.post([balance("own-2", "c-own", 778)])
    answer = living.get("/v1/customers/c-own", params={"after": position})
    assert answer.json()["balance"] == 778

    topic_and_number, _, offset = position.rpartition("@")
    beyond = f"{topic_and_number}@{int(offset) + 1000}"
    answer = living.get("/v1/customers/c-own", headers={"Touchline-After": beyond})
    assert (answer.status_code, answer.json()["kind"]) == (503, "not_yet")
    assert answer.headers["Retry-After"] == "1"
    for wrong in ("nonsense", "no.topic-0@5", f"{topic_and_number}@{2**63}"):
        answer = living.get("/v1/customers/c-own", headers={"Touchline-After": wrong})
        assert (answer.status_code, answer.json()["kind"]) == (400, "bad_position")


def test_alerts_and_what_became_of_them(living: Living) -> None:
    page = living.get("/v1/alerts", params={"customer": "c-vip", "status": "open"}).json()
    assert page["items"]
    one = page["items"][0]
    assert (one["customer_id"], one["owner_id"]) == ("c-vip", "manager-7")
    told = living.get(f"/v1/alerts/{one['alert_id']}")
    assert told.json() == one
    counts = living.get("/v1/alerts/counts").json()
    assert counts["counts"]["open"] >= 2
    assert counts["last_raised_at"] is not None
    assert {each["partition"] for each in counts["partitions"]} == {0, 1, 2}

    with living.client("act") as client:
        body = {"ids": [one["alert_id"]], "action": "acknowledge", "note": "called"}
        acted = client.post("/v1/alerts/actions", json=body)
    assert acted.status_code == 202, acted.text
    after = {"Touchline-After": acted.headers["Touchline-Position"]}
    now = living.get(f"/v1/alerts/{one['alert_id']}", headers=after).json()
    assert (now["status"], now["note"]) == ("acknowledged", "called")


def test_complaints_with_their_clocks(living: Living) -> None:
    items = living.get("/v1/complaints").json()["items"]
    assert [row["customer_id"] for row in items] == ["c-other", "c-vip"]
    assert all(row["resolve_due_at"] for row in items)
    assert len(living.get("/v1/complaints", params={"limit": 1}).json()["items"]) == 1


def test_a_timeline_has_what_came_in_and_what_came_out(living: Living) -> None:
    answer = living.get("/v1/customers/c-vip/timeline", params={"limit": 100})
    items = answer.json()["items"]
    assert {"touchpoints.complaints", "alerts"} <= {row["source"] for row in items}
    assert items == sorted(items, key=lambda row: row["at"], reverse=True)
    opened = living.get("/v1/customers/c-plain/timeline", params={"opened": True, "limit": 100})
    assert sum(row["type"] == "app_click" for row in opened.json()["items"]) == 12


def test_segments_and_everybody_in_one(living: Living) -> None:
    model = living.get("/v1/segments").json()
    assert model["version"] >= 1
    card = model["segments"][0]
    assert {"segment_id", "name", "strategy", "size", "telling"} <= set(card)

    segment = card["segment_id"]
    living.place(segment, "c-plain", "c-vip")
    path = f"/v1/segments/{segment}/customers"
    lines = living.get(path, "export")
    assert lines.headers["Touchline-Position"]
    ids = [json.loads(line)["customer_id"] for line in lines.text.splitlines()]
    assert ids == ["c-plain", "c-vip"]
    told = living.get(path, "export", params={"format": "csv"})
    head, *rows = told.text.splitlines()
    assert head.split(",") == [name for name, _, _ in columns()]
    assert len(rows) == len(ids)
    parquet = living.get(path, "export", params={"format": "parquet"})
    table = pq.read_table(io.BytesIO(parquet.content))
    assert table.column("customer_id").to_pylist() == ids
    assert living.get("/v1/segments/none-such/customers", "export").status_code == 404
    assert living.get(path).status_code == 403


@pytest.mark.parametrize("kind", ["complaints", "experience", "campaigns"])
def test_reports_in_both_forms(living: Living, kind: str) -> None:
    told = living.get(f"/v1/reports/{kind}")
    assert told.status_code == 200, told.text
    assert told.json()["report"] == kind
    if kind == "complaints":
        page = living.get(f"/v1/reports/{kind}", params={"format": "html"})
        assert page.headers["content-type"].startswith("text/html")
        assert living.get(f"/v1/reports/{kind}", params={"by": "agent"}).status_code == 422


def test_a_report_is_of_the_read_model(living: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `touchline report` makes it where serve runs: nobody reads the whole changelog for it."""

    def unread(*_: object) -> None:
        raise AssertionError("the changelog is read")

    monkeypatch.setattr(live, "each_partition", unread)
    monkeypatch.setattr(fresh, "FRESH_SECONDS", 600.0)
    serve = living.settings.serve.model_copy(update={"directory": living.directory})
    settings = living.settings.model_copy(update={"serve": serve})
    made = as_dict(document(settings, Policy(), "complaints", None))
    told = living.get("/v1/reports/complaints").json()
    assert made["customers"] == told["customers"] > 0


def test_who_has_own_customers_sees_no_others(living: Living) -> None:
    def mine(path: str, **params: object) -> httpx.Response:
        told: httpx.Response = living.get(path, "read", "export", owner="manager-7", params=params)
        return told

    assert mine("/v1/customers/c-vip").status_code == 200
    for path in ("/v1/customers/c-other", "/v1/customers/c-other/timeline", "/v1/customers/none"):
        answer = mine(path)
        assert (answer.status_code, answer.json()["title"]) == (404, "No such customer is known")
    assert [row["customer_id"] for row in mine("/v1/customers").json()["items"]] == ["c-vip"]
    assert mine("/v1/customers", owner="manager-8").json()["items"] == []
    assert {row["customer_id"] for row in mine("/v1/complaints").json()["items"]} == {"c-vip"}
    assert {row["owner_id"] for row in mine("/v1/alerts").json()["items"]} == {"manager-7"}
    assert mine("/v1/alerts", owner="manager-8").json()["items"] == []
    other = living.get("/v1/alerts", params={"customer": "c-other"}).json()["items"][0]
    assert mine(f"/v1/alerts/{other['alert_id']}").status_code == 404
    assert mine("/v1/reports/value").status_code == 403
    living.place("s2", "c-vip", "c-other")
    lines = mine("/v1/segments/s2/customers").text.splitlines()
    assert [json.loads(line)["customer_id"] for line in lines] == ["c-vip"]


def test_errors_are_problems_without_what_was_given(living: Living) -> None:
    for path, status, kind in (
        ("/v1/customers/nobody-at-all", 404, "not_found"),
        ("/v1/customers?tier=secret-word", 422, "invalid"),
        ("/v1/customers?secret=word", 422, "invalid"),
        ("/v1/customers?cursor=secret-word", 400, "bad_cursor"),
        ("/v1/alerts?limit=0", 422, "invalid"),
        ("/v1/stream?topics=secret-word", 422, "invalid"),
        ("/v1/stream?last_event_id=secret-word", 400, "bad_event_id"),
        ("/v1/secret-word", 404, "not_found"),
    ):
        answer = living.get(path)
        assert (answer.status_code, answer.json()["kind"]) == (status, kind), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert "word" not in answer.text
    assert living.get("/v1/customers/x").headers["cache-control"] == "no-store"


def test_a_key_is_needed_and_its_scope(living: Living) -> None:
    with living.client() as nobody:
        for path in ("/v1/customers", "/v1/customers/c-vip", "/v1/alerts", "/v1/stream"):
            answer = nobody.get(path)
            assert answer.status_code == 401
            assert set(answer.json()) == {"type", "kind", "title", "status"}
        assert nobody.get("/v1/openapi.json").status_code == 200
    for path in ("/v1/customers", "/v1/customers/c-vip", "/v1/alerts", "/v1/stream"):
        answer = living.get(path, "ingest")
        assert answer.status_code == 403
        assert set(answer.json()) == {"type", "kind", "title", "status"}


def test_health_and_metrics(living: Living) -> None:
    assert httpx.get(f"{living.address}/livez").json()["status"] == "alive"
    told = httpx.get(f"{living.address}/readyz").json()
    assert (told["status"], told["reasons"]) == ("ready", [])
    living.get("/v1/customers/c-vip")
    text = httpx.get(f"{living.address}/metrics").text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    route = "/v1/customers/{customer_id:path}"
    assert found["touchline_serve_requests_total", "GET", route, "200"] >= 1
    assert ("touchline_serve_follower_age_seconds", "0") in found
    assert found["touchline_serve_in_flight_bytes",] == 0
    assert "c-vip" not in text


def test_an_id_with_a_slash_is_an_id(living: Living) -> None:
    position = living.post([event("s-1", "a/b?c", "profile", owner_id="manager-7")])
    answer = living.get("/v1/customers/a%2Fb%3Fc", headers={"Touchline-After": position})
    assert answer.json()["customer_id"] == "a/b?c"
    assert living.get("/v1/customers/a%2Fb%3Fc/timeline").json()["items"]

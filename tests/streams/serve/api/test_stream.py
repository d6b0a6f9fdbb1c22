"""The stream on a real worker, broker and follower: what comes, and going on elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.serve.streaming import vector
from tests.streams.running import balance, event, until
from tests.streams.serve.api.listening import listening
from tests.streams.serve.api.living import Living, ready, serving

pytestmark = pytest.mark.live


def _tier_of(name: str) -> dict[str, Any]:
    return {"customer_id": name, "dimension": "tier"}


def test_what_comes_out_is_told(living: Living) -> None:
    with living.client("read") as client, listening(client) as stream:
        first = stream.got("ready")
        assert first.last_id
        living.post([balance("st-1", "s-one", 5_000_000)])
        told = stream.got_all(
            {
                "customer-transition": _tier_of("s-one"),
                "alert": {"customer_id": "s-one"},
                "alert-state": {"customer_id": "s-one"},
            }
        )
        assert told["customer-transition"].data["to_state"] == "vip"
        assert told["alert-state"].data["alert_id"] == told["alert"].data["alert_id"]
        assert told["alert-state"].data["status"] == "open"


def test_a_stream_is_of_the_topics_that_are_asked_for(living: Living) -> None:
    with living.client("read") as client, listening(client, topics="alert-state") as stream:
        stream.got("ready")
        living.post([balance("st-2", "s-two", 5_000_000)])
        stream.got("alert-state", customer_id="s-two")
        assert {each.name for each in stream.rest()} <= {"alert-state"}


def test_a_client_goes_on_where_it_was_on_another_replica(living: Living, tmp_path: Path) -> None:
    with living.client("read") as client:
        with listening(client) as stream:
            stream.got("ready")
            living.post([balance("st-3", "s-three", 5_000_000)])
            stream.got("customer-transition", **_tier_of("s-three"))
            time.sleep(0.5)
            rest = stream.rest()
            last = ([each.last_id for each in rest if each.last_id] or [stream.last_id])[-1]
        living.counted(living.post([balance("st-4", "s-four", 5_000_000)]))
        with listening(client, last) as again:
            again.got("ready")
            again.got("customer-transition", **_tier_of("s-four"))

    with serving(living.settings, tmp_path) as replica:
        ready(replica)
        replica._tokens = living._tokens
        with replica.client("read") as client, listening(client, last_event_id=last) as elsewhere:
            until(lambda: client.get("/v1/segments").status_code == 200, "the key")
            elsewhere.got("ready")
            elsewhere.got("customer-transition", **_tier_of("s-four"))
            living.post([balance("st-5", "s-five", 5_000_000)])
            elsewhere.got("customer-transition", **_tier_of("s-five"))
            names = [each.data.get("customer_id") for each in elsewhere.rest()]
            assert "s-three" not in names
            replica.process.terminate()  # an open stream holds nothing up, and ends whole
            assert replica.process.wait(20) == 0
            elsewhere.thread.join(10.0)
            assert not elsewhere.thread.is_alive()


def test_who_has_own_customers_is_told_of_no_others(living: Living) -> None:
    with (
        living.client("read", owner="manager-7") as mine,
        living.client("read") as all_of_them,
        listening(mine) as own,
        listening(all_of_them) as every,
    ):
        own.got("ready")
        every.got("ready")
        living.counted(
            living.post(
                [
                    event("o-1", "o-mine", "profile", owner_id="manager-7"),
                    event("o-2", "o-other", "profile", owner_id="manager-8"),
                ]
            )
        )
        living.post([balance("o-3", "o-other", 5_000_000)])
        every.got_all(
            {
                "customer-transition": _tier_of("o-other"),
                "alert-state": {"customer_id": "o-other"},
            }
        )
        living.post([balance("o-4", "o-mine", 5_000_000)])
        own.got("alert-state", customer_id="o-mine")
        every.got("alert-state", customer_id="o-mine")
        assert {each.data["customer_id"] for each in own.rest()} <= {"o-mine"}


def test_an_alert_is_the_new_owners_alone_once_its_customer_is(
    living: Living, tmp_path: Path
) -> None:
    def of(path: str, owner: str) -> httpx.Response:
        told: httpx.Response = living.get(path, "read", "export", owner=owner)
        return told

    living.counted(
        living.post(
            [
                event("ow-1", "h-one", "profile", owner_id="h-li"),
                balance("ow-2", "h-one", 5_000_000),
            ]
        )
    )
    with (
        serving(living.settings, tmp_path) as replica,
        living.client("read", owner="h-li") as li,
        living.client("read", owner="h-wu") as wu,
    ):
        ready(replica)
        replica._tokens = living._tokens
        with listening(li) as lis, listening(wu) as wus:
            last = lis.got("ready").last_id
            wus.got("ready")
            (alert,) = li.get("/v1/alerts").json()["items"]
            assert wu.get("/v1/alerts").json()["items"] == []
            at = living.post([event("ow-3", "h-one", "profile", owner_id="h-wu")])
            gone = {"alert_id": alert["alert_id"], "deleted": True}
            assert lis.got("alert-state").data == gone
            wus.got("alert-state", alert_id=alert["alert_id"], owner_id="h-wu")
            living.counted(at)
        living.place("s2", "h-one")
        paths = {
            "/v1/alerts": 200,
            f"/v1/alerts/{alert['alert_id']}": 404,
            "/v1/customers/h-one": 404,
            "/v1/customers/h-one/timeline": 404,
            "/v1/segments/s2/customers": 200,
        }
        for path, status in paths.items():
            his, hers = of(path, "h-li"), of(path, "h-wu")
            assert (his.status_code, hers.status_code) == (status, 200), path
            assert ("h-one" in his.text, "h-one" in hers.text) == (False, True), path
        with replica.client("read", owner="h-li") as client, listening(client, last) as away:
            until(lambda: client.get("/v1/segments").status_code == 200, "the key")
            away.got("ready")
            assert away.got("alert-state").data == gone


def test_an_id_that_is_not_of_these_topics_is_told_to_read_anew(living: Living) -> None:
    now = time.time_ns() // 1_000_000
    ahead = vector.dump(vector.Vector(now, {("alerts", 0): 10**9}))
    old = vector.dump(vector.Vector(now - 2 * 86_400_000, {}))
    with living.client("read") as client:
        for last, why in ((ahead, "not from here"), (old, "away too long")):
            with listening(client, last) as stream:
                assert stream.got("resync").data["why"] == why
                living.post([balance(f"ra-{why[:3]}", f"ra-{why[:3]}", 5_000_000)])
                stream.got("customer-transition", **_tier_of(f"ra-{why[:3]}"))


def test_the_streams_that_are_open_are_counted(living: Living) -> None:
    def opened() -> str | None:
        lines = httpx.get(f"{living.address}/metrics").text.splitlines()
        return next(
            (line for line in lines if line.startswith("touchline_serve_streams_open ")), None
        )

    with living.client("read") as client, listening(client) as stream:
        stream.got("ready")
        assert opened() != "touchline_serve_streams_open 0.0"
    until(lambda: opened() == "touchline_serve_streams_open 0.0", "streams to be closed", 30.0)

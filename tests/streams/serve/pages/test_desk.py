"""The desk as the server draws it, on a read model's file."""

import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streams.engine.checkpoint import Checkpoint
from streams.readmodel.connections import NotReadable
from streams.readmodel.file import Standing
from streams.readmodel.reading import NotHere
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.pages import templating
from streams.serve.problems import Problem
from tests.streams.serve.pages.house import TRANSACTIONS, House, state


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def page(house: House, path: str = "/desk", **headers: str) -> str:
    answer = await house.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def shown(text: str) -> list[str]:
    return re.findall(r'<tr id="a-(\w+)"', text)


async def test_the_most_urgent_come_first_and_sort_as_the_page_sorts_them(house: House) -> None:
    tiers = ("standard", "private", "vip", "key")
    states = [state(n, priority=1 + n % 4, tier=tiers[n % 3]) for n in range(1, 40)]
    house.put(*states)
    text = await page(house)
    orders = re.findall(r'data-order="(\w+)"', text)
    assert len(orders) == 39
    assert orders == sorted(orders), "scripts put rows in by this text"
    assert shown(text)[0] in {one["alert_id"] for one in states if one["priority"] == 1}


async def test_a_line_says_all_that_somebody_needs(house: House) -> None:
    house.put(
        state(
            1, priority=1, level=2, owner_id="rm-07", assignee="wang", note="Asked for a callback",
            status="acknowledged", by="li", segment="savers", late=True,
        )
    )  # fmt: skip
    text = await page(house, "/desk?status=acknowledged")
    for said in (
        "New VIP", "level 2", "Reached the tier, number 1.", "c-1", "VIP", "savers", "rm-07",
        "wang", "Asked for a callback", "by li", "late data", "Welcome the customer in person",
    ):  # fmt: skip
        assert said in text, said
    assert "贵宾" in await page(house, "/desk?status=all", **{"Accept-Language": "zh"})


async def test_a_page_has_no_alert_of_another_owner(tmp_path: Path) -> None:
    house = House(tmp_path, Who("li", SCOPES_OF["desk"], is_person=True, owner_id="rm-07"))
    mine, theirs = state(1, owner_id="rm-07"), state(2, owner_id="rm-12")
    house.put(mine, theirs, state(3))
    ids = ",".join((mine["alert_id"], theirs["alert_id"]))
    for path in ("/desk", "/desk?owner=rm-12", "/desk?status=all", f"/desk/rows?ids={ids}"):
        assert shown(await page(house, path)) == [mine["alert_id"]], path


async def test_lines_are_drawn_anew_where_they_still_belong(house: House) -> None:
    one, other = state(1), state(2, tier="private")
    house.put(one, other)
    ids = f"{one['alert_id']},{other['alert_id']},{'0' * 32}"
    assert shown(await page(house, f"/desk/rows?ids={ids}")) == [one["alert_id"], other["alert_id"]]
    assert shown(await page(house, f"/desk/rows?ids={ids}&tier=private")) == [other["alert_id"]]
    house.put({**one, "status": "resolved"})
    text = await page(house, f"/desk/rows?ids={ids}")
    assert shown(text) == [other["alert_id"]]
    assert '<span class="count" data-count="1">1</span>' in text


async def test_positions_that_are_none_are_refused(house: House) -> None:
    assert (await house.client.get("/desk/rows?ids=a&after=soon")).status_code == 400


async def test_an_empty_list_says_that_it_is_quiet(house: House) -> None:
    text = await page(house)
    assert 'id="empty" class="empty" data-state="current"' in text
    assert "No open alerts" in text
    assert "No alert is kept." in text, "states go after some days: none is kept, some were raised"
    narrowed = await page(house, "/desk?tier=vip")
    assert "No alerts match these filters" in narrowed
    assert "No alert is kept." not in narrowed
    house.put(state(12, status="resolved"))
    text = await page(house)
    assert "The last alert was raised" in text
    assert re.search(r"All partitions are current to \d+\.\d s\.", text)


async def test_an_empty_list_says_that_it_is_old(house: House) -> None:
    house.current({2: 45.0})
    text = await page(house)
    assert 'id="empty" class="empty" data-state="old"' in text
    assert "Data is 45 s old in partition 2." in text


async def test_one_that_holds_some_partitions_says_so(tmp_path: Path) -> None:
    house = House(tmp_path, partitions="0,2")
    text = await page(house)
    strip = r"Partitions 0, 2 of 3 are current to \d+\.\d s\. The others are not here\."
    assert len(re.findall(strip, text)) == 2, "the strip, and the empty list"
    assert "Only partitions 0, 2 of 3 are shown here: others may have alerts." in text
    assert "All partitions" not in text
    assert "No alert is kept." not in text
    chinese = await page(house, **{"Accept-Language": "zh"})
    assert "3 个分区中，分区 0, 2 的数据为最新" in chinese
    assert "此处仅显示 3 个分区中的分区 0, 2，其余分区可能另有告警。" in chinese
    house.current({2: 45.0})
    assert "Data is 45 s old in partition 2." in await page(house, "/strip")


async def test_a_segment_has_its_name(house: House) -> None:
    house.put(state(1, segment="s3"), state(2, segment="quarantine"), state(3, segment="gone"))
    house.model()
    segment = r'<span class="soft segment" title="(\w+)">([^<]+)</span>'
    assert re.findall(segment, await page(house)) == [
        ("gone", "gone"), ("quarantine", "outlier"), ("s3", "quality"),
    ]  # fmt: skip
    ids = state(1)["alert_id"]
    chinese = await page(house, f"/desk/rows?ids={ids}", **{"Accept-Language": "zh"})
    assert re.findall(segment, chinese) == [("s3", "优质型")]


@pytest.mark.parametrize("path", ["/desk", "/desk/rows?ids=a", "/strip", "/customers"])
async def test_pages_are_written_beside_the_loop(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    threads = []
    write = templating.text

    def noted(*args: Any, **values: Any) -> str:
        threads.append(threading.get_ident())
        return write(*args, **values)

    monkeypatch.setattr(templating, "text", noted)
    await page(house, path)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (None, 422, "无法识别此地址。"),
        (NotReadable("it is gone"), 503, "暂时无法应答，请稍后再试。"),
        (NotHere(1, ""), 503, "暂时无法应答，请稍后再试。"),
        (Problem(418, "kettle", "A kettle"), 418, "无法应答此请求。"),
    ],
    ids=["unfit", "unreadable", "elsewhere", "other"],
)
async def test_what_goes_wrong_is_a_page_in_the_readers_language(
    house: House, monkeypatch: pytest.MonkeyPatch, fault: Exception | None, status: int, said: str
) -> None:
    path = "/desk" if fault else f"/desk?cursor={'x' * 1_001}"

    def fails(*_: object) -> Any:
        if fault:
            raise fault

    monkeypatch.setattr("streams.serve.pages.desk._seen", fails)
    answer = await house.client.get(path, headers={"Accept-Language": "zh"})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<h1>{said}</h1>" in answer.text


async def test_events_that_wait_and_are_not_counted_are_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("streams.serve.pages.strip.time.monotonic", lambda: clock[0])
    event = {"type": "transaction", "customer_id": "c-1", "occurred_at": "2026-01-01T00:00:00Z"}
    house.come(event, number=1)
    assert 'data-state="current"' in await page(house, "/strip")
    clock[0] = 112.0
    assert "Nobody works on partition 1: its events have waited for 12 s." in await page(house)
    assert "分区 1 无人处理" in await page(house, "/strip", **{"Accept-Language": "zh"})
    checkpoint = Checkpoint(next_offsets={TRANSACTIONS: 1})
    with house.file.transaction():
        house.file.take_checkpoint(1, checkpoint)
    assert 'data-state="current"' in await page(house, "/strip")


async def test_a_read_model_that_is_being_built_is_told(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.file.transaction():
        house.file.stamp({1: Standing(0, 0)})
    assert "the read model is starting" in await page(house)


async def test_whoever_may_only_read_is_offered_nothing_to_do(tmp_path: Path) -> None:
    house = House(tmp_path, Who("eva", SCOPES_OF["viewer"], is_person=True))
    house.put(state(1))
    text = await page(house)
    assert "data-act=" not in text
    assert "You may look, but not act." in text


async def test_whatever_is_stored_is_text(house: House) -> None:
    bad = "\"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 191 }}'"
    fields = ("kind", "customer_id", "owner_id", "segment", "note", "assignee", "reason", "by")
    house.put(state(1, **dict.fromkeys((*fields, "suggested_action", "priority_reason"), bad)))
    for path in ("/desk", f"/desk?status=all&customer={quote(bad)}&owner={quote(bad)}"):
        text = await page(house, path)
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "1337" not in text


async def test_more_than_a_page_has_a_link_to_the_next(house: House) -> None:
    house.put(*(state(n) for n in range(1, 504)))
    text = await page(house)
    assert len(shown(text)) == 500
    link = re.search(r'class="button" href="(/desk\?&?cursor=[^"]+)"', text)
    assert link is not None
    assert len(shown(await page(house, link[1].replace("&amp;", "&")))) == 3


async def test_an_address_after_a_change_of_filters_has_only_what_is_asked(house: House) -> None:
    answer = await house.client.get("/desk?status=open&customer=&owner=&tier=vip&segment=")
    assert answer.headers["hx-push-url"] == "/desk?tier=vip"


async def test_a_cursor_that_is_none_leads_nowhere(house: House) -> None:
    assert (await house.client.get("/desk?cursor=zzz")).status_code == 404

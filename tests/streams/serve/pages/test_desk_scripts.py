"""What the desk's scripts do as things happen, in a real browser; the stream is played to them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from schemas.fields import moment, rfc3339
from schemas.outputs import output_id
from streams.readmodel.file import Standing
from tests.streams.serve.pages.browsing import ADDRESS, PLAYED, Town, calls, seen, tell
from tests.streams.serve.pages.house import now, state

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]

NOTICES = """
window.notices = [];
window.Notification = class {
  static permission = "granted";
  constructor(...args) { notices.push(args); %s }
};
"""


def opened(page: Page, *, sound: str = "off", notice: bool = False, path: str = "/desk") -> None:
    """The desk, once it hears what comes and knows all that are open."""
    view = [{"name": "", "query": "", "sound": sound, "notice": notice}]
    page.add_init_script(f"localStorage.setItem('touchline.views', {json.dumps(json.dumps(view))})")
    page.add_init_script(PLAYED)
    page.goto(ADDRESS + path)
    page.wait_for_selector("html[data-stream=open]")
    calls(page, "news.js", "its.missed()")


def told(town: Town, page: Page, *states: dict[str, Any]) -> None:
    """Let this be so, and the stream tell it."""
    town.house.put(*states)
    for each in states:
        tell(page, each)


def rung(page: Page) -> list[str]:
    """Alerts that rang, in order."""
    return [each["id"] for each in page.evaluate("rung")]


def row(page: Page, one: dict[str, Any]) -> Locator:
    return page.locator(f"#a-{one['alert_id']}")


# -- what rings ------------------------------------------------------------------------------


@pytest.mark.parametrize("does", ["", "throw new TypeError('Illegal constructor');"])
def test_a_notice_has_the_id_alone_and_hinders_nothing(town: Town, page: Page, does: str) -> None:
    """Chrome on Android throws: it has notices of service workers alone."""
    page.add_init_script(NOTICES % does)
    opened(page, sound="once", notice=True)
    one = state(1)
    told(town, page, one)
    expect(row(page, one)).to_be_visible()
    said = {"body": f"Alert {one['alert_id'][:8]}", "tag": one["alert_id"], "renotify": True}
    assert page.evaluate("notices") == [["Touchline", said]]
    assert rung(page) == [one["alert_id"]]


@pytest.mark.parametrize(("sound", "times"), [("off", 0), ("once", 1)])
def test_a_view_rings_once_or_never(town: Town, page: Page, sound: str, times: int) -> None:
    opened(page, sound=sound)
    one = state(1)
    told(town, page, one, {**one, "note": "Called."})
    expect(row(page, one)).to_contain_text("Called.")
    assert (
        page.evaluate("rung") == [{"id": one["alert_id"], "mode": "once", "heard": False}][:times]
    )
    expect(page.locator("#silence")).to_be_hidden()


def test_what_came_while_nothing_was_heard_rings_on_return(town: Town, page: Page) -> None:
    old, ringing = state(5), state(4)
    town.house.put(old)
    opened(page, sound="until")
    told(town, page, ringing)
    expect(row(page, ringing)).to_be_visible()
    new = state(3)
    town.house.put(new, {**old, "note": "Nothing new."})
    tell(page, {}, "resync")
    expect(row(page, new)).to_be_visible()
    page.wait_for_function("rung.length === 2")
    assert rung(page) == [ringing["alert_id"], new["alert_id"]]
    assert calls(page, "sound.js", "its.ringing()") == rung(page)


def test_what_was_acknowledged_while_nothing_was_heard_stops(town: Town, page: Page) -> None:
    one, other = state(1), state(2)
    opened(page, sound="until", path="/desk?tier=private")  # it shows neither
    told(town, page, one, other)
    town.house.put({**one, "status": "acknowledged"})
    tell(page, {}, "resync")
    calls(page, "news.js", "its.missed()")
    assert calls(page, "sound.js", "its.ringing()") == [other["alert_id"]]
    town.house.put({**other, "status": "resolved"})
    tell(page, {}, "resync")
    expect(page.locator("#silence")).to_be_hidden()


def test_an_alert_of_before_rings_as_it_goes_to_the_next_level(town: Town, page: Page) -> None:
    old = {**state(9), "note": "Asked for a callback", "assignee": "wang"}
    town.house.put(old)
    opened(page, sound="once", path="/desk?tier=private")  # it does not show it
    told(town, page, {**old, "note": "And again"})
    assert rung(page) == []
    told(town, page, {**old, "level": 2})
    assert rung(page) == [old["alert_id"]]


def test_a_merged_customer_does_not_ring_anew(town: Town, page: Page) -> None:
    opened(page, sound="until")
    one, seen_to = state(1), state(2)
    told(town, page, one, seen_to)
    told(town, page, {**seen_to, "status": "acknowledged"})
    gone = {"alert_id": seen_to["alert_id"], "deleted": True}
    tell(page, gone)
    tell(page, {**seen_to, "status": "acknowledged", "customer_id": "c-1"})
    assert rung(page) == [one["alert_id"], seen_to["alert_id"]]
    tell(page, {"alert_id": one["alert_id"], "deleted": True})
    assert calls(page, "sound.js", "its.ringing()") == []
    tell(page, {**one, "customer_id": "c-2"})  # nobody acknowledged it: it rings on
    assert calls(page, "sound.js", "its.ringing()") == [one["alert_id"]]
    told(town, page, {**one, "status": "acknowledged"}, {**one, "status": "open"})
    assert rung(page)[3:] == [one["alert_id"]], "opened again"


def test_a_noted_alert_that_is_merged_stays_quiet(town: Town, page: Page) -> None:
    opened(page, sound="once")
    one = state(1)
    told(town, page, one)
    tell(page, {"alert_id": one["alert_id"], "deleted": True})
    tell(page, {**one, "customer_id": "c-9"})
    assert rung(page) == [one["alert_id"]]


def test_the_title_counts_what_came_unseen(town: Town, page: Page) -> None:
    opened(page)
    seen(page, hidden=True)
    told(town, page, state(1), state(2))
    assert page.title() == "(2) Desk · Touchline"
    seen(page, hidden=False)
    assert page.title() == "Desk · Touchline"


# -- rows ------------------------------------------------------------------------------------


def test_rows_wait_while_the_pointer_is_over_the_list(town: Town, page: Page) -> None:
    first, held, gone = state(3), state(2), state(1)
    town.house.put(first)
    opened(page)
    row(page, first).hover()
    told(town, page, held)
    expect(page.locator("#waiting")).to_have_text("1 new")
    told(town, page, gone)
    expect(page.locator("#waiting")).to_have_text("2 new")
    assert page.locator("#rows tr").count() == 1
    town.house.put({**gone, "status": "acknowledged"})  # and nothing of it was heard
    tell(page, {}, "resync")
    expect(page.locator("#waiting")).to_have_text("1 new")
    page.mouse.move(5, 5)
    expect(row(page, held)).to_be_visible()
    assert page.locator("#rows tr").count() == 2


def test_the_list_has_a_page_of_alerts_at_most(
    town: Town, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.serve.pages.desk.SHOWN", 10)
    town.house.put(*(state(n) for n in range(10, 19)))
    opened(page)
    expect(page.locator("#rows tr")).to_have_count(9)
    expect(page.locator("#more")).to_have_count(0)
    urgent = [state(n, priority=1) for n in range(3)]
    told(town, page, *urgent)
    expect(row(page, urgent[0])).to_be_visible()
    expect(page.locator("#more a")).to_be_visible()
    assert page.locator("#rows tr").count() == 10
    town.house.put(*(state(n, status="resolved") for n in range(13, 19)))
    tell(page, {}, "resync")
    expect(page.locator("#rows tr")).to_have_count(6)  # 12 - 6
    expect(page.locator("#more")).to_have_count(0)


def test_a_list_that_gets_short_is_filled_from_the_next_page(
    town: Town, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.serve.pages.desk.SHOWN", 10)
    states = [state(n) for n in range(16)]
    town.house.put(*states)
    opened(page)
    expect(page.locator("#more a")).to_be_visible()
    done = [{**each, "status": "acknowledged"} for each in reversed(states)][:10]
    told(town, page, *done)  # all that are shown
    expect(page.locator("#rows tr")).to_have_count(6)
    expect(page.locator("#more")).to_have_count(0)
    expect(page.locator("#empty")).to_be_hidden()


def test_a_level_is_told_on_the_line_of_the_alert(town: Town, page: Page) -> None:
    one = state(1, priority=1)
    town.house.put(one)
    opened(page, sound="once")
    expect(row(page, one)).not_to_contain_text("level")
    told(town, page, {**one, "level": 2, "newest_id": output_id("desk", 1, 2)})
    expect(row(page, one).locator(".mark.bad")).to_have_text("↑ level 2")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert rung(page) == [one["alert_id"]]


def test_the_clock_to_the_next_raise_runs_down(town: Town, page: Page) -> None:
    soon, past = (state(n, due_at=rfc3339(moment(now() + ms))) for n, ms in ((1, 90_000), (2, -1)))
    town.house.put(soon, past)
    opened(page)
    clock = row(page, soon).locator(".next time")
    expect(clock).to_have_text(re.compile(r"^1:(2\d|30)$"))
    expect(clock).to_have_class("is-near")
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)
    assert clock.inner_text() < before
    expect(row(page, past).locator(".next time")).to_have_text("due")


# -- what is done ----------------------------------------------------------------------------


def acts(town: Town, *states: dict[str, Any]) -> list[dict[str, Any]]:
    """Requests to act, from here on; each of their alerts is acknowledged."""
    asked: list[dict[str, Any]] = []
    known = {each["alert_id"]: each for each in states}

    def done(route: Route) -> None:
        told: dict[str, Any] = route.request.post_data_json or {}
        asked.append(told)
        town.house.put(
            *({**known[id_], "status": "acknowledged"} for id_ in told["ids"] if id_ in known)
        )
        results = [{"id": each, "result": "accepted"} for each in told["ids"]]
        route.fulfill(status=202, json={"accepted": len(results), "results": results})

    town.instead["/v1/alerts/actions"] = done
    return asked


def test_a_key_that_is_held_acts_once(town: Town, page: Page) -> None:
    first, second, third = (state(n) for n in (3, 2, 1))
    town.house.put(first, second, third)
    asked = acts(town, first, second, third)
    opened(page)
    page.keyboard.press("j")
    page.keyboard.down("a")
    expect(row(page, first)).to_have_count(0)
    expect(row(page, second)).to_have_class("here")
    for _ in range(3):
        page.keyboard.down("a")  # held: the browser repeats it
    page.keyboard.up("a")
    page.keyboard.press("a")
    expect(row(page, second)).to_have_count(0)
    expect(row(page, third)).to_have_class("here")
    assert [each["ids"] for each in asked] == [[first["alert_id"]], [second["alert_id"]]]


def test_the_next_one_is_gone_to_although_others_are_being_drawn(town: Town, page: Page) -> None:
    first, second = state(2), state(1)
    town.house.put(first, second)
    acts(town, first)
    opened(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)
        del town.instead["/desk/rows"]

    town.instead["/desk/rows"] = hold
    calls(page, "rows.js", "void its.refresh(['x'])")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_have_text("Acknowledged: 1")
    town(held[0])
    expect(row(page, first)).to_have_count(0)
    expect(row(page, second)).to_have_class("here")


def test_more_than_a_request_may_have_are_several_requests(town: Town, page: Page) -> None:
    opened(page)
    asked = acts(town)
    town.instead["/desk/rows"] = lambda route: route.fulfill(status=400, body="")
    calls(page, "act.js", "its.act(Array.from({ length: 1001 }, (_, n) => `n${n}`), 'resolved')")
    assert [len(each["ids"]) for each in asked] == [1_000, 1]
    assert asked[0]["idempotency_key"] != asked[1]["idempotency_key"]
    assert asked[1]["ids"] == ["n1000"]
    expect(page.locator("#toast")).to_have_text("Resolved: 1001")


@pytest.mark.parametrize(
    ("status", "said"),
    [(429, "操作过多，请稍后再试"), (403, "您无权执行此操作"), (500, "出现错误")],
)
def test_why_nothing_was_done_is_told_in_the_language_of_the_page(
    town: Town, page: Page, status: int, said: str
) -> None:
    page.context.add_cookies([{"name": "language", "value": "zh", "url": ADDRESS}])
    one = state(1)
    town.house.put(one)
    opened(page)
    problem = {"type": "urn:x", "kind": "x", "title": "Too many", "status": status}
    town.instead["/v1/alerts/actions"] = lambda route: route.fulfill(status=status, json=problem)
    row(page, one).get_by_role("button").click()
    expect(page.locator("#toast")).to_have_text(f"未执行任何操作：{said}")


def test_keys_move_open_and_find(town: Town, page: Page) -> None:
    first, second = state(2), state(1)
    town.house.put(first, second)
    opened(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(row(page, second)).to_have_class("here")
    page.keyboard.press("k")
    expect(row(page, first)).to_have_class("here")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.press("Escape")
    row(page, first).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ADDRESS}/customers/c-2")


# -- quiet, or broken ------------------------------------------------------------------------


def broken(page: Page, state_: str, *said: str) -> None:
    """An empty list says that alerts may be missing, and why, in red."""
    empty = page.locator(f"#empty[data-state={state_}]")
    expect(empty.locator(".when-broken")).to_be_visible()
    expect(empty.locator(".when-quiet")).to_be_hidden()
    for each in (empty, page.locator(f"#strip[data-state={state_}]")):
        for one in said:
            expect(each).to_contain_text(one)


def test_a_stream_that_is_refused_is_told_although_the_strip_is_answered(
    town: Town, page: Page
) -> None:
    opened(page)
    page.evaluate("window.refused = true; stream.onerror()")
    broken(page, "lost", "The connection is lost. Trying again.")
    with page.expect_response("**/strip") as answered:
        pass
    assert answered.value.status == 200
    page.wait_for_timeout(300)
    broken(page, "lost", "The connection is lost. Trying again.")
    town.house.current()
    page.evaluate("window.refused = false")
    expect(page.locator("#strip")).to_have_attribute("data-state", "current")
    expect(page.locator("#empty .when-quiet")).to_be_visible()


def test_while_the_stream_is_refused_the_desk_asks_by_itself(town: Town, page: Page) -> None:
    opened(page, sound="until")
    page.evaluate("window.refused = true; stream.onerror()")
    for number in (1, 2):  # again and again
        one = state(number)
        town.house.put(one)
        expect(row(page, one)).to_be_visible(timeout=15_000)
        page.wait_for_function(f"rung.length === {number}")
    assert page.locator("html").get_attribute("data-stream") == "lost"
    page.evaluate("window.refused = false")
    page.wait_for_selector("html[data-stream=open]")
    asked = town.count("/v1/alerts?status=open")
    page.wait_for_timeout(6_000)
    assert town.count("/v1/alerts?status=open") == asked


def test_an_empty_list_is_red_where_data_is_old(town: Town, page: Page) -> None:
    town.house.current({2: 45.0})
    opened(page)
    broken(page, "old", "Data is ")
    red = "getComputedStyle(document.getElementById('strip')).backgroundColor"
    danger = "(() => { const it = document.createElement('i'); it.style.color = 'var(--danger)';"
    danger += "document.body.append(it); return getComputedStyle(it).color; })()"
    assert page.evaluate(red) == page.evaluate(danger)


def test_an_empty_list_tells_of_events_that_wait(
    town: Town, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("streams.serve.pages.strip.time.monotonic", lambda: clock[0])
    event = {"type": "transaction", "customer_id": "c-1", "occurred_at": "2026-01-01T00:00:00Z"}
    town.house.come(event, number=1)
    opened(page)
    clock[0] = 112.0
    calls(page, "strip.js", "its.ask()")
    broken(page, "stalled", "Nobody works on partition 1: its events have waited for 12 s.")


def test_an_empty_list_tells_that_the_read_model_starts(town: Town, page: Page) -> None:
    with town.house.file.transaction():
        town.house.file.stamp({1: Standing(0, 0)})
    opened(page)
    broken(page, "starting", "the read model is starting")

"""The desk in a browser, on a bank that runs: what happens is seen, what is done is done."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.desk import WATCH
from tests.streams.running import event, until
from tests.streams.serve.browser.conftest import Opens, live
from tests.streams.serve.browser.town import Town

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.timeout(400)]

ALERTS = 40
MANY = 500


def shows(page: Page, customer: str, times: int = 1) -> None:
    """Wait until so many alerts of a customer are on the page."""
    link = page.locator("#rows a", has_text=customer).get_by_text(customer, exact=True)
    expect(link).to_have_count(times, timeout=20_000)


def row_of(page: Page, customer: str) -> Any:
    """The row of a customer's alert."""
    return page.locator("#rows tr", has=page.get_by_text(customer, exact=True))


def becomes(town: Town, customer: str, **fields: Any) -> dict[str, Any]:
    """The state of a customer's alert once it has these fields."""

    def found() -> dict[str, Any] | None:
        states = town.alerts_of(customer)
        return next((one for one in states if fields.items() <= one.items()), None)

    return until(found, f"{fields} of {customer}", 30)


@pytest.mark.alone
def test_an_alert_is_on_the_page_right_after_its_commit(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(["warm-1"])
    shows(page, "warm-1")
    page.evaluate(WATCH)
    committed: dict[str, float] = {}
    with town.commits() as commits:
        for number in range(ALERTS):
            town.vips([f"soon-{number}"])
            committed |= commits(f"soon-{number}")
        shows(page, f"soon-{ALERTS - 1}")
    until(lambda: committed.keys() <= page.evaluate("() => seen").keys() or None, "all rows", 20)
    seen = page.evaluate("() => seen")
    took = sorted(seen[one] - at for one, at in committed.items())
    p50, p99 = statistics.median(took), took[-1]
    print(f"\nfrom the commit to the page, {len(took)} alerts: p50 {p50:.0f} ms, max {p99:.0f} ms")
    assert len(took) == ALERTS
    assert p99 < 1_000


def test_a_row_goes_from_the_desk_of_whose_customer_it_is_no_longer(
    town: Town, opens: Opens
) -> None:
    town.say(event("ow-1", "moves-1", "profile", owner_id="rm-07"))
    town.vips(["moves-1"])
    li, chen = opens("li"), opens("chen")
    for page in (li, chen):
        shows(page, "moves-1")
    town.say(event("ow-2", "moves-1", "profile", owner_id="rm-12"))
    shows(li, "moves-1", 0)
    assert "moves-1" not in li.content()
    shows(chen, "moves-1")


def test_what_one_person_does_another_sees_and_workers_count(town: Town, opens: Opens) -> None:
    mine, theirs = opens("chen"), opens("wang")
    town.vips(["both-1", "both-2", "both-3"])
    for page in (mine, theirs):
        for customer in ("both-1", "both-2", "both-3"):
            shows(page, customer)
    row_of(mine, "both-1").get_by_role("button", name="Acknowledge").click()
    for page in (mine, theirs):
        shows(page, "both-1", 0)
    assert becomes(town, "both-1", status="acknowledged")["by"] == "chen"

    row_of(theirs, "both-2").click(position={"x": 200, "y": 5})
    theirs.keyboard.press("a")
    for page in (mine, theirs):
        shows(page, "both-2", 0)
    assert becomes(town, "both-2", status="acknowledged")["by"] == "wang"

    row_of(mine, "both-3").locator("input").check()
    mine.keyboard.press("n")
    mine.fill("#note", "Wants to be called after six.")
    mine.get_by_role("button", name="Add the note").click()
    row_of(mine, "both-3").locator("input").check()
    mine.keyboard.press("i")
    mine.fill("#assign-to", "wang")
    mine.locator("#ask-assigned button.main").click()
    expect(row_of(theirs, "both-3")).to_contain_text("Wants to be called after six.")
    expect(row_of(theirs, "both-3").locator(".assignee")).to_contain_text("wang")

    row_of(mine, "both-3").locator("input").check()
    mine.keyboard.press("s")
    mine.get_by_role("button", name="15 minutes").click()
    state = becomes(town, "both-3", status="snoozed")
    assert (state["assignee"], state["by"]) == ("wang", "chen")
    theirs.locator("#tabs a[data-status=snoozed]").click()
    shows(theirs, "both-3")
    row_of(theirs, "both-3").locator("input").check()
    theirs.keyboard.press("o")
    shows(mine, "both-3")


def test_alerts_are_resolved_by_click_and_by_key(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(["over-1", "over-2"])
    for customer in ("over-1", "over-2"):
        shows(page, customer)
    row_of(page, "over-1").locator("input").check()
    page.locator("#toolbar button[data-act=resolved]").click()
    shows(page, "over-1", 0)
    row_of(page, "over-2").click(position={"x": 200, "y": 5})
    page.keyboard.press("r")
    shows(page, "over-2", 0)
    for customer in ("over-1", "over-2"):
        assert becomes(town, customer, status="resolved")["by"] == "chen"


def test_new_alerts_wait_while_somebody_selects(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(["first-1"])
    shows(page, "first-1")
    row_of(page, "first-1").locator("input").check()
    town.vips(["later-1", "later-2"])
    expect(page.locator("#waiting")).to_have_text("2 new", timeout=20_000)
    shows(page, "later-1", 0)
    page.locator("#waiting").click()
    shows(page, "later-1")
    expect(row_of(page, "first-1").locator("input")).to_be_checked()
    expect(page.locator("#picked")).to_have_text("1 selected")
    town.vips(["later-3"])
    expect(page.locator("#waiting")).to_have_text("1 new", timeout=20_000)
    page.keyboard.press("Escape")
    page.mouse.move(5, 5)
    shows(page, "later-3")


def test_five_hundred_are_acknowledged_in_one_request(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(f"many-{number:03}" for number in range(MANY))
    open_now = page.locator("#tabs a[data-status=open] .count")
    until(lambda: int(open_now.get_attribute("data-count") or 0) >= MANY or None, "500 open", 60)
    page.goto(f"{town.address}/desk?kind=vip_new")
    expect(page.locator("#rows tr")).to_have_count(MANY, timeout=20_000)
    live(page)
    page.locator("#all").check()
    expect(page.locator("#picked")).to_have_text("500 selected")
    requests: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url) if asked.method == "POST" else None)
    began = time.monotonic()
    with page.expect_response("**/v1/alerts/actions") as answered:
        page.locator("#toolbar button[data-act=acknowledged]").click()
    took = time.monotonic() - began
    told = answered.value.json()
    assert (answered.value.status, told["accepted"], len(told["results"])) == (202, MANY, MANY)
    assert len(requests) == 1
    expect(page.locator("#toast")).to_have_text("Acknowledged: 500")
    until(
        lambda: (
            sum(one["status"] == "acknowledged" for one in town.states().values()) >= MANY or None
        ),
        "500 acknowledged",
        30,
    )
    print(f"\n{MANY} alerts in one request: {took * 1000:.0f} ms to its answer")


def test_a_hidden_tab_rings_until_somebody_acknowledges(town: Town, opens: Opens) -> None:
    page = opens()
    page.get_by_role("button", name="Settings of the view All open").click()
    page.get_by_label("Until it is acknowledged").check()
    page.locator("#view-dialog button.main").click()
    page.evaluate(
        "() => { window.rung = []; document.addEventListener('touchline:ring', (event) =>"
        " rung.push({ ...event.detail, hidden: document.hidden })); }"
    )
    other = page.context.new_page()
    other.bring_to_front()
    if not page.evaluate("document.hidden"):  # some builds show all tabs of a headless window
        page.evaluate(
            "() => { for (const [name, is] of [['hidden', true], ['visibilityState', 'hidden']])"
            " Object.defineProperty(document, name, { get: () => is, configurable: true });"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )
    town.vips(["ring-1"])
    rung = until(lambda: page.evaluate("() => rung") or None, "the bell", 20)
    assert [(one["mode"], one["hidden"], one["heard"]) for one in rung] == [("until", True, True)]
    assert page.title() == "(1) Desk · Touchline"
    assert rung[0]["id"] == becomes(town, "ring-1", status="open")["alert_id"]
    expect(page.locator("#silence")).to_be_visible()
    desk = opens("wang")
    row_of(desk, "ring-1").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#silence")).to_be_hidden(timeout=20_000)


def test_filters_stand_in_the_address_and_work_without_scripts(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(["rich-1"], after=9_000_000.0)
    town.vips(["well-1"])
    shows(page, "rich-1")
    page.locator(".menu summary", has_text="Tier").click()
    page.get_by_label("private", exact=True).check()
    shows(page, "well-1", 0)
    shows(page, "rich-1")
    assert page.url.endswith("/desk?tier=private")
    town.vips(["well-2"])
    town.vips(["rich-2"], after=9_000_000.0)
    shows(page, "rich-2")
    shows(page, "well-2", 0)
    page.reload()
    shows(page, "rich-1")
    shows(page, "well-1", 0)

    plain = page.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    try:
        still = plain.new_page()
        still.goto(f"{town.address}/desk")
        shows(still, "well-1")
        still.fill("#find", "rich-1")
        still.keyboard.press("Enter")
        shows(still, "rich-1")
        shows(still, "well-1", 0)
        assert "customer=rich-1" in still.url
    finally:
        plain.close()


def test_whatever_is_stored_runs_nowhere(town: Town, opens: Opens) -> None:
    page = opens()
    page.evaluate("() => { window.ran = 0; window.alert = () => { window.ran += 1; }; }")
    bad = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    customer = f"x{bad}"
    town.say(event("p-1", customer, "profile", owner_id=bad))
    town.vips([customer])
    shows(page, customer)
    row = row_of(page, customer)
    for what, field, press in (("n", "#note", "#ask-noted"), ("i", "#assign-to", "#ask-assigned")):
        row.locator("input").check()
        page.keyboard.press(what)
        page.fill(field, bad)
        page.locator(f"{press} button.main").click()
        expect(page.locator(press)).to_be_hidden()
        page.wait_for_function("() => !document.querySelector('#rows tr.busy')")
    expect(row.locator(".note")).to_contain_text(bad)
    expect(row.locator(".assignee")).to_contain_text(bad)
    page.evaluate(
        "(query) => localStorage.setItem('touchline.views', JSON.stringify([{ name: query, query:"
        " 'segment=' + encodeURIComponent(query), sound: 'off', notice: false }]))", bad,
    )  # fmt: skip
    page.goto(f"{town.address}/desk?status=all&segment={bad}&owner={bad}&assignee={bad}")
    expect(page.locator("#views")).to_contain_text(bad)
    assert page.evaluate("() => window.ran ?? 0") == 0
    assert page.locator("img[src=x]").count() == 0
    page.goto(f"{town.address}/desk?status=all&customer={json.dumps(customer)[1:-1]}")
    shows(page, customer)
    assert page.locator("img[src=x], main script").count() == 0

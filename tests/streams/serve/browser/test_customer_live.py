"""The page of a customer in a browser, on a bank that runs."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from schemas.topics import TOPIC_OF_TYPE
from tests.streams.running import until
from tests.streams.serve.browser.conftest import Opens
from tests.streams.serve.browser.town import Town
from tests.streams.serve.pages import people
from tests.streams.serve.pages.people import SCRIPT, VIP

pytestmark = [pytest.mark.live, pytest.mark.long]

PATH = f"/customers/{VIP}"
SHOTS = os.environ.get("PICTURES")
"""A directory where pictures of the pages are put, for whoever wants to look."""
LOOKS = [
    pytest.param({"color_scheme": "light"}, id="light"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"viewport": {"width": 390, "height": 844}}, id="phone"),
    pytest.param({"locale": "zh-CN", "color_scheme": "dark"}, id="chinese"),
    pytest.param(
        {"locale": "zh-CN", "viewport": {"width": 390, "height": 844}}, id="phone-chinese"
    ),
]
INKED = """canvas => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  }
  return colours.size;
}"""


def tell(town: Town, *events: dict[str, Any]) -> None:
    """Let these events happen."""
    town.say(
        *(
            (TOPIC_OF_TYPE[one["type"]], one["customer_id"].encode(), json.dumps(one).encode())
            for one in events
        )
    )


@pytest.fixture(scope="module")
def told(town: Town) -> people.Town:
    """The VIP and some others are known, and all of it counts."""
    said = people.Town(datetime.now(UTC))
    events = sorted(said.vip(), key=lambda one: str(one["occurred_at"]))
    tell(town, *events)
    until(lambda: len(town.alerts_of(VIP)) > 5 or None, "alerts of the VIP", 60)
    return said


def look(page: Page, name: str) -> None:
    """A picture, where somebody wants one."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def clean(page: Page) -> None:
    """Nothing serious hinders anybody, and nothing is cut off at the side."""
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["target"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls aside"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("how", LOOKS)
def test_it_can_be_read_by_everybody(
    opens: Opens, how: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    page = opens(path=PATH, **how)
    canvas = page.locator("[data-chart] canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(INKED) > 5, "the chart has a line, points and an axis"
    page.locator("#satisfaction-table summary").click()
    expect(page.locator("[data-moments] tbody tr").first).to_be_visible()
    look(page, f"customer-{request.node.callspec.id}")
    clean(page)
    expect(page.get_by_text("window.stolen").first).to_be_attached()
    assert page.evaluate("window.stolen === undefined"), "a stored script ran"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("how", LOOKS)
def test_the_search_can_be_read_by_everybody(
    opens: Opens, how: dict[str, Any], request: pytest.FixtureRequest, town: Town
) -> None:
    page = opens(path="/desk", **how)
    page.goto(f"{town.address}/customers")
    expect(page.locator("#results a", has_text=VIP)).to_be_visible()
    look(page, f"customers-{request.node.callspec.id}")
    clean(page)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_times_and_days_are_the_readers(opens: Opens, zone: str, town: Town) -> None:
    page = opens(path=PATH, timezone_id=zone)
    page.goto(town.address + PATH)
    line = page.locator("[data-part=timeline] li", has_text="Contact with ag-7")
    at = datetime.fromisoformat(str(line.locator("time").get_attribute("datetime")))
    local = at.astimezone(ZoneInfo(zone))
    expect(line.locator("time")).to_contain_text(f"{local.hour % 12 or 12}:{local:%M}")
    expect(line.locator("time")).to_contain_text(f"{local:%b} {local.day},")
    links = page.locator("[data-part=timeline] a", has_text="Show each")
    folded = links.count()
    day = re.search(r"timeline=([\d-]+)", str(links.last.get_attribute("href")))
    assert day is not None and folded > 2
    links.last.click()
    page.wait_for_url("**timeline=*")
    assert links.count() == folded - 1, "one day alone is open"
    first = page.locator("#opened-day time")
    shown = datetime.fromisoformat(str(first.get_attribute("datetime"))).astimezone(ZoneInfo(zone))
    assert shown.date().isoformat() == day[1]


def test_what_happens_comes_up_without_a_reload(
    town: Town, opens: Opens, told: people.Town
) -> None:
    page = opens(path=PATH)
    page.evaluate("window.stays = true")
    page.locator("#satisfaction-table summary").click()
    page.locator("#lacks-all summary").focus()
    said = datetime.now(UTC)
    opened = people.Town(said).event(
        VIP, "complaint", 0.0, channel="app", complaint_id="k-live", status="opened", severity=5,
        factor="service", category=SCRIPT[:40],
    )  # fmt: skip
    tell(town, opened | {"event_id": "e-live"})
    expect(page.locator("[data-part=complaints] h3", has_text="k-live")).to_be_visible(
        timeout=10_000
    )
    expect(page.locator("[data-part=words]")).to_contain_text("3 complaints are open")
    assert page.evaluate("window.stays"), "it is the same page"
    expect(page.locator("#satisfaction-table")).to_have_attribute("open", "")
    expect(page.locator("#lacks-all summary")).to_be_focused()
    assert page.evaluate("window.stolen === undefined")


@pytest.mark.usefixtures("told")
def test_an_alert_is_acknowledged_on_the_page(town: Town, opens: Opens) -> None:
    page = opens(path=PATH)
    button = page.locator("button[data-act=acknowledged]").first
    alert = button.get_attribute("data-alert")
    assert alert is not None
    button.click()

    def done() -> bool | None:
        state = town.states()[alert]
        return (state["status"], state.get("by")) == ("acknowledged", "chen") or None

    until(done, "the acknowledgement to count", 20)
    again = page.locator(f"button[data-act=acknowledged][data-alert='{alert}']")
    expect(again).to_have_count(0, timeout=10_000)


@pytest.mark.usefixtures("told")
def test_a_step_of_a_complaint_is_ticked_off_on_the_page(opens: Opens) -> None:
    page = opens(path=PATH)
    case = page.locator("[data-part=complaints] article", has_text="k-2")
    steps = case.locator(".steps li")
    expect(steps).to_have_count(6)
    expect(case.locator(".steps .next")).to_contain_text("accept at once")
    case.get_by_role("button", name="Done: accept at once").click()
    expect(steps.first).to_have_class("done", timeout=15_000)
    expect(steps.first).to_contain_text("chen")
    expect(case.locator(".steps .next")).to_contain_text("apologise")
    expect(page.locator("[data-part=timeline]")).to_contain_text("step “accept at once”")
    expect(page.locator("[data-part=alerts]")).to_contain_text("Next step: apologise")
    look(page, "customer-steps")


@pytest.mark.usefixtures("told")
def test_a_task_is_approved_and_done_on_the_page(town: Town, opens: Opens) -> None:
    page = opens(path=PATH)
    moved = people.Town(datetime.now(UTC)).event(VIP, "profile", 0.0, owner_id="manager-9")
    tell(town, moved | {"event_id": "e-moved", "channel": "branch"})
    tasks = page.locator("[data-part=alerts] li", has_text="handover")
    tasks.get_by_role("button", name="Approve").click(timeout=15_000)
    expect(tasks).to_contain_text("approved", timeout=15_000)
    tasks.get_by_role("button", name="Done").click()
    expect(tasks).to_have_count(0, timeout=15_000)
    expect(page.locator("[data-part=timeline]")).to_contain_text("Care task: done")


@pytest.mark.usefixtures("told")
def test_the_search_finds_while_somebody_types(town: Town, opens: Opens) -> None:
    tell(town, people.Town(datetime.now(UTC)).event("x-other", "profile", 0.0, region="Anhui"))
    page = opens(path="/desk")
    page.goto(f"{town.address}/customers")
    page.get_by_label("Id begins with").press_sequentially("c-v")
    expect(page.locator("#results tbody tr")).to_have_count(1, timeout=10_000)
    assert "q=c-v" in page.url
    page.get_by_label("Tier").select_option("private")
    expect(page.locator("#results")).to_contain_text("No customer fits")
    page.go_back()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.locator("#results a", has_text=VIP).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(VIP)


def test_nobody_of_an_id_is_told(town: Town, opens: Opens) -> None:
    page = opens(path="/desk", may_fail=True)
    page.goto(f"{town.address}/customers/{SCRIPT.replace('/', '')}")
    expect(page.get_by_role("heading", level=1)).to_have_text("No customer of this id")
    assert page.evaluate("window.stolen === undefined")
    clean(page)

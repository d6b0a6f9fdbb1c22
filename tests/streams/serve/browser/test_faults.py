"""What breaks is told on the page, which goes on by itself and loses nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.streams.serve.browser.conftest import Opens, live
from tests.streams.serve.browser.test_desk_live import becomes, row_of, shows
from tests.streams.serve.browser.town import Town

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.timeout(400)]

SLOW = 60_000


def says(page: Page, *states: str) -> None:
    """Wait until the strip is in one of these states."""
    expect(page.locator("#strip")).to_have_attribute(
        "data-state", re.compile(f"^({'|'.join(states)})$"), timeout=SLOW
    )


def test_a_worker_is_killed(town: Town, opens: Opens) -> None:
    page = opens()
    town.vips(["before-1"])
    shows(page, "before-1")
    town.kill("worker")
    town.vips(["after-1"])
    says(page, "stalled")
    expect(page.locator("#strip")).to_contain_text("Nobody works on partition")
    # what somebody does meanwhile is kept by Kafka, and counts once a worker is back
    row_of(page, "before-1").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#toast")).to_have_text("Acknowledged: 1", timeout=SLOW)
    town.start("worker")
    says(page, "current")
    shows(page, "after-1")
    shows(page, "before-1", 0)
    assert becomes(town, "before-1", status="acknowledged")["by"] == "chen"


def test_serve_is_killed(town: Town, opens: Opens) -> None:
    page = opens(may_fail=True)  # the browser's console tells of refused connections
    town.kill("serve")
    says(page, "lost")
    expect(page.locator("#strip")).to_have_text("The connection is lost. Trying again.")
    town.vips(["away-1"])
    town.start("serve")
    says(page, "current")
    live(page)
    shows(page, "away-1")


def test_the_broker_is_restarted(town: Town, opens: Opens) -> None:
    page = opens()
    town.broker.stop()
    says(page, "slow", "old")
    town.broker.restart()
    town.vips(["again-1"])
    says(page, "current")
    shows(page, "again-1")
    row_of(page, "again-1").get_by_role("button", name="Acknowledge").click()
    shows(page, "again-1", 0)
    assert becomes(town, "again-1", status="acknowledged")["by"] == "chen"

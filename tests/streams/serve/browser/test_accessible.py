"""Nobody is kept out: axe-core finds nothing serious in any theme, width or language."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.streams.running import until
from tests.streams.serve.browser.conftest import Opens
from tests.streams.serve.browser.town import Town

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.timeout(400)]

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def serious(page: Page) -> list[str]:
    """What axe-core finds on a page that keeps somebody out."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


LOOKS = pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(WIDE, "light", "en-GB"), (WIDE, "dark", "zh-CN"), (NARROW, "dark", "en-GB"),
     (NARROW, "light", "zh-CN")],
    ids=["wide-light-en", "wide-dark-zh", "narrow-dark-en", "narrow-light-zh"],
)  # fmt: skip


@LOOKS
def test_the_desk_keeps_nobody_out(
    town: Town, opens: Opens, size: dict[str, int], theme: str, language: str
) -> None:
    town.vips(["seen-1", "seen-2"])
    until(lambda: len(town.alerts_of("seen-1")) or None, "alerts", 30)
    page = opens(path="/desk?status=all", viewport=size, color_scheme=theme, locale=language)
    page.wait_for_selector("#rows tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert serious(page) == [], "a list with something selected"
    page.keyboard.press("s")
    assert serious(page) == [], "a dialog"
    page.keyboard.press("Escape")
    page.goto(f"{town.address}/desk?customer=nobody")
    page.wait_for_selector("#empty:not([hidden])")
    assert serious(page) == [], "an empty list"
    said = page.locator("#empty").inner_text()
    assert ("没有符合筛选条件的告警" if language == "zh-CN" else "No alerts match") in said


@LOOKS
def test_login_and_problems_keep_nobody_out(
    town: Town, opens: Opens, size: dict[str, int], theme: str, language: str
) -> None:
    look: dict[str, Any] = {"viewport": size, "color_scheme": theme, "locale": language}
    page = opens(**look, may_fail=True)
    anew = page.context.browser.new_context(**look)  # type: ignore[union-attr]
    try:
        out = anew.new_page()
        for path, what in (("/login", "a login"), ("/login/once?link=none", "a login refused")):
            out.goto(town.address + path)
            assert serious(out) == [], what
            assert out.evaluate("document.documentElement.scrollWidth") <= size["width"], what
    finally:
        anew.close()
    page.goto(f"{town.address}/desk?cursor=none")
    said = "这里没有内容。" if language == "zh-CN" else "There is nothing here."
    assert page.locator("h1").inner_text() == said
    assert serious(page) == [], "a problem"
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "a problem"

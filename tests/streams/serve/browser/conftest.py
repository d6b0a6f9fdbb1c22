"""A bank as it runs, once for a module, and browsers that are logged in to its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from streams.cluster.broker import LocalBroker
from tests.streams.serve.browser.town import Town

PASSWORD = "correct horse battery staple"
PEOPLE = {"chen": None, "wang": None, "li": "rm-07"}
"""Who is at the desk, and of whose customers alone."""
Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def town(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Broker, worker and serve, and the people at the desk."""
    with LocalBroker() as broker:
        running = Town(broker, tmp_path_factory.mktemp("town"))
        try:
            running.run("topics")
            for name, owner in PEOPLE.items():
                running.person(name, PASSWORD, owner)
            running.start("worker")
            running.start("serve")
            running.ready()
            yield running
            running.stop()
        finally:
            running.end()


@pytest.fixture
def opens(browser: Browser, town: Town) -> Iterator[Opens]:
    """Opens a page of the desk in a browser of its own, logged in; tells of what went wrong."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(who: str = "chen", path: str = "/desk", **how: Any) -> Page:
        may_fail = how.pop("may_fail", False)
        how.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(**how)
        contexts.append(context)
        page = context.new_page()
        if not may_fail:
            page.on("console", lambda said: _note(said, wrong))
            page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{town.address}/login")
        page.fill("#name", who)
        page.fill("#password", PASSWORD)
        page.click("form[action='/login'] button")
        page.goto(town.address + path)
        live(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == [], "the browser's console has errors"


def live(page: Page) -> None:
    """Wait until a page hears what changes."""
    page.wait_for_selector("html[data-stream=open]", timeout=30_000)


def _note(said: ConsoleMessage, wrong: list[str]) -> None:
    if said.type == "error":
        wrong.append(f"{said.text} {said.location}")

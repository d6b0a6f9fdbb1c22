"""A browser for a module, and a page on a town for a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.streams.serve.pages.browsing import Town
from tests.streams.serve.pages.house import House


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture
def town(tmp_path: Path, page: Page) -> Iterator[Town]:
    loop = asyncio.new_event_loop()  # the browser's library has this thread's
    running = threading.Thread(target=loop.run_forever)
    running.start()
    found = Town(House(tmp_path), loop)
    page.route("**/*", found)
    yield found
    page.unroute_all(behavior="ignoreErrors")
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()

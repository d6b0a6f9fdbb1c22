"""A browser on pages as the application draws them, in this process; no broker runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from httpx import Response
from playwright.sync_api import Page, Route

from streams.serve.pages.assets import version
from tests.streams.serve.pages.house import House

ADDRESS = "http://127.0.0.1:8080"
SSE = {"content-type": "text/event-stream"}
Answers = Callable[[Route], None]
PLAYED = """
window.rung = [];
document.addEventListener("touchline:ring", (event) => rung.push(event.detail));
window.EventSource = class {
  constructor() {
    this.calls = {};
    window.stream = this;
    setTimeout(() => (window.refused ? this.onerror() : this.tell("ready", {})));
  }
  addEventListener(name, call) { this.calls[name] = call; }
  tell(name, record) { this.calls[name]({ data: JSON.stringify(record), lastEventId: "" }); }
  close() {}
};
"""
"""A stream that is played to the scripts of a page, by :func:`tell`."""


class Town:
    """Answers a browser by the application, but where it is told to answer otherwise."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        self.house = house
        self._loop = loop
        self.asked: list[str] = []
        self.instead: dict[str, Answers] = {
            "/v1/stream": lambda route: route.fulfill(status=200, headers=SSE, body=": alive\n\n")
        }

    def __call__(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        self.asked.append(path)
        instead = self.instead.get(path.partition("?")[0])
        if instead is not None:
            return instead(route)
        answer = self.answer(path, route.request.headers)
        headers = {
            name: value for name, value in answer.headers.items() if name != "content-length"
        }
        route.fulfill(status=answer.status_code, headers=headers, body=answer.content)
        return None

    def answer(self, path: str, headers: dict[str, str]) -> Response:
        """What the application says."""
        asking = self.house.client.get(path, headers=headers)
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result(30.0)

    def count(self, begin: str) -> int:
        return sum(path.startswith(begin) for path in self.asked)


def calls(page: Page, script: str, call: str) -> Any:
    """What comes of a call of a script's own functions."""
    return page.evaluate(f"import('/static/{version()}/{script}').then((its) => {call})")


def seen(page: Page, *, hidden: bool) -> None:
    """Let the page believe that its tab is shown or not."""
    page.evaluate(
        f"Object.defineProperty(document, 'hidden', {{ value: {json.dumps(hidden)}, "
        "configurable: true }); document.dispatchEvent(new Event('visibilitychange'))"
    )


def tell(page: Page, record: dict[str, Any], event: str = "alert-state") -> None:
    """Let the played stream tell this."""
    page.evaluate("([name, it]) => stream.tell(name, it)", [event, record])

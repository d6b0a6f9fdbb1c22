"""A client of `/v1/stream` as browsers are: events one by one, with their ids."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx


class Event(NamedTuple):
    """An event as a browser gives it."""

    name: str
    data: Any
    last_id: str


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Lines of a stream as events, after the specification of server-sent events."""
    data: list[str] = []
    name, last = "", ""
    for line in lines:
        if not line:
            if data:
                yield Event(name, json.loads("\n".join(data)), last)
            name, data = "", []
        elif not line.startswith(":"):
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                last = value


class Listener:
    """Takes events in a thread; ``got`` waits for one."""

    def __init__(self, answer: httpx.Response) -> None:
        self._queue: queue.Queue[Event] = queue.Queue()
        self.last_id = ""
        self._answer = answer
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        try:
            for event in events(self._answer.iter_lines()):
                self._queue.put(event)
        except (httpx.HTTPError, httpx.StreamError):
            return

    def got(self, name: str, seconds: float = 30.0, **fields: Any) -> Event:
        """The next event of this name with these fields; those before it are passed over."""
        while True:
            event = self._queue.get(timeout=seconds)
            self.last_id = event.last_id or self.last_id
            if event.name == name and fields.items() <= event.data.items():
                return event

    def got_all(self, wanted: dict[str, dict[str, Any]], seconds: float = 30.0) -> dict[str, Event]:
        """The next event of each of these names with these fields, in whatever order they come:
        between topics there is none."""
        found: dict[str, Event] = {}
        while wanted.keys() > found.keys():
            event = self._queue.get(timeout=seconds)
            self.last_id = event.last_id or self.last_id
            fields = wanted.get(event.name)
            if fields is not None and fields.items() <= event.data.items():
                found.setdefault(event.name, event)
        return found

    def rest(self) -> list[Event]:
        """What is there and was not taken."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found


@contextmanager
def listening(client: httpx.Client, last_id: str = "", **params: str) -> Iterator[Listener]:
    """A stream that is open, from an id or from now."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    timeout = httpx.Timeout(10.0, read=60.0)
    with client.stream(
        "GET", "/v1/stream", params=params, headers=headers, timeout=timeout
    ) as answer:
        assert answer.status_code == 200, answer.read()
        yield Listener(answer)

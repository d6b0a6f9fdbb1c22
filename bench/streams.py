"""What a change costs the web process while many streams listen to everything, without a network.

    python -m bench.streams [--streams 50] [--changes 20000]

A hub is told of changes as the read model tells of them, a few hundred at a time, and every stream
is read to its end: processor time of this process for each change.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import msgspec

from bench.harness import machine_info
from streams.readmodel.rows import Change
from streams.serve.api.stream import Told
from streams.serve.metrics import ServeMetrics
from streams.serve.streaming.client import Client
from streams.serve.streaming.hub import Hub
from streams.serve.streaming.vector import NUMBERED

PARTITIONS = 12
CHANGES_AT_ONCE = 200
VALUE = msgspec.json.encode({"customer_id": "c-000001", "kind": "x", "reason": "r" * 350})


class Model:
    """A read model that is whole, and tells what it is given."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[list[Change]] = asyncio.Queue()
        self._ends: Counter[tuple[str, int]] = Counter()

    async def changes(self, _topics: object) -> AsyncIterator[list[Change]]:
        """What came out."""
        while True:
            yield await self.told.get()

    def currency(self) -> list[Any]:
        """Of now."""
        return [SimpleNamespace(age_seconds=0)]

    def positions(self) -> dict[tuple[str, int], int]:
        """Where all begins."""
        return {(topic, number): 0 for topic in NUMBERED for number in range(PARTITIONS)}

    def come(self, first: int, count: int) -> None:
        """So many changes, over all topics and partitions."""
        changes = []
        for row in range(first, first + count):
            place = NUMBERED[row % len(NUMBERED)], row % PARTITIONS
            changes.append(Change(row, *place, self._ends[place], "c-000001", VALUE))
            self._ends[place] += 1
        self.told.put_nowait(changes)


async def measure(streams: int, changes: int) -> float:
    """Microseconds of a change."""
    model, metrics = Model(), ServeMetrics()

    async def ask(question: Callable[..., Any], *given: Any) -> Any:
        return question(*given)

    async def goes_on() -> bool:
        return False

    hub = Hub(model, ask, metrics)  # type: ignore[arg-type]
    app = SimpleNamespace(state=SimpleNamespace(metrics=metrics, streams_of=Counter[str]()))
    request: Any = SimpleNamespace(app=app, is_disconnected=goes_on)
    serve: Any = SimpleNamespace(
        model=model, gate=SimpleNamespace(looks_on=lambda *_: nullcontext())
    )
    who: Any = SimpleNamespace(name="bench")
    sent = [0] * streams

    async def listen(number: int) -> None:
        client = Client(frozenset(NUMBERED), None, most_bytes=2**30)
        async for piece in Told(request, serve, hub, client, None, who=who).pieces():
            sent[number] += len(piece)

    listening = [asyncio.create_task(listen(number)) for number in range(streams)]
    try:
        while min(sent) < len(b"retry: 2000\n\nevent: ready\n"):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        began, least = time.process_time(), changes * len(VALUE)
        for first in range(0, changes, CHANGES_AT_ONCE):
            model.come(first, CHANGES_AT_ONCE)
            await asyncio.sleep(0.005)
        while min(sent) < least:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        return (time.process_time() - began) / changes * 1e6
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await hub.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--changes", type=int, default=20_000)
    given = parser.parse_args()
    spent = asyncio.run(measure(given.streams, given.changes))
    print(
        f"{spent:.1f} us a change for {given.streams} streams, {spent / given.streams:.2f} each;"
        f" {machine_info()['processor']}"
    )


if __name__ == "__main__":
    main()

"""Batches of events posted over HTTP through whatever happens, and what came of each."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
from xxhash import xxh3_64_intdigest

from schemas.fields import rfc3339
from tests.chaos.expected import Totals

BATCH = 100
POSTERS = 4
BAD_SHARE = 0.02
AGAIN_SHARE = 0.03
AGAIN_SECONDS = 0.3
PAUSE_SECONDS = 0.25


@dataclass
class Told:
    """What the answers said: accepted events by id, refused ones by id with the reason."""

    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    posted_again: int = 0

    def totals(self) -> dict[str, Totals]:
        """What the state must hold of each customer: every accepted event once."""
        found: dict[str, list[int]] = {}
        for event_id, event in self.accepted.items():
            sums = found.setdefault(event["customer_id"], [0, 0, 0])
            sums[0] += 1
            sums[1] += event["amount"]
            sums[2] ^= xxh3_64_intdigest(event_id.encode())
        return {one: Totals(n, n, amount, xor) for one, (n, amount, xor) in found.items()}


class Posting:
    """Posts events in batches, each until it is answered with a verdict.

    So many at least, and until ``enough`` is set.
    """

    def __init__(self, address: str, events: int, seed: int, *, customers: int = 200) -> None:
        self.told = Told()
        self.enough = asyncio.Event()
        self.made = 0
        self._address, self._random = address, Random(seed)
        self._customers = [f"p-{seed}-{number}" for number in range(customers)]
        self._batches = self._made(events)

    async def post_all(self) -> None:
        """Until none is left."""
        async with httpx.AsyncClient(base_url=self._address, timeout=60.0) as client:
            await asyncio.gather(*(self._poster(client) for _ in range(POSTERS)))

    def _made(self, events: int) -> Iterator[list[dict[str, Any]]]:
        while self.made < events or not self.enough.is_set():
            yield [self._event(self.made) for _ in range(BATCH)]

    def _event(self, number: int) -> dict[str, Any]:
        self.made += 1
        event: dict[str, Any] = {
            "type": "transaction",
            "event_id": f"t-{number}",
            "customer_id": self._random.choice(self._customers),
            "occurred_at": rfc3339(datetime.now(UTC)),
            "channel": "web",
            "amount": self._random.randrange(1, 1_000),
            "currency": "CNY",
            "direction": self._random.choice(("debit", "credit")),
            "account_id": "a-1",
        }
        if self._random.random() < BAD_SHARE:
            self.told.bad.add(event["event_id"])
            event |= self._random.choice(
                ({"amount": -1}, {"channel": "moon"}, {"occurred_at": "2199-01-01T00:00:00Z"})
            )
        return event

    async def _poster(self, client: httpx.AsyncClient) -> None:
        for batch in self._batches:
            answer = await self._kept(client, batch)
            if self._random.random() < AGAIN_SHARE:  # as one whose answer was lost
                self.told.posted_again += 1
                await self._kept(client, batch)
            self._take(batch, answer)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _kept(self, client: httpx.AsyncClient, batch: list[Any]) -> dict[str, Any]:
        """The answer with verdicts; what was not sent is posted again, whole."""
        while True:
            answer = await client.post("/v1/events", content=json.dumps(batch))
            self.told.statuses[answer.status_code] += 1
            if answer.status_code not in {429, 503}:
                assert answer.status_code in {202, 207}, answer.text
                told: dict[str, Any] = answer.json()
                return told
            assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(AGAIN_SECONDS)

    def _take(self, batch: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        for event, item in zip(batch, answer["items"], strict=True):
            if item["status"] == "accepted":
                self.told.accepted[event["event_id"]] = event
            else:
                self.told.refused[event["event_id"]] = item["reason"]

"""Pages on a read model's real file, without Kafka: what a follower would have put in is put in."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from fastapi import Request
from httpx import ASGITransport, AsyncClient

from domain.policy import Policy
from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import moment, rfc3339
from schemas.outputs import AlertState, output_id
from schemas.segments import MODEL_KEY
from schemas.topics import ALERT_STATES, SEGMENT_MODEL, TOPIC_OF_TYPE
from streams.readmodel.file import ModelFile, Standing
from streams.readmodel.opening import make_file
from streams.readmodel.reading import ReadModel
from streams.serve.access.gate import Gate
from streams.serve.access.who import SCOPES_OF, Scope, Who
from streams.serve.app import application
from streams.serve.problems import Problem
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.settings import KafkaSettings, ServeSettings, Settings

CHEN = Who("chen", SCOPES_OF["desk"], is_person=True)
PARTITIONS = 3
TRANSACTIONS = TOPIC_OF_TYPE["transaction"]


def now() -> int:
    """The time, in ms."""
    return time.time_ns() // 1_000_000


class Put(NamedTuple):
    """A record as a fetcher has it."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = -1
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Door(Gate):
    """Admits whoever is told."""

    def __init__(self, settings: Settings, who: Who) -> None:
        super().__init__(settings)
        self.who = who

    async def admit(self, request: Request, scope: Scope) -> Who:
        if not self.who.may(scope):
            raise Problem(403, "forbidden", "Not allowed")
        return self.who


class House:
    """The application, its file, and a client of it."""

    def __init__(
        self, directory: Path, who: Who = CHEN, *, built: bool = True, **serve: Any
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            app_id="pages",
            partitions=PARTITIONS,
            kafka=KafkaSettings(bootstrap="127.0.0.1:9"),
            serve=ServeSettings(directory=directory, **serve),
        )
        meta = {"partitions": str(PARTITIONS)}
        self.file: ModelFile = make_file(directory, meta, range(PARTITIONS), Policy())
        self._offsets = itertools.count()
        if built:
            self.show(*range(PARTITIONS))
        self.gate = Door(settings, who)
        serving = Serving(settings, Policy(), ReadModel(settings), Sending(settings), self.gate)
        self.app = application(serving)
        self.client = AsyncClient(transport=ASGITransport(self.app), base_url="http://127.0.0.1")

    def show(self, *numbers: int) -> None:
        """Let the follower have built these partitions, events and all."""
        with self.file.transaction():
            for number in numbers:
                self.file.show(number)
            self.file.stamp_inputs(dict.fromkeys(numbers, now()))
        self.current()

    def current(self, ages: Mapping[int, float] | None = None) -> None:
        """Let the partitions be so many seconds old; the others are current."""
        with self.file.transaction():
            self.file.stamp(
                {
                    number: Standing(now() - round((ages or {}).get(number, 0.0) * 1000), 0)
                    for number in range(PARTITIONS)
                }
            )

    def come(self, *events: dict[str, Any], number: int = 0) -> None:
        """Let these events have come in; no checkpoint counts them."""
        records = [
            Put(next(self._offsets), one["customer_id"].encode(), msgspec.json.encode(one))
            for one in events
        ]
        with self.file.transaction():
            self.file.take_inputs(TRANSACTIONS, number, records)

    def put(self, *states: dict[str, Any]) -> None:
        """Let the follower have read these."""
        records = [
            Put(next(self._offsets), one["alert_id"].encode(), msgspec.json.encode(one))
            for one in states
        ]
        with self.file.transaction():
            self.file.take_outputs(ALERT_STATES, 0, records)

    def model(self) -> None:
        """Let a segment model have come out: the example."""
        value = msgspec.json.encode(OUTPUT_EXAMPLES["SegmentModel"][0])
        with self.file.transaction():
            self.file.take_newest(SEGMENT_MODEL, MODEL_KEY, 1, value)


def state(number: int, **other: Any) -> dict[str, Any]:
    """An alert's state as workers write it."""
    at = rfc3339(moment(now() - 60_000 * number))
    fields: dict[str, Any] = {
        "alert_id": output_id("desk", number),
        "newest_id": output_id("desk", number),
        "kind": "vip_new",
        "customer_id": f"c-{number}",
        "tier": "vip",
        "priority": 2,
        "status": "open",
        "level": 1,
        "occurred_at": at,
        "raised_at": at,
        "changed_at": at,
        "suggested_action": "Welcome the customer in person and present the services of the tier.",
        "reason": f"Reached the tier, number {number}.",
    }
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(AlertState(**(fields | other))))
    return made

"""What partitions came to that ran without a broker, and the files that it is written into."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Generic

import msgspec

from agents.topology import C, E, Figures, S, Topology
from schemas.codec import encode
from schemas.common import CommonRecord
from schemas.fields import moment, rfc3339
from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.engine.partition import Partition, Sent
from streams.queries.campaigns import campaigns_of, lines_of
from streams.queries.scores import score_rows, scorecards_of

FILES = {
    topic: f"{topic}.jsonl"
    for topic in (
        ALERTS, ALERT_STATES, SEGMENT_UPDATES, CUSTOMER_TRANSITIONS, SIGNALS, CARE_TASKS,
        DEAD_LETTERS,
    )
}  # fmt: skip
RECORDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("segment-model.json", "segments", {"version": 0, "segments": []}),
    ("standings.json", "standings", {"version": 0}),
    ("propensity-model.json", "propensity", {"version": 0}),
)
"""File, kind, and what stands in it where there was nothing to make the record of."""
_KEY_OF = {ALERT_STATES: "alert_id"}
"""What the key is, of topics whose records are deleted by it."""


def line_of(sent: Sent) -> bytes:
    """An output as a line of its file; of one that deletes, which record it deletes.

    >>> line_of(Sent(ALERT_STATES, b"a1", None, None, "vip_new"))
    b'{"alert_id":"a1","deleted":true}'
    """
    if sent.value is not None:
        return sent.value
    key = (sent.key or b"").decode()
    return msgspec.json.encode({_KEY_OF[sent.topic]: key, "deleted": True})


class Summary(msgspec.Struct):
    """What a replay did."""

    events: int
    accepted: int
    repeated: int
    dead_letters: int
    customers: int
    seconds: float
    events_per_second: float
    # of when the figures are (RFC 3339); None without an event
    as_of: str | None = None


class Offline(Generic[E, S, C]):
    """Partitions of one topology by number, run without a broker.

    ``models`` are the newest of each kind; ``counts`` are by kind of event and what became of it.
    """

    def __init__(self, topology: Topology[E, S, C]) -> None:
        self.topology = topology
        self.partitions: dict[int, Partition[E, S, C]] = {}
        self.models: dict[str, CommonRecord] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.events = 0

    def customers(self) -> list[Figures]:
        """The final state of every customer, sorted by customer."""
        return [state for _, state in sorted(self.exported(), key=lambda pair: pair[0])]

    def exported(self) -> Iterator[tuple[str, Figures]]:
        """Customer and final state, partition by partition, each sorted by customer."""
        return itertools.chain.from_iterable(p.export() for p in self._ordered())

    @property
    def now(self) -> int:
        """How far the clock has come (ms)."""
        return max((partition.now for partition in self._ordered()), default=0)

    def contexts(self) -> list[C]:
        """What each partition keeps over its customers."""
        return [partition.context for partition in self._ordered()]

    def _ordered(self) -> list[Partition[E, S, C]]:
        return [partition for _, partition in sorted(self.partitions.items())]


def write_results(run: Offline[E, S, C], sent: Iterable[tuple[str, bytes]], out: Path) -> Summary:
    """Write what a run ``sent`` (topic and bytes), and how it ended, into the files of ``out``."""
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {
            topic: stack.enter_context((out / name).open("wb")) for topic, name in FILES.items()
        }
        for topic, value in sent:
            if topic in files:
                files[topic].write(value + b"\n")
    customers = run.customers()
    with (out / "customers.jsonl").open("wb") as file:
        for customer in customers:
            file.write(msgspec.json.encode(customer) + b"\n")
    for name, kind, nothing in RECORDS:
        record = run.models.get(kind)
        text = msgspec.json.encode(nothing) if record is None else encode(record)
        (out / name).write_bytes(text)
    with (out / "scorecards.jsonl").open("wb") as file:
        for row in score_rows(scorecards_of(run.contexts()), run.now):
            file.write(msgspec.json.encode(row._asdict()) + b"\n")
    with (out / "campaigns.jsonl").open("wb") as file:
        for line in lines_of(campaigns_of(run.contexts())):
            file.write(msgspec.json.encode(line) + b"\n")
    summary = _summary(run, len(customers), time.perf_counter() - began)
    (out / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2))
    return summary


def _summary(run: Offline[E, S, C], customers: int, seconds: float) -> Summary:
    by_status: Counter[str] = Counter()
    for (kind, status), count in run.counts.items():
        by_status["dead" if kind == "dead_letter" else status] += count
    return Summary(
        events=run.events,
        accepted=by_status["accepted"],
        repeated=by_status["repeated"],
        dead_letters=by_status["dead"],
        customers=customers,
        seconds=round(seconds, 3),
        events_per_second=round(run.events / seconds, 1),
        as_of=rfc3339(moment(run.now)) if run.now else None,
    )

"""A topology as small as can be, for tests of the engine: it counts events per key.

An event is ``key,time,amount`` in text. A negative amount is refused, ``0`` sets a timer one
second later which sends an alert-like output, any other adds to the key's sum. A record read
back is ``key,amount`` in text: the amount is added, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from agents.topology import Get, ReadBack, Topology
from schemas.codec import Bad
from schemas.fields import moment, rfc3339
from schemas.outputs import Signal, output_id
from streams.engine.partition import Partition

TIMER_MS = 1000


class Event(NamedTuple):
    """A parsed event."""

    key: str
    at: int
    amount: int
    source: str


class Count:
    """Events and sum of one key, and its timer."""

    def __init__(self, key: str, events: int = 0, total: int = 0, due: int | None = None) -> None:
        self.key, self.events, self.total, self.next_due = key, events, total, due

    def dump(self) -> list[tuple[bytes, bytes | None]]:
        """One record."""
        text = f"{self.events},{self.total},{'' if self.next_due is None else self.next_due}"
        return [(b"c" + self.key.encode(), text.encode())]


class Outcome(NamedTuple):
    """What became of an event."""

    status: str
    reason: str = ""
    detail: str = ""
    outputs: Sequence[Any] = ()


class Shared:
    """Context: counts all events, to be kept across restarts."""

    def __init__(self, events: int) -> None:
        self.events, self.saved, self.now, self.late, self.wall = events, events, 0, False, 0


class Echo(NamedTuple):
    """A record read back."""

    key: str
    amount: int


Counting = Topology[Event, Count, Shared]
Counted = Partition[Event, Count, Shared]
"""A partition of it."""


def counting(*sources: str, read_back: str | None = None) -> Counting:
    """The counting topology over ``sources``, and over a topic of its own outputs."""

    def decode(values: Sequence[bytes | None]) -> list[Event | Bad]:
        decoded: list[Event | Bad] = []
        for value in values:
            try:
                key, at, amount, source = (value or b"").decode().split(",")
                decoded.append(Event(key, int(at), int(amount), source))
            except ValueError as error:
                decoded.append(Bad("invalid", str(error)))
        return decoded

    return Topology(
        name="counting",
        sources=sources,
        decode=decode,
        identify=lambda event: (event.key, event.at, event.source),
        kinds={Event: "counted", Echo: "echo", Bad: "dead_letter"},
        misplaced=lambda event, topic, key: Bad("key_mismatch", "key or topic is not the event's"),
        new=Count,
        load=_load,
        context=lambda saved: Shared(int(saved.get(b"events", b"0"))),
        shared=_shared,
        apply=_apply,
        fire=_fire,
        owner=lambda record: record[1:].decode() if record[:1] == b"c" else None,
        export=_export,
        read_back={read_back: ReadBack(_echoes, lambda echo: echo.key, _take_echo)}
        if read_back
        else {},
    )


def _echoes(values: Sequence[bytes | None]) -> list[Echo | Bad]:
    found: list[Echo | Bad] = []
    for value in values:
        key, _, amount = (value or b"").decode().partition(",")
        found.append(Echo(key, int(amount)) if amount.isdigit() else Bad("invalid", "no echo"))
    return found


def _take_echo(count: Count, echo: Echo, context: Shared) -> Outcome:
    count.total += echo.amount
    return Outcome("read_back")


def line(key: str, at: int, amount: int, source: str) -> bytes:
    """An event as bytes."""
    return f"{key},{at},{amount},{source}".encode()


def _export(count: Count, now: int, context: Shared) -> Any:
    """The engine hands on whatever a topology tells of a key: here, no figures of a customer."""
    return {"key": count.key, "events": count.events, "total": count.total}


def counted(one: Counted) -> list[tuple[str, dict[str, Any]]]:
    """Each key of a partition of this topology, and what is told of it."""
    told: list[Any] = list(one.export())
    return told


def _load(key: str, get: Get) -> Count | None:
    value = get(b"c" + key.encode())
    if value is None:
        return None
    events, total, due = value.decode().split(",")
    return Count(key, int(events), int(total), int(due) if due else None)


def _shared(context: Shared) -> list[tuple[bytes, bytes | None]]:
    if context.saved == context.events:
        return []
    context.saved = context.events
    return [(b"events", str(context.events).encode())]


def _apply(count: Count, event: Event, at: int, context: Shared) -> Outcome:
    if event.amount < 0:
        return Outcome("rejected", "too_late", "negative amounts are refused")
    count.events += 1
    count.total += event.amount
    context.events += 1
    if event.amount == 0:
        count.next_due = at + TIMER_MS
    return Outcome("accepted")


def _fire(count: Count, context: Shared) -> list[Signal]:
    due, count.next_due = count.next_due, None
    assert due is not None
    return [
        Signal(
            signal_id=output_id("due", count.key, due),
            kind="due",
            customer_id=count.key,
            occurred_at=rfc3339(moment(due)),
            reason=f"the timer of {count.key} fell due",
            value=float(context.now),
        )
    ]

"""Outputs of two replays matched by their cause: what only one of them sends, and what both do.

An output's id depends on nothing but its cause, so it is the cause: the words and numbers of its
reason may differ. A segment update's id counts a customer's changes; there customer, time and
the name of the segment stand for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import msgspec

from schemas.topics import (
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    SEGMENT_UPDATES,
    SIGNALS,
)

COMPARED = (ALERTS, CUSTOMER_TRANSITIONS, SEGMENT_UPDATES, CARE_TASKS, SIGNALS)
# Beside these only words and numbers differ between outputs of one cause.
TELLING = ("occurred_at", "tier", "priority", "level", "from_state", "means", "budget", "due_at")
OLD, NEW = 0, 1


class Output(msgspec.Struct):
    """What is compared and shown of an output, whatever its topic."""

    occurred_at: str
    reason: str
    customer_id: str | None = None
    kind: str | None = None
    alert_id: str | None = None
    transition_id: str | None = None
    task_id: str | None = None
    signal_id: str | None = None
    dimension: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    from_segment: str | None = None
    to_segment: str | None = None
    segment_name: str | None = None
    occasion: str | None = None
    state: str = "proposed"
    means: str | None = None
    budget: float | None = None
    due_at: str | None = None
    tier: str | None = None
    priority: int | None = None
    level: int | None = None


class Example(NamedTuple):
    """An output as it is shown."""

    customer_id: str | None
    occurred_at: str
    reason: str


class Moved(NamedTuple):
    """An output of one cause that is another under the new policy, field by field."""

    customer_id: str | None
    occurred_at: str
    differs: dict[str, tuple[Any, Any]]
    reason: str


class Tally(NamedTuple):
    """How many outputs of one kind only either policy sends, and both; ``moved`` of both differ.

    Examples are those of the earliest times.
    """

    only_old: int
    only_new: int
    both: int
    moved: int
    examples_old: list[Example]
    examples_new: list[Example]
    examples_moved: list[Moved]


_decode = msgspec.json.Decoder(Output).decode
_Cause = tuple[str, str]


class Outputs:
    """Takes outputs of both replays as they come and keeps those not matched so far.

    Bound: one entry for each output that only one policy sends, so the larger the difference,
    the more memory (about 1 KB an output).
    """

    def __init__(self, examples: int) -> None:
        self._examples = examples
        self._waiting: dict[tuple[str, _Cause], list[tuple[int, str, Output]]] = defaultdict(list)
        self._both: Counter[tuple[str, str]] = Counter()
        self._moved: Counter[tuple[str, str]] = Counter()
        self._shown: dict[tuple[str, str], list[Moved]] = defaultdict(list)

    def add(self, side: int, topic: str, value: bytes) -> None:
        """Take an output that the replay of ``side`` (``OLD`` or ``NEW``) sent."""
        if topic not in COMPARED:
            return
        output = _decode(value)
        kind = _kind(topic, output)
        place = topic, _cause(topic, kind, output)
        waiting = self._waiting[place]
        for number, (other, _, found) in enumerate(waiting):
            if other != side:
                del waiting[number]
                if not waiting:
                    del self._waiting[place]
                old, new = (output, found) if side == OLD else (found, output)
                return self._match(topic, kind, old, new)
        waiting.append((side, kind, output))
        return None

    def tallies(self) -> dict[str, dict[str, Tally]]:
        """By topic and kind what came or went; kinds sorted by name."""
        only: dict[tuple[str, str], tuple[list[Output], list[Output]]] = defaultdict(
            lambda: ([], [])
        )
        for (topic, _), waiting in self._waiting.items():
            for side, kind, output in waiting:
                only[topic, kind][side].append(output)
        tallies: dict[str, dict[str, Tally]] = {topic: {} for topic in COMPARED}
        for topic, kind in sorted({*only, *self._both}):
            old, new = only.get((topic, kind), ((), ()))
            tallies[topic][kind] = Tally(
                len(old),
                len(new),
                self._both[topic, kind],
                self._moved[topic, kind],
                self._earliest(old),
                self._earliest(new),
                self._shown.get((topic, kind), []),
            )
        return tallies

    def _match(self, topic: str, kind: str, old: Output, new: Output) -> None:
        self._both[topic, kind] += 1
        differs = {
            name: (getattr(old, name), getattr(new, name))
            for name in TELLING
            if getattr(old, name) != getattr(new, name)
        }
        if not differs:
            return
        self._moved[topic, kind] += 1
        shown = self._shown[topic, kind]
        if len(shown) < self._examples:
            shown.append(Moved(new.customer_id, new.occurred_at, differs, new.reason))

    def _earliest(self, outputs: list[Output] | tuple[()]) -> list[Example]:
        ordered = sorted(outputs, key=lambda one: (one.occurred_at, one.customer_id or ""))
        return [
            Example(one.customer_id, one.occurred_at, one.reason)
            for one in ordered[: self._examples]
        ]


def _kind(topic: str, output: Output) -> str:
    if topic == SEGMENT_UPDATES:
        if output.to_segment is None:
            return "left"
        return "entered" if output.from_segment is None else "moved"
    if topic == CUSTOMER_TRANSITIONS:
        return f"{output.dimension}: {output.to_state}"
    if topic == CARE_TASKS:
        told = output.occasion or "-"
        return told if output.state == "proposed" else f"{told}: {output.state}"
    return output.kind or "-"


def _cause(topic: str, kind: str, output: Output) -> _Cause:
    if topic == SEGMENT_UPDATES:
        return f"{output.customer_id}\x1f{output.occurred_at}", output.segment_name or kind
    own = output.alert_id or output.transition_id or output.task_id or output.signal_id
    assert own is not None, f"an output of {topic} without an id"
    return own, kind

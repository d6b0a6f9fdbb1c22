"""The timers of one partition: when which key is due next."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from streams.engine.checkpoint import TIMER_PREFIX
from streams.engine.store import Store


class Timers:
    """Earliest due time per key, in ms. A key has at most one timer: its earliest.

    The heap may hold outdated entries; ``due_of`` is the truth. A timer is a changelog
    record of its own, so that a restore finds what is due without decoding any state.
    """

    __slots__ = ("changed", "due_of", "heap")

    def __init__(self) -> None:
        self.due_of: dict[str, int] = {}
        self.heap: list[tuple[int, str]] = []
        self.changed: set[str] = set()

    def set(self, key: str, due: int | None) -> None:
        """Let ``key`` be due at ``due``, or never."""
        if self.due_of.get(key) == due:
            return
        self.changed.add(key)
        if due is None:
            del self.due_of[key]
            return
        self.due_of[key] = due
        heapq.heappush(self.heap, (due, key))

    @property
    def next_due(self) -> int | None:
        """The earliest due time; may name an outdated one, never a later one than is true."""
        return self.heap[0][0] if self.heap else None

    def pop_due(self, now: int) -> Iterator[str]:
        """Each key due at or before ``now``, earliest first; ties by key."""
        while self.heap and self.heap[0][0] <= now:
            due, key = heapq.heappop(self.heap)
            if self.due_of.get(key) == due:
                del self.due_of[key]
                self.changed.add(key)
                yield key

    def records(self) -> list[tuple[bytes, bytes | None]]:
        """The changelog records of what changed since the last call."""
        records: list[tuple[bytes, bytes | None]] = []
        for key in self.changed:
            due = self.due_of.get(key)
            value = None if due is None else due.to_bytes(8, "big", signed=True)
            records.append((TIMER_PREFIX + key.encode(), value))
        self.changed.clear()
        return records

    @classmethod
    def restored(cls, store: Store) -> Timers:
        """The timers that the changelog holds."""
        timers = cls()
        for owner, value in store.of_letter(TIMER_PREFIX):
            key = owner.decode()
            due = int.from_bytes(value, "big", signed=True)
            timers.due_of[key] = due
            timers.heap.append((due, key))
        heapq.heapify(timers.heap)
        return timers

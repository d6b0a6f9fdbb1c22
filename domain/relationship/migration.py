"""Migration between segments: who went from where to where, and how large they were day by day.

Made of segment updates in the order of each customer. Ids are never used again, so a flow names
ids; the names are those last heard of. Kept: a count for each pair of segments, and for each
UTC day and segment what it gained and lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

NOWHERE: Final = ""
"""Stands for no segment: where customers come from who enter, and go to who leave."""
MOST_DAYS: Final = 400


class Flow(NamedTuple):
    """So many changes from one segment to another; ``NOWHERE`` stands for none."""

    was: str
    becomes: str
    changes: int


class Sizes(NamedTuple):
    """Customers of each segment at the end of a UTC day, and the changes of that day."""

    day: date
    sizes: dict[str, int]
    entered: int
    moved: int
    left: int


class Migration:
    """Adds up segment updates.

    >>> migration = Migration()
    >>> migration.add({"customer_id": "ann", "occurred_at": "2026-03-02T10:00:00.000Z",
    ...     "from_segment": None, "to_segment": "s1", "segment_name": "lurkers"})
    >>> migration.flows(), migration.days()[0].sizes
    ([Flow(was='', becomes='s1', changes=1)], {'s1': 1})
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.updates = 0
        self._flows: Counter[tuple[str, str]] = Counter()
        self._gained: dict[date, Counter[str]] = {}
        self._kinds: dict[date, Counter[str]] = {}

    def add(self, update: Mapping[str, Any]) -> None:
        """Add one segment update; fields that are ``None`` may be left out."""
        was, becomes = update.get("from_segment") or NOWHERE, update.get("to_segment") or NOWHERE
        day = date.fromisoformat(update["occurred_at"][:10])
        self.updates += 1
        self._flows[was, becomes] += 1
        if becomes and update.get("segment_name"):
            self.names[becomes] = update["segment_name"]
        gained = self._gained.setdefault(day, Counter())
        gained[was] -= 1
        gained[becomes] += 1
        kind = "entered" if not was else "left" if not becomes else "moved"
        self._kinds.setdefault(day, Counter())[kind] += 1

    def flows(self) -> list[Flow]:
        """Every flow, the largest first."""
        ordered = sorted(self._flows.items(), key=lambda flow: (-flow[1], flow[0]))
        return [Flow(was, becomes, changes) for (was, becomes), changes in ordered]

    def days(self, at_last: Mapping[str, int] | None = None) -> list[Sizes]:
        """Every UTC day from the first update to the last; only the newest 400 of them.

        ``at_last`` are the sizes at the end, where they are known: without them everybody is
        taken to have been in no segment before the first update, which is not so where older
        updates are gone.
        """
        if not self._gained:
            return []
        found, sizes = [], Counter[str]()
        if at_last is not None:
            sizes.update(at_last)
            for gained in self._gained.values():
                sizes.subtract(gained)
        day, last = min(self._gained), max(self._gained)
        while day <= last:
            sizes.update(self._gained.get(day, Counter()))
            kinds = self._kinds.get(day, Counter())
            held = {name: size for name, size in sorted(sizes.items()) if name and size > 0}
            found.append(Sizes(day, held, kinds["entered"], kinds["moved"], kinds["left"]))
            day += timedelta(days=1)
        return found[-MOST_DAYS:]

    def name(self, segment: str) -> str:
        """The name of a segment, or its id where no update told it."""
        return self.names.get(segment, segment)

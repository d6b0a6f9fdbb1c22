"""Which customers would be in another class: a from-to table for every figure that is a class.

A class is a figure of text, no time, with its reason beside it (``NAME_reason``), and the tier
and segment.
Segments are compared by name: two policies number their segments each for itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

WITHOUT_REASON = ("tier", "segment")
REASON, TIME = "_reason", "_at"
NONE = "-"


class Move(NamedTuple):
    """Customers whose class goes from one to another; ``reason`` of each example is the new one."""

    was: str
    becomes: str
    customers: int
    examples: list[tuple[str, str | None]]


class Classes:
    """Takes each customer's figures under both policies, as of the same time."""

    def __init__(self, examples: int) -> None:
        self.customers = 0
        self._examples = examples
        self._counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._shown: dict[tuple[str, str, str], list[tuple[str, str | None]]] = defaultdict(list)

    def add(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        names: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    ) -> None:
        """Take one customer; ``names`` are the names of the segments by id under each policy."""
        self.customers += 1
        was, becomes = dict(_classes(old, names[0])), dict(_classes(new, names[1]))
        for figure in {**was, **becomes}:
            before, _ = was.get(figure, (NONE, None))
            after, why = becomes.get(figure, (NONE, None))
            if before == after == NONE:
                continue
            self._counts[figure][before, after] += 1
            shown = self._shown[figure, before, after]
            if before != after and len(shown) < self._examples:
                shown.append((str(new["customer_id"]), why))

    def moves(self) -> dict[str, list[Move]]:
        """By figure the moves, the most frequent first; a figure in which nobody moves has none."""
        return {
            figure: [
                Move(was, becomes, count, self._shown[figure, was, becomes])
                for (was, becomes), count in sorted(
                    counts.items(), key=lambda item: (-item[1], item[0])
                )
                if was != becomes
            ]
            for figure, counts in sorted(self._counts.items())
        }


def _classes(
    figures: Mapping[str, Any], names: Mapping[str, str], path: str = ""
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Each class of a customer by its path, with its reason."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _classes(value, {}, f"{path}{name}.")
        reason = figures.get(f"{name}{REASON}")
        if name.endswith(TIME) or (reason is None and (path or name not in WITHOUT_REASON)):
            continue
        if value is None:
            yield f"{path}{name}", (NONE, reason)
        elif isinstance(value, str):
            label = names.get(value, value) if name == "segment" else value
            yield f"{path}{name}", (label, reason)

"""Which customers would be in another class: a from-to table for every figure that is a class.

A class is a figure of a part (value, relationship, experience) that is text, no time, with its
reason beside it (``NAME_reason``), and the tier and segment.
Segments are compared by name: two policies number their segments each for itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import msgspec

from schemas.figures import CustomerFigures

REASON, TIME = "_reason", "_at"
NONE = "-"
PARTS: dict[str, Callable[[CustomerFigures], msgspec.Struct]] = {
    "value": lambda customer: customer.value,
    "relationship": lambda customer: customer.relationship,
    "experience": lambda customer: customer.experience,
}


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
        old: CustomerFigures,
        new: CustomerFigures,
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
                shown.append((new.customer_id, why))

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
    customer: CustomerFigures, names: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Each class of a customer by its path, with its reason."""
    yield "tier", (customer.tier, None)
    if customer.segment is not None:
        yield "segment", (names.get(customer.segment, customer.segment), None)
    for part, part_of in PARTS.items():
        figures = part_of(customer)
        for name in _reasoned(type(figures)):
            value = getattr(figures, name)
            if value is None or isinstance(value, str):
                yield f"{part}.{name}", (value or NONE, getattr(figures, name + REASON))


@cache
def _reasoned(part: type[msgspec.Struct]) -> tuple[str, ...]:
    """The figures that have their reason beside them, but for times."""
    names = part.__struct_fields__
    return tuple(name for name in names if name + REASON in names and not name.endswith(TIME))

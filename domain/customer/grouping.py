"""Groups that customers are cut by in reports, over figures as they leave the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from domain.kernel.scales import TIERS
from schemas.figures import CustomerFigures

UNKNOWN: Final = "unknown"
GROUPS: Final[Mapping[str, Callable[[CustomerFigures], str | None]]] = {
    "tier": lambda customer: customer.tier,
    "segment": lambda customer: customer.segment,
    "region": lambda customer: customer.groups.region,
    "sex": lambda customer: customer.groups.sex,
    "age_band": lambda customer: customer.groups.age_band,
    "occupation": lambda customer: customer.groups.occupation,
    "position": lambda customer: customer.groups.position,
    "organisation": lambda customer: customer.groups.organisation_id,
    "liquidity": lambda customer: customer.groups.liquidity,
    "owner": lambda customer: customer.owner_id,
    "abc": lambda customer: customer.value.abc,
    "clv_class": lambda customer: customer.value.clv_class,
}
"""Which group of each kind a customer is in; ``None`` where its figures do not tell."""
ORDERED: Final[Mapping[str, tuple[str, ...]]] = {
    "tier": TIERS,
    "liquidity": ("stable", "active", "volatile"),
    "abc": ("A", "B", "C"),
    "clv_class": ("most_valuable", "most_growable", "migrator", "below_zero"),
}
"""Groups whose values have an order of their own; others are told by size."""


def group_of(customer: CustomerFigures, group: str) -> str:
    """The value of a group; ``unknown`` where the customer's figures do not tell it.

    >>> from schemas.figures.published import example
    >>> group_of(example(), "region"), group_of(example(), "segment")
    ('Zhejiang', 'unknown')
    """
    return GROUPS[group](customer) or UNKNOWN


class Portfolio(Protocol):
    """What adds up customers."""

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""


class Mergeable(Portfolio, Protocol):
    """What also adds up what another of its kind did."""

    def merge(self, other: Any) -> None:
        """Take the customers of another."""


P = TypeVar("P", bound=Portfolio)
M = TypeVar("M", bound=Mergeable)


class Grouped(Generic[P]):
    """A portfolio for each value of a group. Bound: as many as there are values."""

    def __init__(self, group: str, make: Callable[[], P]) -> None:
        self.group = group
        self._make = make
        self._parts: dict[str, P] = {}
        self._sizes: dict[str, int] = {}

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer into the portfolio of its group."""
        name = group_of(customer, self.group)
        if name not in self._parts:
            self._parts[name] = self._make()
        self._parts[name].add(customer)
        self._sizes[name] = self._sizes.get(name, 0) + 1

    def merge(self: Grouped[M], other: Grouped[M]) -> None:
        """Take the customers of another of the same group, such as of another partition."""
        for name, part in other._parts.items():
            if name not in self._parts:
                self._parts[name] = self._make()
            self._parts[name].merge(part)
            self._sizes[name] = self._sizes.get(name, 0) + other._sizes[name]

    def parts(self) -> list[tuple[str, int, P]]:
        """Name, customers and portfolio of each value: in its own order, else the largest first.

        Who is in no group that is known comes last.
        """
        order = {name: place for place, name in enumerate(ORDERED.get(self.group, ()))}
        names = sorted(
            self._parts,
            key=lambda name: (name == UNKNOWN, order.get(name, 0), -self._sizes[name], name),
        )
        return [(name, self._sizes[name], self._parts[name]) for name in names]

"""What exported customers add up to: the same way in for every portfolio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Self

from domain.policy import Policy
from schemas.figures import CustomerFigures


def share_of(part: float, whole: float) -> float | None:
    """What share of a whole a part is; ``None`` where there is nothing to have a share of.

    >>> share_of(1, 4), share_of(1, 0)
    (0.25, None)
    """
    return part / whole if whole > 0 else None


class AddsUp(ABC):
    """Takes exported customers one by one, under a policy."""

    @abstractmethod
    def __init__(self, policy: Policy) -> None:
        """Of nobody yet."""

    @classmethod
    def of(cls, customers: Iterable[CustomerFigures], policy: Policy) -> Self:
        """All of these customers, as they are exported."""
        found = cls(policy)
        for customer in customers:
            found.add(customer)
        return found

    @abstractmethod
    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""

"""What exported customers add up to: the same way in for every portfolio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

from domain.policy import Policy


class AddsUp(ABC):
    """Takes exported customers one by one, under a policy."""

    @abstractmethod
    def __init__(self, policy: Policy) -> None:
        """Of nobody yet."""

    @classmethod
    def of(cls, customers: Iterable[Mapping[str, Any]], policy: Policy) -> Self:
        """All of these customers, as they are exported."""
        found = cls(policy)
        for customer in customers:
            found.add(customer)
        return found

    @abstractmethod
    def add(self, customer: Mapping[str, Any]) -> None:
        """Add one exported customer."""

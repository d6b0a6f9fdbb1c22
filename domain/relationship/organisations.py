"""Organisations: what the customers are together who belong to one, its key persons marked.

Made of customers as they leave the product (lines of ``customers.jsonl``), so that it can be made
of a replay, of the live state and of a file alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any, NamedTuple


class Average(NamedTuple):
    """The mean over those members of whom the measure is known, ``None`` without any."""

    value: float | None
    known: int


class Organisation(NamedTuple):
    """One organisation. Amounts in base currency; sums leave out what is not known of a member.

    ``key_persons`` and ``members`` are customer ids, ascending; ``tiers`` counts members by tier;
    ``balances`` is how many members' balances make up ``balance``.
    """

    organisation_id: str
    members: tuple[str, ...]
    key_persons: tuple[str, ...]
    tiers: dict[str, int]
    balance: float | None
    balances: int
    purchases_365_days: int
    total_365_days: float
    total: float
    complaints: int
    complaints_open: int
    complaints_overdue: int
    satisfaction: Average
    key_person_satisfaction: Average
    attitude: Average
    churn_risk: Average
    highest_churn_risk: float | None


Figures = Mapping[str, Any]


def organisations(customers: Iterable[Figures]) -> list[Organisation]:
    """Every organisation that a customer names, by its id; customers without one are left out.

    >>> member = {"customer_id": "ann", "tier": "key", "balance": 2e5, "satisfaction": 8.0,
    ...     "complaints": 1, "complaints_open": 0, "complaints_overdue": 0,
    ...     "value": {"purchases_365_days": 2, "total_365_days": 90.0, "total": 90.0},
    ...     "relationship": {"attitude": 8.0, "churn_risk": None},
    ...     "groups": {"organisation_id": "acme", "key_person": True}}
    >>> other = member | {"customer_id": "bob", "balance": None, "satisfaction": 6.0,
    ...     "groups": {"organisation_id": "acme", "key_person": None}}
    >>> [acme] = organisations([other, member])
    >>> acme.members, acme.key_persons, acme.balance, acme.satisfaction
    (('ann', 'bob'), ('ann',), 200000.0, Average(value=7.0, known=2))
    >>> acme.key_person_satisfaction, acme.churn_risk
    (Average(value=8.0, known=1), Average(value=None, known=0))
    """
    by_id: dict[str, list[Figures]] = {}
    for customer in customers:
        organisation_id = customer["groups"]["organisation_id"]
        if organisation_id is not None:
            by_id.setdefault(organisation_id, []).append(customer)
    return [_organisation(name, members) for name, members in sorted(by_id.items())]


def _organisation(organisation_id: str, members: list[Figures]) -> Organisation:
    members = sorted(members, key=lambda member: str(member["customer_id"]))
    key_persons = [member for member in members if member["groups"]["key_person"]]
    balances = _known(members, "balance")
    risks = _known(members, "relationship", "churn_risk")
    return Organisation(
        organisation_id=organisation_id,
        members=tuple(member["customer_id"] for member in members),
        key_persons=tuple(member["customer_id"] for member in key_persons),
        tiers=dict(Counter(member["tier"] for member in members)),
        balance=fsum(balances) if balances else None,
        balances=len(balances),
        purchases_365_days=sum(_known(members, "value", "purchases_365_days")),
        total_365_days=fsum(_known(members, "value", "total_365_days")),
        total=fsum(_known(members, "value", "total")),
        complaints=sum(_known(members, "complaints")),
        complaints_open=sum(_known(members, "complaints_open")),
        complaints_overdue=sum(_known(members, "complaints_overdue")),
        satisfaction=_mean(_known(members, "satisfaction")),
        key_person_satisfaction=_mean(_known(key_persons, "satisfaction")),
        attitude=_mean(_known(members, "relationship", "attitude")),
        churn_risk=_mean(risks),
        highest_churn_risk=max(risks, default=None),
    )


def _known(members: Iterable[Figures], *path: str) -> list[Any]:
    """A measure of each member of whom it is known."""
    found = []
    for member in members:
        value: Any = member
        for name in path:
            value = value[name]
        if value is not None:
            found.append(value)
    return found


def _mean(values: list[float]) -> Average:
    return Average(fsum(values) / len(values) if values else None, len(values))

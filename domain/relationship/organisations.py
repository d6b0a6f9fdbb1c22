"""Organisations: what the customers are together who belong to one, its key persons marked.

Made of customers as they leave the product (lines of ``customers.jsonl``), so that it can be made
of a replay, of the live state and of a file alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import fsum
from typing import NamedTuple

from schemas.figures import CustomerFigures


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


def organisations(customers: Iterable[CustomerFigures]) -> list[Organisation]:
    """Every organisation that a customer names, by its id; customers without one are left out.

    >>> from msgspec.structs import replace
    >>> from schemas.figures.published import example
    >>> groups = replace(example().groups, organisation_id="acme", key_person=True)
    >>> ann = replace(example(), customer_id="ann", satisfaction=8.0, balance=2e5, groups=groups)
    >>> bob = replace(ann, customer_id="bob", satisfaction=6.0, balance=None,
    ...     groups=replace(groups, key_person=None))
    >>> [acme] = organisations([bob, ann])
    >>> acme.members, acme.key_persons, acme.balance, acme.satisfaction
    (('ann', 'bob'), ('ann',), 200000.0, Average(value=7.0, known=2))
    >>> acme.key_person_satisfaction
    Average(value=8.0, known=1)
    """
    by_id: dict[str, list[CustomerFigures]] = {}
    for customer in customers:
        organisation_id = customer.groups.organisation_id
        if organisation_id is not None:
            by_id.setdefault(organisation_id, []).append(customer)
    return [_organisation(name, members) for name, members in sorted(by_id.items())]


def _organisation(organisation_id: str, members: list[CustomerFigures]) -> Organisation:
    members = sorted(members, key=lambda member: member.customer_id)
    key_persons = [member for member in members if member.groups.key_person]
    balances = _known(member.balance for member in members)
    risks = _known(member.relationship.churn_risk for member in members)
    return Organisation(
        organisation_id=organisation_id,
        members=tuple(member.customer_id for member in members),
        key_persons=tuple(member.customer_id for member in key_persons),
        tiers=dict(Counter(member.tier for member in members)),
        balance=fsum(balances) if balances else None,
        balances=len(balances),
        purchases_365_days=sum(member.value.purchases_365_days for member in members),
        total_365_days=fsum(member.value.total_365_days for member in members),
        total=fsum(member.value.total for member in members),
        complaints=sum(member.complaints for member in members),
        complaints_open=sum(member.complaints_open for member in members),
        complaints_overdue=sum(member.complaints_overdue for member in members),
        satisfaction=_mean(_known(member.satisfaction for member in members)),
        key_person_satisfaction=_mean(_known(member.satisfaction for member in key_persons)),
        attitude=_mean(_known(member.relationship.attitude for member in members)),
        churn_risk=_mean(risks),
        highest_churn_risk=max(risks, default=None),
    )


def _known(measures: Iterable[float | None]) -> list[float]:
    """A measure of each member of whom it is known."""
    return [measure for measure in measures if measure is not None]


def _mean(values: list[float]) -> Average:
    return Average(fsum(values) / len(values) if values else None, len(values))

"""Who stands out among all customers: the lighthouses, whom to approach with care, the prospects.

Ranked over all and cut here, so that nothing live hangs on other partitions. Ties go by id.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar, get_args

import msgspec

from domain.customer.grouping import UNKNOWN
from domain.identification.approach import MEASURES
from domain.identification.prospects import Came, expected_by_source
from domain.policy import Policy
from schemas.figures import CustomerFigures
from schemas.figures.identification import Approach, Condition

CONDITIONS: Final[tuple[Condition, ...]] = get_args(Condition)
KINDS: Final[tuple[Approach, ...]] = get_args(Approach)
PROSPECT: Final = "potential"
MICRO: Final = 1e-6
T = TypeVar("T")


class LighthouseRow(msgspec.Struct, frozen=True):
    """A lighthouse and its place among all, from 1; CLV in base currency, commitment 0-10."""

    place: int
    customer_id: str
    clv: float
    feedbacks: int
    commitment: float | None
    tier: str
    owner: str | None


class ConditionRow(msgspec.Struct, frozen=True):
    """How many customers lack a condition, and how many lack that one alone."""

    condition: Condition
    customers: int
    alone: int


class KindRow(msgspec.Struct, frozen=True):
    """A kind to approach with care: how many customers, and what to do."""

    kind: Approach
    customers: int
    measure: str


class ApproachRow(msgspec.Struct, frozen=True):
    """A customer of such a kind, and why; the net value (base currency) may be unknown."""

    kind: Approach
    customer_id: str
    reason: str
    net_value: float | None
    owner: str | None


class SourceRow(msgspec.Struct, frozen=True):
    """Customers of a source and how they fared; ``None`` where nobody has bought yet.

    The chance is 0-1; worth and expected value of a prospect are in base currency.
    """

    source: str
    customers: int
    bought: int
    prospects: int
    chance: float | None
    worth: float | None
    expected_value: float | None


class ProspectRow(msgspec.Struct, frozen=True):
    """A prospect and its place among all, from 1; amounts in base currency."""

    place: int
    customer_id: str
    source: str
    expected_value: float | None
    balance: float | None
    tier: str
    owner: str | None


class IdentificationReport(msgspec.Struct, frozen=True):
    """All tables; the counts are over all customers, the lists are cut as the policy says."""

    customers: int
    lighthouses: int
    lighthouse: list[LighthouseRow]
    conditions: list[ConditionRow]
    kinds: list[KindRow]
    approach: dict[Approach, list[ApproachRow]]
    prospects: int
    sources: list[SourceRow]
    prospect: list[ProspectRow]
    currency: str


class First(Generic[T]):
    """The first so many by a key, of however many come."""

    def __init__(self, most: int, key: Callable[[T], tuple[float, str]]) -> None:
        self.rows: list[T] = []
        self._most, self._key = most, key

    def add(self, row: T) -> None:
        """Keep it while it is among the first.

        >>> first = First[tuple[float, str]](2, lambda row: row)
        >>> for row in ((3.0, "c"), (1.0, "b"), (1.0, "a")): first.add(row)
        >>> first.rows
        [(1.0, 'a'), (1.0, 'b')]
        """
        if len(self.rows) == self._most and self._key(row) >= self._key(self.rows[-1]):
            return
        insort(self.rows, row, key=self._key)
        del self.rows[self._most :]


class Identified:
    """Takes customers one by one. Bound: what the policy lists, of each kind and source."""

    def __init__(self, policy: Policy) -> None:
        self._rules, self._currency = policy.identification, policy.currency.base
        self.customers = self.lighthouses = self.prospects = 0
        self.of_kind: Counter[Approach] = Counter()
        self._lacking: Counter[Condition] = Counter()
        self._alone: Counter[Condition] = Counter()
        self._customers_of: Counter[str] = Counter()
        self._bought_of: Counter[str] = Counter()
        # in whole units of MICRO, so that the order of customers changes no digit
        self._clv_of: Counter[str] = Counter()
        self._prospects_of: Counter[str] = Counter()
        self._lighthouses = First[CustomerFigures](self._rules.lighthouse.most, _by_clv)
        self._of_kind = {
            kind: First[CustomerFigures](self._rules.approach.most, _by_net) for kind in KINDS
        }
        self._of_source: dict[str, First[CustomerFigures]] = {}

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self.customers += 1
        known = customer.identification
        if known.lighthouse:
            self.lighthouses += 1
            self._lighthouses.add(customer)
        self._lacking.update(known.lighthouse_missing)
        if len(known.lighthouse_missing) == 1:
            self._alone.update(known.lighthouse_missing)
        for each in known.approach:
            self.of_kind[each.kind] += 1
            self._of_kind[each.kind].add(customer)
        self._count_source(customer, known.source or UNKNOWN)

    def report(self) -> IdentificationReport:
        """All tables of everyone taken so far."""
        known = {
            name: Came(customers, self._bought_of[name], self._clv_of[name] * MICRO)
            for name, customers in sorted(self._customers_of.items())
        }
        expected = expected_by_source(known, self._rules.prospects.like_all)
        value_of = {name: None if each is None else each.value for name, each in expected.items()}
        sources = [
            SourceRow(
                name, came.customers, came.bought, self._prospects_of[name],
                *(expected[name] or (None, None, None)),
            )
            for name, came in known.items()
        ]  # fmt: skip
        return IdentificationReport(
            customers=self.customers,
            lighthouses=self.lighthouses,
            lighthouse=_placed(self._lighthouses.rows),
            conditions=[
                ConditionRow(each, self._lacking[each], self._alone[each]) for each in CONDITIONS
            ],
            kinds=[KindRow(kind, self.of_kind[kind], MEASURES[kind]()) for kind in KINDS],
            approach={kind: _reasons(kind, self._of_kind[kind].rows) for kind in KINDS},
            prospects=self.prospects,
            sources=sorted(sources, key=lambda row: (-(row.expected_value or 0.0), row.source)),
            prospect=self._ranked(value_of),
            currency=self._currency,
        )

    def _count_source(self, customer: CustomerFigures, source: str) -> None:
        self._customers_of[source] += 1
        self._bought_of[source] += customer.value.purchases > 0
        self._clv_of[source] += round((customer.value.clv or 0.0) / MICRO)
        if customer.relationship.state != PROSPECT:
            return
        self.prospects += 1
        self._prospects_of[source] += 1
        if source not in self._of_source:
            self._of_source[source] = First(self._rules.prospects.most, _by_balance)
        self._of_source[source].add(customer)

    def _ranked(self, value_of: dict[str, float | None]) -> list[ProspectRow]:
        """The first prospects of all: by expected value, then by balance, then by id."""
        found = [
            (-(value_of[source] or 0.0), _by_balance(customer), source, customer)
            for source, first in self._of_source.items()
            for customer in first.rows
        ]
        found.sort(key=lambda row: row[:2])
        return [
            ProspectRow(
                place, customer.customer_id, source, value_of[source], customer.balance,
                customer.tier, customer.owner_id,
            )
            for place, (_, _, source, customer) in enumerate(
                found[: self._rules.prospects.most], start=1
            )
        ]  # fmt: skip


def _by_clv(customer: CustomerFigures) -> tuple[float, str]:
    return -(customer.value.clv or 0.0), customer.customer_id


def _by_net(customer: CustomerFigures) -> tuple[float, str]:
    """Whose net value is least first; where it is not known, last."""
    net = customer.value.net_value
    return float("inf") if net is None else net, customer.customer_id


def _by_balance(customer: CustomerFigures) -> tuple[float, str]:
    return -(customer.balance or 0.0), customer.customer_id


def _placed(customers: Sequence[CustomerFigures]) -> list[LighthouseRow]:
    return [
        LighthouseRow(
            place, each.customer_id, each.value.clv or 0.0, each.identification.feedbacks,
            each.identification.commitment, each.tier, each.owner_id,
        )
        for place, each in enumerate(customers, start=1)
    ]  # fmt: skip


def _reasons(kind: Approach, customers: Sequence[CustomerFigures]) -> list[ApproachRow]:
    return [
        ApproachRow(kind, each.customer_id, why.reason, each.value.net_value, each.owner_id)
        for each in customers
        for why in each.identification.approach
        if why.kind == kind
    ]

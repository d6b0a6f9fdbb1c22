"""The report on customers' value: tables over all customers' figures, exactly.

It takes figures as `domain.assembly` gives them, one customer at a time. Reports of parts
merge: amounts are added up as whole hundredths and customers are sorted by their figures alone,
so any partitioning gives the same tables. Kept of a customer with purchases: three numbers.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Any, Final, NamedTuple

import msgspec

from domain.customer.adding_up import AddsUp
from domain.policy import Policy
from domain.policy.value import SCORES, Range
from domain.value.row import HUNDREDTHS, hundredths
from schemas.figures import CustomerFigures

UNKNOWN_CLASS: Final = "unknown"
ABC_CLASSES: Final = ("A", "B", "C")
RELATIONAL: Final = ("relational_top", "relational_upper", "relational_lower")
RELATION_CLASSES: Final = (*RELATIONAL, "transactional")
CLV_CLASSES: Final = ("below_zero", "most_valuable", "most_growable", "migrator")


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """A class: its customers, and its value in base currency (CLV in the table of CLV classes).

    ``relational_share`` is of the value of relational customers, ``expected`` the published
    range of it; both are ``None`` where they do not apply. So is a share of nothing.
    """

    name: str
    customers: int
    customer_share: float | None
    value: float
    value_share: float | None
    relational_share: float | None = None
    expected: Range | None = None


class TopRow(msgspec.Struct, frozen=True):
    """So many of the customers with the most value, and what share of all value they hold."""

    customers: int
    customer_share: float
    value_share: float


class SupportRow(msgspec.Struct, frozen=True):
    """The heaviest users of support: they take ``support_share`` of all contacts or a bit more."""

    support_share: float
    customers: int
    customer_share: float
    profit_share: float | None


class Pyramid(msgspec.Struct, frozen=True, kw_only=True):
    """Profit and support of the customers whose margins were told; published ranges beside.

    ``support_share`` and ``cost_share`` are what the unprofitable take of contacts and of the
    cost to serve. ``heaviest`` has a row for each end of the published range of support.
    """

    customers: int
    unprofitable: int
    unprofitable_share: float
    support_share: float | None
    cost_share: float | None
    heaviest: tuple[SupportRow, ...]
    expected_unprofitable: Range
    expected_support: Range
    expected_profit_below: float


class GridCell(msgspec.Struct, frozen=True):
    """The customers with these recency and frequency scores."""

    recency: int
    frequency: int
    customers: int
    value: float


class PortfolioReport(msgspec.Struct, frozen=True, kw_only=True):
    """All tables. Shares are of customers with purchases; ``others`` have none yet.

    ``pareto`` and ``concentration`` are ``None`` and empty without any value, ``pyramid`` is
    ``None`` where no margin was ever told.
    """

    currency: str
    window_days: int
    customers: int
    others: int
    value: float
    abc: tuple[ClassRow, ...]
    pareto_of: float
    pareto: TopRow | None
    concentration: tuple[TopRow, ...]
    relation: tuple[ClassRow, ...]
    clv: tuple[ClassRow, ...]
    pyramid: Pyramid | None
    grid: tuple[GridCell, ...]


class _Served(NamedTuple):
    """A customer whose margins were told; contacts first, so that ties do not depend on order."""

    contacts: int
    net: int
    cost: int


class Portfolio(AddsUp):
    """Adds up customers; ``report`` gives the tables at any time.

    >>> from schemas.figures.published import example
    >>> Portfolio.of([example()], Policy()).report().others  # who has not bought anything
    1
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._others = 0
        self._values: list[int] = []
        self._served: list[_Served] = []
        # (table, class) or ("grid", r, f) -> customers, hundredths
        self._customers: Counter[tuple[Any, ...]] = Counter()
        self._amounts: Counter[tuple[Any, ...]] = Counter()

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        value, rfm = customer.value, customer.value.rfm
        if not value.purchases or rfm.monetary is None:
            self._others += 1
            return
        amount = hundredths(rfm.monetary)
        self._values.append(amount)
        self._count("abc", value.abc, amount)
        self._count("relation", value.relation_class, amount)
        self._count("clv", value.clv_class, hundredths(value.clv or 0.0))
        if rfm.r is not None:
            self._customers["grid", rfm.r, rfm.f] += 1
            self._amounts["grid", rfm.r, rfm.f] += amount
        if value.net_value is not None:
            cost = hundredths(value.cost_to_serve)
            self._served.append(_Served(value.contacts, hundredths(value.net_value), cost))

    def merge(self, other: Portfolio) -> None:
        """Add the customers of another part; no customer may be in both."""
        self._others += other._others
        self._values += other._values
        self._served += other._served
        self._customers.update(other._customers)
        self._amounts.update(other._amounts)

    def report(self) -> PortfolioReport:
        """The tables of all customers added so far."""
        rules, total = self._policy.value, sum(self._values)
        ranked = sorted(self._values, reverse=True)
        tops = [self._top(ranked, _part(s, len(ranked))) for s in rules.abc.concentration]
        return PortfolioReport(
            currency=self._policy.currency.base,
            window_days=rules.rfm.window_days,
            customers=len(self._values),
            others=self._others,
            value=total / HUNDREDTHS,
            abc=self._table("abc", ABC_CLASSES),
            pareto_of=rules.abc.pareto,
            pareto=self._top(ranked, _reaching(ranked, _part(rules.abc.pareto, total))),
            concentration=tuple(top for top in tops if top is not None),
            relation=self._relation(),
            clv=self._table("clv", CLV_CLASSES),
            pyramid=self._pyramid(),
            grid=self._grid(),
        )

    # -- inside -------------------------------------------------------------------------

    def _count(self, table: str, name: str | None, amount: int) -> None:
        cell = (table, name or UNKNOWN_CLASS)
        self._customers[cell] += 1
        self._amounts[cell] += amount

    def _table(self, table: str, names: tuple[str, ...]) -> tuple[ClassRow, ...]:
        if self._customers[table, UNKNOWN_CLASS]:
            names = (*names, UNKNOWN_CLASS)
        customers = len(self._values)
        total = sum(self._amounts[table, name] for name in names)
        return tuple(
            ClassRow(
                name=name,
                customers=self._customers[table, name],
                customer_share=_share(self._customers[table, name], customers),
                value=self._amounts[table, name] / HUNDREDTHS,
                value_share=_share(self._amounts[table, name], total),
            )
            for name in names
        )

    def _relation(self) -> tuple[ClassRow, ...]:
        benchmarks = self._policy.value.benchmarks
        published = {RELATIONAL[0]: benchmarks.top_value, RELATIONAL[1]: benchmarks.upper_value}
        among = sum(self._amounts["relation", name] for name in RELATIONAL)
        return tuple(
            msgspec.structs.replace(
                row,
                relational_share=_share(self._amounts["relation", row.name], among),
                expected=published.get(row.name),
            )
            if row.name in RELATIONAL
            else row
            for row in self._table("relation", RELATION_CLASSES)
        )

    def _top(self, ranked: list[int], customers: int) -> TopRow | None:
        total = sum(ranked)
        if total <= 0:
            return None
        share = sum(ranked[:customers]) / total
        return TopRow(customers, customers / len(ranked), share)

    def _pyramid(self) -> Pyramid | None:
        served, published = self._served, self._policy.value.benchmarks
        if not served:
            return None
        losing = [one for one in served if one.net < 0]
        return Pyramid(
            customers=len(served),
            unprofitable=len(losing),
            unprofitable_share=len(losing) / len(served),
            support_share=_share(_sum(losing, "contacts"), _sum(served, "contacts")),
            cost_share=_share(_sum(losing, "cost"), _sum(served, "cost")),
            heaviest=tuple(filter(None, (_heaviest(served, s) for s in published.support))),
            expected_unprofitable=published.unprofitable,
            expected_support=published.support,
            expected_profit_below=published.profit_below,
        )

    def _grid(self) -> tuple[GridCell, ...]:
        scores = range(1, SCORES + 1)
        cells = [("grid", r, f) for r in reversed(scores) for f in scores]
        if not any(self._customers[cell] for cell in cells):
            return ()
        return tuple(
            GridCell(cell[1], cell[2], self._customers[cell], self._amounts[cell] / HUNDREDTHS)
            for cell in cells
        )


def _heaviest(served: list[_Served], share: float) -> SupportRow | None:
    """The customers with the most contacts who take this share of all; of equals, who cost more."""
    contacts = _sum(served, "contacts")
    if not contacts:
        return None
    ranked = sorted(served, key=lambda one: (-one.contacts, one.net, one.cost))
    users = _reaching([one.contacts for one in ranked], _part(share, contacts))
    profit = _share(_sum(ranked[:users], "net"), _sum(served, "net"))
    return SupportRow(share, users, users / len(served), profit)


def _reaching(ranked: list[int], needed: int) -> int:
    """How many of falling numbers sum up to what is needed."""
    reached = (place for place, sum_ in enumerate(accumulate(ranked), 1) if sum_ >= needed)
    return next(reached, len(ranked))


def _part(share: float, whole: int) -> int:
    """The least whole number that is this share, in exact decimals."""
    return ceil(Fraction(str(share)) * whole)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _sum(served: list[_Served], name: str) -> int:
    return sum(getattr(one, name) for one in served)

"""The report on customers' value: tables over all customers' figures, exactly.

It takes figures as `domain.assembly` gives them, one customer at a time. Reports of parts
merge: amounts are added up as whole hundredths and customers are sorted by their figures alone,
so any partitioning gives the same tables. Kept of a customer with purchases: three numbers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import msgspec

from domain.customer.adding_up import AddsUp, share_of
from domain.policy import Policy
from domain.policy.value import SCORES, Range
from domain.value.concentration import TopRow, part, reaching, top, tops
from domain.value.row import HUNDREDTHS, hundredths
from schemas.figures import CustomerFigures, ValueFigures

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


class RelationRow(ClassRow, frozen=True, kw_only=True):
    """A relationship class: beside its value its sales and where its value goes.

    ``sales_share`` is of the purchases of relational customers, ``expected_sales`` the published
    range of it. ``recent`` and ``before`` are the value of the newest 90 days and of the 90
    before; ``losing`` customers have less in the first, ``profitable`` ones bring more than they
    cost, of ``margins`` whose margins were told.
    """

    sales: int
    sales_share: float | None
    expected_sales: Range | None
    recent: float
    before: float
    losing: int
    losing_share: float | None
    profitable: int
    margins: int

    @property
    def loses_value(self) -> bool | None:
        """Whether the class as a whole does; ``None`` without any value in the time."""
        return self.recent < self.before if self.recent or self.before else None


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
    relation: tuple[RelationRow, ...]
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
        self._trend(value)
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
        return PortfolioReport(
            currency=self._policy.currency.base,
            window_days=rules.rfm.window_days,
            customers=len(self._values),
            others=self._others,
            value=total / HUNDREDTHS,
            abc=self._table("abc", ABC_CLASSES),
            pareto_of=rules.abc.pareto,
            pareto=top(ranked, reaching(ranked, part(rules.abc.pareto, total))),
            concentration=tops(ranked, rules.abc.concentration),
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

    def _trend(self, value: ValueFigures) -> None:
        """Count what is told of a relationship class beside its value."""
        name = value.relation_class or UNKNOWN_CLASS
        self._amounts["sales", name] += value.rfm.frequency or 0
        self._amounts["recent", name] += hundredths(value.value_90_days)
        self._amounts["before", name] += hundredths(value.value_90_days_before)
        self._customers["losing", name] += value.losing_value is True
        if value.net_value is not None:
            self._customers["margins", name] += 1
            self._customers["profitable", name] += value.net_value > 0

    def _table(self, table: str, names: tuple[str, ...]) -> tuple[ClassRow, ...]:
        if self._customers[table, UNKNOWN_CLASS]:
            names = (*names, UNKNOWN_CLASS)
        customers = len(self._values)
        total = sum(self._amounts[table, name] for name in names)
        return tuple(
            ClassRow(
                name=name,
                customers=self._customers[table, name],
                customer_share=share_of(self._customers[table, name], customers),
                value=self._amounts[table, name] / HUNDREDTHS,
                value_share=share_of(self._amounts[table, name], total),
            )
            for name in names
        )

    def _relation(self) -> tuple[RelationRow, ...]:
        benchmarks = self._policy.value.benchmarks
        revenue = {RELATIONAL[0]: benchmarks.top_value, RELATIONAL[1]: benchmarks.upper_value}
        sales = {RELATIONAL[1]: benchmarks.upper_value}
        value_of_all, sales_of_all = (
            sum(self._amounts[table, name] for name in RELATIONAL)
            for table in ("relation", "sales")
        )
        found = []
        for row in self._table("relation", RELATION_CLASSES):
            name = row.name
            shares = (self._amounts["relation", name], self._amounts["sales", name])
            named = name in RELATIONAL
            losing = self._customers["losing", name]
            found.append(
                RelationRow(
                    **msgspec.structs.asdict(row)
                    | {
                        "relational_share": share_of(shares[0], value_of_all) if named else None,
                        "expected": revenue.get(name),
                    },
                    sales=shares[1],
                    sales_share=share_of(shares[1], sales_of_all) if named else None,
                    expected_sales=sales.get(name),
                    recent=self._amounts["recent", name] / HUNDREDTHS,
                    before=self._amounts["before", name] / HUNDREDTHS,
                    losing=losing,
                    losing_share=share_of(losing, row.customers),
                    profitable=self._customers["profitable", name],
                    margins=self._customers["margins", name],
                )
            )
        return tuple(found)

    def _pyramid(self) -> Pyramid | None:
        served, published = self._served, self._policy.value.benchmarks
        if not served:
            return None
        losing = [one for one in served if one.net < 0]
        return Pyramid(
            customers=len(served),
            unprofitable=len(losing),
            unprofitable_share=len(losing) / len(served),
            support_share=share_of(_sum(losing, "contacts"), _sum(served, "contacts")),
            cost_share=share_of(_sum(losing, "cost"), _sum(served, "cost")),
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
    users = reaching([one.contacts for one in ranked], part(share, contacts))
    profit = share_of(_sum(ranked[:users], "net"), _sum(served, "net"))
    return SupportRow(share, users, users / len(served), profit)


def _sum(served: list[_Served], name: str) -> int:
    return sum(getattr(one, name) for one in served)

"""The report on value: who holds it, by which classes, and what serving them costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from domain.customer.grouping import Grouped
from domain.policy import Policy
from domain.value.concentration import TopRow
from domain.value.deposits import Deposits
from domain.value.portfolio import ClassRow, Portfolio, PortfolioReport, Pyramid
from schemas.fields import milliseconds
from schemas.figures import CustomerFigures
from schemas.topics import CUSTOMER_TRANSITIONS
from streams.reports.form import plots
from streams.reports.form.document import Column, Document, Picture, Section, Table, table
from streams.reports.form.words import percent, plural, shown, when
from streams.reports.report import About, by_group
from streams.reports.value.classes import CLASSES, relation
from streams.reports.value.deposits import deposits, part_of

MEASURES = (
    Column("buyers", "Bought", "count"),
    Column("value", "Value of a year", "amount"),
    Column("mean_value", "A buyer", "amount"),
    Column("a_customers", "Class A", "count"),
    Column("a_value_share", "A's share of value", "share"),
    Column("pareto_share", "Hold 80 %", "share"),
    Column("most_valuable", "Most valuable", "count"),
    Column("below_zero", "Below zero", "count"),
)
SCORES = range(1, 6)


class ValueReport:
    """The report on value, cut by a group where one is given."""

    kind = "value"
    topics: tuple[str, ...] = (CUSTOMER_TRANSITIONS,)

    def __init__(self, policy: Policy, by: str | None = None) -> None:
        self._portfolio, self._deposits = Portfolio(policy), Deposits(policy)
        self._customers = 0
        self._grouped = None if by is None else Grouped(by, partial(Portfolio, policy))

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._customers += 1
        self._portfolio.add(customer)
        self._deposits.add(customer)
        if self._grouped is not None:
            self._grouped.add(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take a transition."""
        self._deposits.add_transition(output)

    def document(self, about: About) -> Document:
        """The report of all customers taken so far."""
        found = self._portfolio.report()
        held = self._deposits.report(_clock(about))
        sections = [
            _abc(found), _concentration(found), deposits(held), _rfm(found), relation(found),
            _clv(found),
        ]  # fmt: skip
        if found.pyramid is not None:
            sections.append(_pyramid(found.pyramid))
        if self._grouped is not None:
            sections.insert(1, by_group(self._grouped, about, MEASURES, _measures))
        return Document(
            kind=self.kind,
            title="Value",
            source=about.source,
            as_of=about.as_of,
            customers=self._customers,
            sentences=_summary(found, self._customers, about),
            sections=tuple(section for section in sections if section.parts),
        )


def _clock(about: About) -> int:
    return 0 if about.as_of is None else milliseconds(datetime.fromisoformat(about.as_of))


def _summary(found: PortfolioReport, customers: int, about: About) -> tuple[str, ...]:
    said = [
        f"{plural(customers, 'customer')} of {about.source}, as of {when(about.as_of)};"
        f" {found.customers:,} of them have bought, {found.others:,} have not.",
        f"Their purchases of {found.window_days:,} days are worth"
        f" {shown(found.value, 'amount')} {found.currency}.",
    ]
    if found.pareto is not None:
        said.append(
            f"{percent(found.pareto.customer_share, 1)} of the buyers"
            f" ({plural(found.pareto.customers, 'customer')}) hold {percent(found.pareto_of)} of"
            " that value."
        )
    return tuple(said)


def _abc(found: PortfolioReport) -> Section:
    said = (
        "Customers stand in falling order of value: A holds the first part of all value, B the"
        " next, C the rest.",
    )
    picture = _shares("abc", "ABC classes: share of customers and of value.", found.abc)
    return Section("abc", "ABC classes", said, (picture, _classes("abc", found.abc)))


def _concentration(found: PortfolioReport) -> Section:
    rows: list[tuple[str, TopRow]] = []
    if found.pareto is not None:
        rows.append((f"holders of {percent(found.pareto_of)}", found.pareto))
    rows += [(f"top {part_of(top)}", top) for top in found.concentration]
    columns = (
        Column("customers_of", "Group"),
        Column("customers", "Customers", "count"),
        Column("customer_share", "Of buyers", "share"),
        Column("value_share", "Of value", "share"),
    )
    values = [(name, top.customers, top.customer_share, top.value_share) for name, top in rows]
    said = ("The table shows what share of all value a few customers hold: the key accounts.",)
    parts = (table("concentration", columns, values),) if values else ()
    return Section("concentration", "Concentration", said, parts)


def _rfm(found: PortfolioReport) -> Section:
    cells = {(cell.recency, cell.frequency): cell for cell in found.grid}
    if not cells:
        return Section("rfm", "Recency and frequency")
    recencies = list(reversed(SCORES))
    shades = [[float(cells[r, f].customers) for f in SCORES] for r in recencies]
    picture = Picture(
        "rfm", "Customers by recency score (5: bought last) and frequency score (5: buys most).",
        lambda: plots.heat(
            "rfm", [str(r) for r in recencies], [str(f) for f in SCORES], shades, "count",
            axes_names=("recency", "frequency"),
        ),
    )  # fmt: skip
    columns = (
        Column("recency", "Recency", "count"),
        Column("frequency", "Frequency", "count"),
        Column("customers", "Customers", "count"),
        Column("value", "Value", "amount"),
    )
    rows = [
        (cell.recency, cell.frequency, cell.customers, cell.value)
        for cell in found.grid
        if cell.customers
    ]
    said = ("A score of 1 to 5 says where a customer stands among all; the grid has all buyers.",)
    parts = (picture, table("rfm", columns, rows))
    return Section("rfm", "Recency and frequency", said, parts)


def _clv(found: PortfolioReport) -> Section:
    said = (
        "The classes go by customer lifetime value: what a customer is expected to bring yet."
        " Customers below zero cost more than they bring.",
    )
    picture = _shares("clv", "CLV classes: share of customers and of CLV.", found.clv)
    columns = (*CLASSES[:3], CLASSES[3]._replace(title="CLV"), CLASSES[4]._replace(title="Of CLV"))
    rows = [_class(row) for row in found.clv]
    return Section("clv", "CLV classes", said, (picture, table("clv", columns, rows)))


def _pyramid(found: Pyramid) -> Section:
    low, high = (percent(share) for share in found.expected_unprofitable)
    said = (
        f"{found.unprofitable:,} of the {plural(found.customers, 'customer')} whose margins are"
        f" known cost more than they bring: {percent(found.unprofitable_share)};"
        f" published shares are {low} to {high}.",
        f"They take {percent(found.support_share)} of all contacts and"
        f" {percent(found.cost_share)} of what serving costs.",
    )
    columns = (
        Column("support_share", "Of all contacts", "share"),
        Column("customers", "Heaviest users", "count"),
        Column("customer_share", "Of customers", "share"),
        Column("profit_share", "Of profit", "share"),
        Column("expected", "Published of profit"),
    )
    below = f"below {percent(found.expected_profit_below)}"
    rows = [
        (one.support_share, one.customers, one.customer_share, one.profit_share, below)
        for one in found.heaviest
    ]
    parts = (table("pyramid", columns, rows),)
    return Section("pyramid", "Service pyramid", said, parts)


# -- inside -------------------------------------------------------------------------------


def _classes(key: str, rows: Sequence[ClassRow]) -> Table:
    return table(key, CLASSES, [_class(row) for row in rows])


def _class(row: ClassRow) -> tuple[Any, ...]:
    return row.name, row.customers, row.customer_share, row.value, row.value_share


def _shares(key: str, caption: str, rows: Sequence[ClassRow]) -> Picture:
    """Two bars: how customers and how value divide into classes."""
    series = {row.name: (float(row.customers), max(row.value, 0.0)) for row in rows}
    return Picture(
        key, caption, lambda: plots.stacked(key, ("customers", "value"), series, "share of all")
    )


def _measures(portfolio: Portfolio) -> Sequence[Any]:
    found = portfolio.report()
    abc = {row.name: row for row in found.abc}
    clv = {row.name: row.customers for row in found.clv}
    return (
        found.customers,
        found.value,
        found.value / found.customers if found.customers else None,
        abc["A"].customers,
        abc["A"].value_share,
        None if found.pareto is None else found.pareto.customer_share,
        clv["most_valuable"],
        clv["below_zero"],
    )

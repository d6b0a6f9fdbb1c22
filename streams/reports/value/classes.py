"""Relationship classes beside what is published of them, as a section."""

from __future__ import annotations

from domain.value.portfolio import RELATIONAL, PortfolioReport, RelationRow
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import percent, shown

CLASSES = (
    Column("name", "Class"),
    Column("customers", "Customers", "count"),
    Column("customer_share", "Of customers", "share"),
    Column("value", "Value", "amount"),
    Column("value_share", "Of value", "share"),
)
RELATION = (
    *CLASSES,
    Column("sales_share", "Of relational sales", "share"),
    Column("expected_sales", "Published of sales"),
    Column("relational_share", "Of relational value", "share"),
    Column("expected", "Published of value"),
)
TREND = (
    CLASSES[0],
    CLASSES[1],
    Column("recent", "Value of 90 days", "amount"),
    Column("before", "Of the 90 before", "amount"),
    Column("losing", "Lose value", "count"),
    Column("losing_share", "Of customers", "share"),
    Column("profitable", "Profitable", "count"),
    Column("margins", "Of those whose margins are known", "count"),
)


def relation(found: PortfolioReport) -> Section:
    """Sales and value of each class beside the published ones, and where their value goes."""
    rows = [
        (
            row.name, row.customers, row.customer_share, row.value, row.value_share,
            row.sales_share, in_range(row.expected_sales), row.relational_share,
            in_range(row.expected),
        )
        for row in found.relation
    ]  # fmt: skip
    trends = [
        (
            row.name, row.customers, row.recent, row.before, row.losing, row.losing_share,
            row.profitable, row.margins,
        )
        for row in found.relation
    ]  # fmt: skip
    said = (
        "Relational customers came back often enough over long enough. In falling order of value"
        " the top make up the first part of their sales, the upper class the next, the lower half"
        " the rest.",
        _tested(next(row for row in found.relation if row.name == RELATIONAL[-1])),
    )
    parts = (
        table("relation", RELATION, rows),
        table("relation_trend", TREND, trends, title="Where their value goes"),
    )
    return Section("relation", "Relationship classes", said, parts)


def in_range(expected: tuple[float, float] | None) -> str | None:
    """A published range of shares.

    >>> in_range((0.3, 0.5)), in_range(None)
    ('30 % to 50 %', None)
    """
    return None if expected is None else f"{percent(expected[0])} to {percent(expected[1])}"


def _tested(lower: RelationRow) -> str:
    """Whether the lower half is what is published of it: profitable now, but losing value."""
    if lower.loses_value is None:
        return "Whether the lower half loses value, as is published, cannot be told without any."
    went = f"from {shown(lower.before, 'amount')} to {shown(lower.recent, 'amount')}"
    verdict = (
        "it loses value, as is published"
        if lower.loses_value
        else ("it does not lose value, unlike what is published")
    )
    profit = (
        f" {lower.profitable:,} of its {lower.margins:,} customers whose margins are known are"
        " profitable."
        if lower.margins
        else ""
    )
    return f"The 90-day value of the lower half went {went}: {verdict}.{profit}"

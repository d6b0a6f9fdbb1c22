"""Concentration of balances and growth by tier, as a section."""

from __future__ import annotations

from domain.value.concentration import TopRow
from domain.value.deposits import DepositReport
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import percent, plural

CONCENTRATION = (
    Column("customers_of", "Group"),
    Column("customers", "Customers", "count"),
    Column("customer_share", "Of customers", "share"),
    Column("balance_share", "Of balances", "share"),
)
TIERS = (
    Column("tier", "Tier"),
    Column("customers", "Customers", "count"),
    Column("balance", "Balances", "amount"),
    Column("balance_share", "Of balances", "share"),
    Column("before", "Customers 365 days ago", "count"),
    Column("growth", "Growth", "share"),
)


def deposits(found: DepositReport) -> Section:
    """Who holds the balances, and how the tiers have grown."""
    if not found.known:
        return Section("balances", "Concentration of balances")
    few, much = found.published
    said = (
        f"The table shows what share of the balances of {plural(found.known, 'customer')} a few of"
        f" them hold, apart from what they buy; published: {percent(few, 3)} of a bank's customers"
        f" hold about {percent(much)} of its assets.",
        "The growth of a tier is that of the number of its customers, by the transitions at hand.",
    )
    tops = [
        (f"top {part_of(top)}", top.customers, top.customer_share, top.value_share)
        for top in found.concentration
    ]
    tiers = [
        (row.name, row.customers, row.balance, row.balance_share, row.before, row.growth)
        for row in found.tiers
    ]
    parts = (
        table("balances", CONCENTRATION, tops),
        table("tier_growth", TIERS, tiers, title=f"Balances by tier, in {found.currency}"),
    )
    return Section("balances", "Concentration of balances", said, parts)


def part_of(top: TopRow) -> str:
    """The share of the customers that a row is of, as precise as it needs to be."""
    return percent(top.customer_share, 2 if top.customer_share < 0.01 else 1)

"""Who was kept and who was lost in the last 365 days, as a section."""

from __future__ import annotations

from collections.abc import Callable

from domain.customer.grouping import UNKNOWN
from domain.relationship.retention import CUTS, LostRow, Retention
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import percent, shown, words

FIGURES = (Column("figure", "Figure"), Column("customers", "Customers", "count"))
LOST = (
    Column("name", "Group"),
    Column("lost", "Lost", "count"),
    Column("customers", "Customers of the year", "count"),
    Column("share", "Of them", "share"),
)
TITLES = {"reason": "Lost by reason", "owner": "Lost by owner", "segment": "Lost by segment"}
MOST_ROWS = 50


def retention(found: Retention, currency: str, named: Callable[[str], str]) -> Section:
    """Churn of the year beside what is published, and whom it took by reason, owner and segment."""
    if not found.opening and not found.won:
        return Section("retention", "Kept and lost in a year")
    low, high = (percent(share) for share in found.expected)
    fewest, most = (f"{cost:g}" for cost in found.winning_cost)
    less, more = (percent(share) for share in found.profit_gain)
    rate = f"{percent(found.churn, 1)} churn. " if found.churn is not None else ""
    said = (
        f"{rate}{found.reason} Published yearly churn is {low} to {high}.",
        f"Who was lost had brought {shown(found.lost_value, 'amount')} {currency} in that year;"
        f" {percent(found.loyalty_gain)} more loyalty is said to bring {less} to {more} more"
        f" profit, and winning a new customer to cost {fewest} to {most} times keeping one.",
    )
    rows = [
        ("customers a year ago", found.opening),
        ("lost of them", found.opening_lost),
        ("won in the year", found.won),
        ("lost of those won", found.won_lost),
        ("customers now", found.closing),
    ]
    parts: list[Table] = [table("retention", FIGURES, rows)]
    for cut in CUTS:
        if lost := found.lost[cut]:
            told = [_row(row, named) for row in lost[:MOST_ROWS]]
            left = len(lost) - len(told)
            note = f"{left:,} groups more lost fewer." if left else ""
            parts.append(table(f"lost_by_{cut}", LOST, told, title=TITLES[cut], note=note))
    return Section("retention", "Kept and lost in a year", said, tuple(parts))


def _row(row: LostRow, named: Callable[[str], str]) -> tuple[object, ...]:
    name = UNKNOWN if row.name == UNKNOWN else words(named(row.name))
    return name, row.lost, row.customers, row.share

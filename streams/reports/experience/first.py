"""Poor first impressions and what repairing them costs, as a section."""

from __future__ import annotations

from domain.experience.recovery_portfolio import FirstImpressions
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import percent, plural, shown

COLUMNS = (
    Column("bought", "Customers who bought", "count"),
    Column("poor", "Poor first impression", "count"),
    Column("share", "Share", "share"),
    Column("usual_cost", "Usual cost of repair", "amount"),
    Column("cost_low", "At least", "amount"),
    Column("cost_high", "At most", "amount"),
)


def first(found: FirstImpressions) -> Section:
    """How many first purchases went wrong, and what that costs."""
    title = "First impressions"
    if found.share is None:
        return Section("first_impressions", title)
    low, high = (f"{shown(each, 'amount')}" for each in (found.cost_low, found.cost_high))
    said = (
        f"{found.poor:,} of {plural(found.customers, 'customer')} who bought had a poor first"
        f" impression. Repairing one costs {percent(found.more_low)} to {percent(found.more_high)}"
        f" more than a later fault: {low} to {high} {found.currency}.",
    )
    row = (
        found.customers, found.poor, found.share, found.usual_cost, found.cost_low, found.cost_high
    )  # fmt: skip
    note = (
        "The usual cost is the policy's compensation on the first day past a promise, by each"
        " customer's tier."
    )
    return Section(
        "first_impressions", title, said, (table("first_impressions", COLUMNS, [row], note=note),)
    )

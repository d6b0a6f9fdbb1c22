"""Care and what was said of it, as a section."""

from __future__ import annotations

from domain.care.portfolio import CareReport, CareRow
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import percent, plural, shown

ROWS = (
    Column("name", "Group"),
    Column("customers", "Customers", "count"),
    Column("open", "Open", "count"),
    Column("done", "Done", "count"),
    Column("declined", "Declined", "count"),
    Column("expired", "Expired", "count"),
    Column("done_share", "Done of ended", "share"),
    Column("feedback", "Feedback", "count"),
    Column("feedback_share", "Feedback of due", "share"),
    Column("satisfaction", "Satisfaction (1-5)", "score"),
    Column("spent", "Spent", "amount"),
)
TITLES = {"abc": "Care by value class", "tier": "Care by tier", "owner": "Care by owner"}
MOST_ROWS = 50


def care(found: CareReport) -> Section:
    """How much of the care that was planned was done, and how satisfied customers were with it."""
    everybody = found.everybody
    if not everybody.customers:
        return Section("care", "Care")
    said = [
        f"{plural(everybody.customers, 'customer')} had care tasks: {everybody.done:,} were done,"
        f" {everybody.declined:,} declined, {everybody.expired:,} expired, {everybody.open:,} are"
        f" open; {shown(everybody.spent, 'amount')} {found.currency} was spent.",
    ]
    if everybody.done_share is not None:
        said.append(f"{percent(everybody.done_share)} of what ended was done.")
    if everybody.satisfaction is not None:
        said.append(
            f"Satisfaction with care is {shown(everybody.satisfaction, 'score')} of 5, by"
            f" {plural(everybody.feedback, 'answer')}."
        )
    parts: list[Table] = []
    for cut, rows in found.by.items():
        told = [_row(row) for row in rows[:MOST_ROWS]]
        left = len(rows) - len(told)
        note = f"{left:,} groups more had less." if left else ""
        parts.append(table(f"care_by_{cut}", ROWS, told, title=TITLES[cut], note=note))
    return Section("care", "Care", tuple(said), tuple(parts))


def _row(row: CareRow) -> tuple[object, ...]:
    return (
        row.name, row.customers, row.open, row.done, row.declined, row.expired, row.done_share,
        row.feedback, row.feedback_share, row.satisfaction, row.spent,
    )  # fmt: skip

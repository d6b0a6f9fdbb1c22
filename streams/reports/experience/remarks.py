"""Suggestions, comment cards and their answers, as a section."""

from __future__ import annotations

from domain.experience.remark_portfolio import RemarkReport
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import percent, plural

FACTORS = (
    Column("factor", "Factor"),
    Column("suggestions", "Suggestions", "count"),
    Column("comment_cards", "Comment cards", "count"),
)
OWNERS = (
    Column("owner", "Owed by"),
    Column("owed", "Not yet due", "count"),
    Column("overdue", "Overdue", "count"),
)
MOST_OWNERS = 50


def remarks(found: RemarkReport) -> Section:
    """What customers asked for, and who owes them an answer."""
    if not found.factors:
        return Section("remarks", "Suggestions and comment cards")
    said = (
        f"{plural(found.in_time + found.late, 'answer')} given, {found.late:,} of them late;"
        f" {found.owed:,} are owed and {found.overdue:,} overdue."
        + (
            f" {percent(found.in_time_share)} of what was due was answered in time."
            if found.in_time_share is not None
            else ""
        ),
    )
    rows = [(row.factor, row.suggestions, row.comment_cards) for row in found.factors]
    parts: list[Table] = [table("remarks", FACTORS, rows)]
    if found.owners:
        owed = [(row.owner, row.owed, row.overdue) for row in found.owners[:MOST_OWNERS]]
        parts.append(table("answers_owed", OWNERS, owed, title="Answers owed"))
    return Section("remarks", "Suggestions and comment cards", said, tuple(parts))

"""Health grades by tier and inspections by owner, as a section."""

from __future__ import annotations

from domain.proactive.portfolio import HealthReport
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import plural

TIERS = (
    Column("tier", "Tier"),
    Column("good", "Good", "count"),
    Column("watch", "To be watched", "count"),
    Column("poor", "Poor", "count"),
)
OWNERS = (
    Column("owner", "Owner"),
    Column("planned", "Under a plan", "count"),
    Column("overdue", "Overdue", "count"),
)
MOST_OWNERS = 50


def health(found: HealthReport) -> Section:
    """How the service of the last days was, and who has inspections to make."""
    title = "Service before the complaint"
    if not found.tiers:
        return Section("health", title)
    poor = sum(row.poor for row in found.tiers)
    planned, overdue = (
        sum(row.planned for row in found.owners),
        sum(row.overdue for row in found.owners),
    )
    said = (
        f"The service of {plural(poor, 'customer')} was poor.",
        f"{plural(planned, 'customer')} are to be inspected; {overdue:,} inspections are overdue.",
    )
    parts: list[Table] = [
        table("health", TIERS, [(row.tier, row.good, row.watch, row.poor) for row in found.tiers])
    ]
    if found.owners:
        rows = [(row.owner, row.planned, row.overdue) for row in found.owners[:MOST_OWNERS]]
        parts.append(table("inspections", OWNERS, rows, title="Inspections by owner"))
    return Section("health", title, said, tuple(parts))

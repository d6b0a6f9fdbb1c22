"""Journeys by step: who came how far, where they stopped, what was in the way."""

from __future__ import annotations

from domain.experience.path_figures import PathReport, StepRow
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import percent, words

COLUMNS = (
    Column("step", "Step"),
    Column("reached", "Reached", "count"),
    Column("conversion", "Of the step before", "share"),
    Column("on_the_way", "Stand here", "count"),
    Column("dropped", "Dropped off", "count"),
    Column("drop_off", "Of those here", "share"),
    Column("hindered", "After an obstacle", "count"),
    Column("obstacles", "Obstacles met here"),
)


def journeys(found: list[PathReport]) -> Section:
    """A table for each journey."""
    said = tuple(_weakest(path) for path in found)
    parts = tuple(
        table(f"journey_{path.name}", COLUMNS, [_row(row) for row in path.steps],
              title=words(path.name).capitalize())
        for path in found
    )  # fmt: skip
    return Section("journeys", "Journeys by step", said, parts)


def _row(row: StepRow) -> tuple[object, ...]:
    met = ", ".join(f"{words(name)} {count:,}" for name, count in row.obstacles.items())
    return (
        words(row.name), row.reached, row.conversion, row.on_the_way, row.dropped, row.drop_off,
        row.hindered, met or None,
    )  # fmt: skip


def _weakest(path: PathReport) -> str:
    name = words(path.name)
    row = next((row for row in path.steps if row.name == path.weakest), None)
    if row is None:
        return f"Nobody has dropped off the journey {name} yet."
    return (
        f"Most who leave the journey {name} do so at {words(row.name)}: {row.dropped:,},"
        f" {percent(row.drop_off)} of those who came so far; {row.hindered:,} of them had met an"
        " obstacle there."
    )

"""Scorecards in reports: satisfaction, callbacks and waits by factor, channel, agent and so on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain.experience.score_rows import DIMENSIONS, OTHERS, Dimension, ScoreRow
from streams.reports.form import plots
from streams.reports.form.document import Column, Picture, Section, Table, table
from streams.reports.form.words import plural, words
from streams.reports.report import About

SCORED: Final[tuple[Dimension, ...]] = ("agent", "branch", "stage", "channel", "factor")
"""Dimensions of moments and contacts, by which customers themselves cannot be cut."""
MOST_ROWS: Final = 50
LONG: Final[tuple[Dimension, ...]] = ("agent", "branch", "region", "segment")
"""Dimensions of many names: told from the lowest score up."""
FADE: Final = (
    "The sums of scorecards fade with the half-life of the policy, so they tell of the present;"
    " a weight of 1 is one moment of today."
)
COLUMNS: Final = (
    Column("satisfaction", "Satisfaction", "score"),
    Column("weight", "Weight", "index"),
    Column("good", "Good moments", "index"),
    Column("bad", "Bad moments", "index"),
    Column("promises_kept_share", "Callbacks kept", "share"),
    Column("contacts", "Contacts", "index"),
    Column("mean_wait_minutes", "Mean wait, min", "index"),
)


def scorecards(about: About, first: Dimension | None) -> list[Section]:
    """A section for each dimension that has rows; ``first`` comes before the others."""
    order = sorted(DIMENSIONS, key=lambda dimension: dimension != first)
    sections = [_section(dimension, about) for dimension in order]
    told = [section for section in sections if section.parts]
    return [replace(told[0], sentences=(*told[0].sentences, FADE)), *told[1:]] if told else []


def _section(dimension: Dimension, about: About) -> Section:
    title = f"Scorecard by {words(dimension)}"
    rows = [row for row in about.scores if row.dimension == dimension]
    if not rows:
        return Section(f"score_{dimension}", title)
    if dimension in LONG:
        rows.sort(key=lambda row: (row.score is None, row.score or 0.0, row.name))
    columns = (Column(dimension, words(dimension).capitalize()), *COLUMNS)
    told = [_row(row, about.named(dimension, row.name)) for row in rows[:MOST_ROWS]]
    scored = [(about.named(dimension, row.name), row.score) for row in rows]
    said: tuple[str, ...] = ()
    if len(rows) > MOST_ROWS:
        said = (
            f"Of {plural(len(rows), 'name')}, the {MOST_ROWS} with the lowest score are shown.",
        )
    others = next((row for row in rows if row.name == OTHERS and row.refused), None)
    if others is not None:
        said = (*said, f"There was no place for {others.refused:,} more: they are under other.")
    parts: list[Table | Picture] = []
    if len(rows) > 1:
        parts.append(
            Picture(
                f"score_{dimension}", f"Satisfaction by {words(dimension)}, 0 to 10.",
                lambda: plots.bars(f"score_{dimension}", scored, "score"),
            )
        )  # fmt: skip
    parts.append(table(f"score_{dimension}", columns, told))
    return Section(f"score_{dimension}", title, said, tuple(parts))


def _row(row: ScoreRow, name: str) -> tuple[object, ...]:
    wait = row.mean_wait_seconds
    return (
        name, row.score, row.weight, row.good, row.bad, row.promises_kept_share, row.contacts,
        None if wait is None else wait / 60,
    )  # fmt: skip

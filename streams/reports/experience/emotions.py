"""What customers felt, as a section."""

from __future__ import annotations

from domain.experience.emotions import JOY, EmotionRow
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import percent, plural, words

COLUMNS = (
    Column("emotion", "Emotion"),
    Column("customers", "Told by", "count"),
    Column("strength", "Mean strength", "score"),
    Column("prevailing", "Prevails in", "count"),
    Column("share", "Of customers", "share"),
)


def emotions(rows: list[EmotionRow]) -> Section:
    """Emotions by how many customers told them, and in how many each prevails."""
    if not rows:
        return Section("emotions", "Emotions")
    among = sum(row.prevailing for row in rows)
    joyful = sum(row.prevailing for row in rows if row.name == JOY)
    said = (
        f"Joy prevails in {joyful:,} of {plural(among, 'customer')} who told an emotion lately"
        f" ({percent(joyful / among if among else None)}); in the others one of the seven that a"
        " bad experience leaves.",
    )
    told = [
        (words(row.name), row.customers, row.strength, row.prevailing, row.share) for row in rows
    ]
    return Section("emotions", "Emotions", said, (table("emotions", COLUMNS, told),))

"""Scorecards over all partitions: what each keeps by whom and what, as one table."""

from __future__ import annotations

from collections.abc import Iterable

from domain.experience.score_rows import ScoreRow, rows
from domain.satisfaction.scorecards import Scorecards


def scorecards_of(contexts: Iterable[object]) -> list[Scorecards]:
    """The scorecards that partitions keep; none of a topology that keeps none."""
    found = (getattr(context, "scorecards", None) for context in contexts)
    return [cards for cards in found if cards is not None]


def score_rows(cards: Iterable[Scorecards], now: int) -> list[ScoreRow]:
    """A row for each name of each dimension over all partitions, as of ``now`` (ms)."""
    return rows(Scorecards(bounded=False).merge(cards), now)

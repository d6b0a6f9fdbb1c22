"""A figure of a briefing: what it is, and what it was in the last period."""

from __future__ import annotations

from typing import Literal, NamedTuple

FigureKind = Literal["count", "share", "score", "index", "amount", "hours"]


class Figure(NamedTuple):
    """A figure by its key; ``good`` is +1 where more is better, -1 where less is, else 0."""

    key: str
    kind: FigureKind
    good: int


class Value(NamedTuple):
    """What a figure is; ``None`` where it is not known or not kept.

    ``since`` (ms) is there where what it is counted from is kept only from then on, within its
    period; ``lost`` says that nothing of it is kept any more.
    """

    value: float | None
    since: int | None = None
    lost: bool = False


class Row(NamedTuple):
    """A figure now and before; ``before`` is ``None`` where there is nothing to compare."""

    figure: Figure
    now: Value
    before: Value | None

    @property
    def change(self) -> float | None:
        """By how much it moved; ``None`` where one of the two is not known whole.

        >>> risen = Row(Figure("alerts", "count", -1), Value(7), Value(4))
        >>> risen.change, risen.better
        (3, False)
        >>> Row(Figure("alerts", "count", -1), Value(7, since=1), Value(4)).change is None
        True
        """
        if self.before is None or self.now.value is None or self.before.value is None:
            return None
        if self.now.since is not None or self.before.since is not None:
            return None
        return self.now.value - self.before.value

    @property
    def better(self) -> bool | None:
        """Whether it moved to the better; ``None`` where it did not, or where that says nothing."""
        change = self.change
        return change * self.figure.good > 0 if change and self.figure.good else None

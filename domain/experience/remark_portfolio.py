"""What customers suggested and wrote on comment cards, by factor, and who owes answers to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from domain.experience.remark_figures import NO_FACTOR
from domain.kernel.scales import FACTORS
from schemas.figures import ExperienceFigures


class RemarkRow(msgspec.Struct, frozen=True):
    """A factor: how many suggestions and comment cards were about it."""

    factor: str
    suggestions: int
    comment_cards: int


class OwedRow(msgspec.Struct, frozen=True):
    """Who owes answers: how many are still in time, and how many are overdue."""

    owner: str
    owed: int
    overdue: int


class RemarkReport(msgspec.Struct, frozen=True):
    """Remarks by factor, most first; answers, and who owes those that are not given.

    ``in_time_share`` is of all whose answer was given or is overdue.
    """

    factors: list[RemarkRow]
    in_time: int
    late: int
    owed: int
    overdue: int
    in_time_share: float | None
    owners: list[OwedRow]


def count_remarks(said: ExperienceFigures, counts: Counter[str]) -> None:
    """Add one customer's."""
    for factor, count in said.suggestions.items():
        counts[f"suggestion.{factor}"] += count
    for factor, count in said.comment_cards.items():
        counts[f"comment_card.{factor}"] += count
    counts["answers_in_time"] += said.answers_in_time
    counts["answers_late"] += said.answers_late
    counts["answers_owed"] += said.answers_owed
    counts["answers_overdue"] += said.answers_overdue
    for remark in said.remarks:
        if remark.status in ("owed", "overdue"):
            counts[f"{remark.status}.{remark.owed_by}"] += 1


def remark_report(counts: Counter[str]) -> RemarkReport:
    """The tables of all that was counted.

    >>> remark_report(Counter({"suggestion.price": 2, "answers_in_time": 1})).factors
    [RemarkRow(factor='price', suggestions=2, comment_cards=0)]
    """
    rows = [
        RemarkRow(name, counts[f"suggestion.{name}"], counts[f"comment_card.{name}"])
        for name in (*FACTORS, NO_FACTOR)
    ]
    known = [row for row in rows if row.suggestions or row.comment_cards]
    in_time, late = counts["answers_in_time"], counts["answers_late"]
    judged = in_time + late + counts["answers_overdue"]
    owners = [
        OwedRow(name, counts[f"owed.{name}"], counts[f"overdue.{name}"])
        for name in sorted(set(_owners(counts)))
    ]
    return RemarkReport(
        factors=sorted(known, key=lambda row: -row.suggestions - row.comment_cards),
        in_time=in_time,
        late=late,
        owed=counts["answers_owed"],
        overdue=counts["answers_overdue"],
        in_time_share=in_time / judged if judged else None,
        owners=sorted(owners, key=lambda row: (-row.overdue, -row.owed)),
    )


def _owners(counts: Counter[str]) -> Iterator[str]:
    for name in counts:
        status, _, owner = name.partition(".")
        if status in ("owed", "overdue") and owner:
            yield owner

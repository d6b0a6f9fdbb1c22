"""What a report is: it takes customers and outputs one by one, and gives a document at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from domain.campaigns.sums import CampaignBook
from domain.customer.grouping import UNKNOWN, Grouped, Portfolio
from domain.experience.score_rows import ScoreRow
from schemas.figures import CustomerFigures
from schemas.propensity import PropensityModel
from streams.reports.form.document import Column, Document, Section, table
from streams.reports.form.words import plural, words

MOST_GROUPS: Final = 50
"""Most groups that a report's table by group has; the largest come first where there are more."""


@dataclass(frozen=True)
class About:
    """What a report was made of, and what stands beside the customers.

    ``as_of`` (RFC 3339) is the newest time anything is told of, ``scores`` are the scorecards'
    rows, ``segment_names`` the names of the segments by id, ``campaigns`` what all partitions keep
    of campaigns, ``answering`` the model of answers to mailings.
    """

    source: str
    as_of: str | None
    segment_names: Mapping[str, str] = field(default_factory=dict)
    scores: Sequence[ScoreRow] = ()
    campaigns: CampaignBook = field(default_factory=CampaignBook)
    answering: PropensityModel | None = None

    def named(self, group: str, name: str) -> str:
        """A group's value as people know it: a segment by its name and id."""
        known = self.segment_names.get(name) if group == "segment" else None
        return f"{known} ({name})" if known else name


class Collector(Protocol):
    """What all customers are given to; ``topics`` are those of the outputs that it wants to see."""

    topics: tuple[str, ...]

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take one output of its topics, in the order in which a customer's were sent."""


class Report(Collector, Protocol):
    """One kind of report."""

    kind: str

    def document(self, about: About) -> Document:
        """The report of everything taken so far."""


P = TypeVar("P", bound=Portfolio)


def by_group(
    grouped: Grouped[P],
    about: About,
    columns: Sequence[Column],
    row_of: Callable[[P], Sequence[Any]],
) -> Section:
    """The section that cuts a report by a group: a row of measures for each of its values."""
    group, parts = grouped.group, grouped.parts()
    rows = [
        (about.named(group, name), size, *row_of(part)) for name, size, part in parts[:MOST_GROUPS]
    ]
    title = words(group).capitalize() if group != "abc" else "ABC class"
    sentences = [
        f"There {'is' if len(parts) == 1 else 'are'} {plural(len(parts), 'group')} of customers by"
        f" {words(group)}."
    ]
    if any(name == UNKNOWN for name, _, _ in parts):
        sentences.append(
            f"The group unknown has the customers whose figures do not tell their {words(group)}."
        )
    if len(parts) > MOST_GROUPS:
        sentences.append(f"The first {MOST_GROUPS} of them are shown.")
    head = (Column(group, title), Column("customers", "Customers", "count"))
    return Section(
        f"by_{group}",
        f"By {words(group)}" if group != "abc" else "By ABC class",
        (" ".join(sentences),),
        (table(f"by_{group}", (*head, *columns), rows),),
    )

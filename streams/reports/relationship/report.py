"""The report on relationships: states, funnel, loyalty, churn, care, migration between segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from domain.care.portfolio import CarePortfolio
from domain.customer.grouping import Grouped
from domain.policy import Policy
from domain.propensity.portfolio import MailingPortfolio
from domain.relationship.funnel import Funnel
from domain.relationship.migration import Migration
from domain.relationship.organisations import organisations
from domain.relationship.portfolio import RelationshipPortfolio, RelationshipReport
from schemas.figures import CustomerFigures
from schemas.topics import CUSTOMER_TRANSITIONS, SEGMENT_UPDATES
from streams.reports.form.document import Column, Document
from streams.reports.form.words import percent, plural, shown, when
from streams.reports.relationship import sections
from streams.reports.relationship.answers import answers
from streams.reports.relationship.care import care
from streams.reports.relationship.retention import retention
from streams.reports.report import About, by_group

MEASURES = (
    Column("buyers", "Bought", "count"),
    Column("loyal", "Loyal", "count"),
    Column("at_risk", "At risk", "count"),
    Column("lost", "Lost", "count"),
    Column("lost_share", "Lost of buyers", "share"),
    Column("yearly_churn", "Churn of a year", "share"),
    Column("churn_risk", "Churn risk", "score"),
    Column("attitude", "Attitude", "score"),
    Column("quality", "Quality", "score"),
)


class RelationshipsReport:
    """The report on relationships, cut by a group where one is given."""

    kind = "relationship"
    topics: tuple[str, ...] = (CUSTOMER_TRANSITIONS, SEGMENT_UPDATES)

    def __init__(self, policy: Policy, by: str | None = None) -> None:
        self._policy = policy
        self._portfolio = RelationshipPortfolio(policy)
        self._answers = MailingPortfolio()
        make = partial(RelationshipPortfolio, policy)
        self._grouped = None if by is None else Grouped(by, make)
        self._funnel, self._migration = Funnel(), Migration()
        self._care = CarePortfolio(policy)
        self._segments: Counter[str] = Counter()
        self._members: list[CustomerFigures] = []

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._portfolio.add(customer)
        self._funnel.add(customer)
        self._care.add(customer)
        self._answers.add(customer)
        if self._grouped is not None:
            self._grouped.add(customer)
        if customer.segment is not None:
            self._segments[customer.segment] += 1
        if customer.groups.organisation_id is not None:
            self._members.append(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take a transition or a segment update."""
        if topic == SEGMENT_UPDATES:
            self._migration.add(output)
        else:
            self._funnel.add_transition(output)

    def document(self, about: About) -> Document:
        """The report of everything taken so far."""
        found, names = self._portfolio.report(), _Names(about, self._migration)
        parts = [
            sections.states(found),
            sections.funnel(self._funnel.steps()),
            retention(found.retention, found.currency, names.of),
            sections.churn(found.churn),
            sections.lifecycle(found),
            sections.loyalty(found),
            sections.contacts(found),
            care(self._care.report()),
            answers(self._answers.report(), about.answering, self._policy.propensity, names.of),
            sections.segments_by_value(found, names.of),
            sections.migration(self._migration, self._segments, names.of),
            sections.organised(organisations(self._members), found.currency),
        ]
        if self._grouped is not None:
            parts.insert(1, by_group(self._grouped, about, MEASURES, _measures))
        return Document(
            kind=self.kind,
            title="Relationships",
            source=about.source,
            as_of=about.as_of,
            customers=found.customers,
            sentences=_summary(found, about),
            sections=tuple(part for part in parts if part.parts),
        )


class _Names:
    """Names of segments: of the newest model, else as updates told them."""

    def __init__(self, about: About, migration: Migration) -> None:
        self._known = {**migration.names, **about.segment_names}

    def of(self, segment: str) -> str:
        """A name with its id; what has no name stays as it is."""
        name = self._known.get(segment)
        return segment if name is None or name == segment else f"{name} ({segment})"


def _summary(found: RelationshipReport, about: About) -> tuple[str, ...]:
    churn = found.churn
    said = [
        f"{plural(found.customers, 'customer')} of {about.source}, as of {when(about.as_of)};"
        f" {churn.buyers:,} of them have bought.",
    ]
    if found.retention.churn is not None:
        low, high = (percent(share) for share in found.retention.expected)
        said.append(
            f"{percent(found.retention.churn, 1)} of the customers of a year ago were lost in the"
            f" last 365 days; published yearly churn is {low} to {high}."
        )
    elif churn.lost_share is not None:
        said.append(f"{percent(churn.lost_share, 1)} of the buyers are lost now.")
    if churn.mean is not None:
        said.append(
            f"The mean churn risk is {churn.mean:.2f}; {churn.above:,} of"
            f" {plural(churn.known, 'customer')} are at {churn.line:g} or more."
        )
    if found.attitude is not None:
        said.append(
            f"The mean attitude is {shown(found.attitude, 'score')} of 10, known of"
            f" {plural(found.attitude_known, 'customer')}."
        )
    return tuple(said)


def _measures(portfolio: RelationshipPortfolio) -> Sequence[Any]:
    found = portfolio.report()
    states = {row.name: row.customers for row in found.classes["state"]}
    return (
        found.churn.buyers, states["loyal"], states["at_risk"], found.churn.lost,
        found.churn.lost_share, found.retention.churn, found.churn.mean, found.attitude,
        found.quality,
    )  # fmt: skip

"""The report on experience: what customers lived through, expected and said, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from domain.customer.grouping import Grouped
from domain.experience.decision import Decision
from domain.experience.group_report import GroupReport
from domain.experience.portfolio import ExperiencePortfolio
from domain.experience.score_rows import Dimension
from domain.experience.seven_steps import seven_steps
from domain.policy import Policy
from domain.proactive.portfolio import HealthPortfolio
from schemas.figures import CustomerFigures
from streams.reports.experience import sections
from streams.reports.experience.emotions import emotions
from streams.reports.experience.first import first
from streams.reports.experience.health import health
from streams.reports.experience.paths import journeys
from streams.reports.experience.remarks import remarks
from streams.reports.experience.scored import SCORED, scorecards
from streams.reports.experience.seven import steps
from streams.reports.form.document import Column, Document
from streams.reports.form.words import percent, plural, shown, when
from streams.reports.report import About, by_group

MEASURES = (
    Column("satisfaction", "Satisfaction", "score"),
    Column("nps", "NPS", "index"),
    Column("csat", "CSAT %", "index"),
    Column("ces", "CES", "score"),
    Column("delivered_value", "Delivered value", "signed"),
    Column("promises_kept", "Callbacks kept", "share"),
    Column("outrage", "Outraged", "share"),
    Column("spread", "Spread over channels", "score"),
    Column("key_experience", "Key experience"),
)


class ExperienceReport:
    """The report on experience, cut by a group or by a dimension of the scorecards."""

    kind = "experience"
    topics: tuple[str, ...] = ()

    def __init__(
        self, policy: Policy, by: str | None = None, decision: Decision | None = None
    ) -> None:
        self._portfolio = ExperiencePortfolio(policy)
        self._health = HealthPortfolio(policy)
        self._decision = decision
        self._dimension: Dimension | None = next((one for one in SCORED if one == by), None)
        make = partial(ExperiencePortfolio, policy)
        self._grouped = None if by is None or self._dimension else Grouped(by, make)

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._portfolio.add(customer)
        self._health.add(customer)
        if self._grouped is not None:
            self._grouped.add(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """There are none that it wants."""

    @property
    def whole(self) -> GroupReport:
        """All customers together."""
        return self._portfolio.report()

    def document(self, about: About) -> Document:
        """The report of all customers taken so far."""
        found = self.whole
        parts = [
            sections.measures(found),
            sections.gaps(found),
            steps(seven_steps(found, self._decision)),
            sections.bands(found),
            sections.quality(found),
            sections.mouth(found),
            sections.repurchase(found),
            first(found.first_impressions),
            remarks(found.remarks),
            emotions(found.emotions),
            journeys(found.journeys),
            health(self._health.report()),
            sections.consistency(found),
            *scorecards(about, first=self._dimension),
        ]
        if self._grouped is not None:
            parts.insert(1, by_group(self._grouped, about, MEASURES, _measures))
        return Document(
            kind=self.kind,
            title="Experience",
            source=about.source,
            as_of=about.as_of,
            customers=found.customers,
            sentences=_summary(found, about),
            sections=tuple(part for part in parts if part.parts),
        )


def _summary(found: GroupReport, about: About) -> tuple[str, ...]:
    said = [f"{plural(found.customers, 'customer')} of {about.source}, as of {when(about.as_of)}."]
    level, mouth = found.satisfaction, found.word_of_mouth
    if level.value is not None:
        said.append(
            f"Satisfaction is {shown(level.value, 'score')} of 10 on average, known of"
            f" {plural(level.known, 'customer')}: {mouth.satisfied:,} are satisfied and"
            f" {mouth.dissatisfied:,} dissatisfied."
        )
    if found.nps.value is not None:
        said.append(f"NPS is {shown(found.nps.value, 'index')}, of {found.nps.known:,} answers.")
    if found.gaps.key is not None:
        said.append(f"The key experience is {found.gaps.key}. {found.gaps.reason}")
    if found.outrage.value:
        said.append(
            f"{percent(found.outrage.value, 1)} of the customers are outraged,"
            f" {found.outrage.reason}"
        )
    return tuple(said)


def _measures(portfolio: ExperiencePortfolio) -> Sequence[Any]:
    found = portfolio.report()
    return (
        found.satisfaction.value, found.nps.value, found.csat.value, found.ces.value,
        found.delivered_value.value, found.promises_kept.value, found.outrage.value,
        found.consistency.spread, found.gaps.key,
    )  # fmt: skip

"""The report on who stands out: lighthouses, whom to approach with care, prospects by source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from domain.customer.grouping import Grouped
from domain.identification.portfolio import KINDS, IdentificationReport, Identified
from domain.policy import Policy
from schemas.figures import CustomerFigures
from streams.reports.form.document import Column, Document, Section, Table, table
from streams.reports.form.words import plural, when, words
from streams.reports.report import About, by_group

MEASURES = (
    Column("lighthouses", "Lighthouses", "count"),
    *(Column(kind, words(kind).capitalize(), "count") for kind in KINDS),
    Column("prospects", "Prospects", "count"),
)
PLACE = Column("place", "Place", "count")
WHO = Column("customer_id", "Customer")
TIER, OWNER = Column("tier", "Tier"), Column("owner", "Owner")
LIGHTHOUSE = (
    PLACE, WHO, Column("clv", "CLV", "amount"), Column("feedbacks", "Feedbacks", "count"),
    Column("commitment", "Commitment", "score"), TIER, OWNER,
)  # fmt: skip
CONDITIONS = (
    Column("condition", "Condition"),
    Column("customers", "Lacked by", "count"),
    Column("alone", "As the only one", "count"),
)
NAMES = {
    "clv_class": "top CLV class",
    "loyal": "loyal",
    "feedback": "feedback within a year",
    "commitment": "commitment",
}
KIND = (
    Column("kind", "Kind"),
    Column("customers", "Customers", "count"),
    Column("measure", "What to do"),
)
APPROACH = (
    WHO, Column("reason", "Why"), Column("net_value", "Net value", "amount"), OWNER,
)  # fmt: skip
SOURCES = (
    Column("source", "Source"),
    Column("customers", "Customers", "count"),
    Column("bought", "Bought", "count"),
    Column("prospects", "Prospects", "count"),
    Column("chance", "Chance to buy", "share"),
    Column("worth", "Worth of a buyer", "amount"),
    Column("expected_value", "Expected value", "amount"),
)
PROSPECTS = (
    PLACE, WHO, Column("source", "Source"),
    Column("expected_value", "Expected value", "amount"), Column("balance", "Balance", "amount"),
    TIER, OWNER,
)  # fmt: skip


class IdentificationsReport:
    """The report on who stands out, cut by a group where one is given."""

    kind = "identification"
    topics: tuple[str, ...] = ()

    def __init__(self, policy: Policy, by: str | None = None) -> None:
        self._portfolio, self._rules = Identified(policy), policy.identification
        self._grouped = None if by is None else Grouped(by, partial(Identified, policy))

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._portfolio.add(customer)
        if self._grouped is not None:
            self._grouped.add(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take nothing: it asks for no outputs."""

    def document(self, about: About) -> Document:
        """The report of everything taken so far."""
        found = self._portfolio.report()
        sections = [self._lighthouses(found), _approach(found), _prospects(found)]
        if self._grouped is not None:
            sections.append(by_group(self._grouped, about, MEASURES, _measures))
        return Document(
            kind=self.kind,
            title="Who stands out",
            source=about.source,
            as_of=about.as_of,
            customers=found.customers,
            sentences=_summary(found, about),
            sections=tuple(sections),
        )

    def _lighthouses(self, found: IdentificationReport) -> Section:
        rules = self._rules.lighthouse
        said = (
            f"{plural(found.lighthouses, 'customer')} of the top CLV class, loyal, with"
            f" {rules.feedbacks:,} feedbacks or more in {rules.feedback_days:,.0f} days and a"
            f" commitment of {rules.commitment:g} or more."
            + _cut(found.lighthouses, len(found.lighthouse), "by CLV"),
        )
        parts = [table("lighthouses", LIGHTHOUSE, _values(found.lighthouse))] * bool(
            found.lighthouse
        )
        rows = [(NAMES[row.condition], row.customers, row.alone) for row in found.conditions]
        parts.append(table("conditions", CONDITIONS, rows, title="What others lack"))
        return Section("lighthouses", "Lighthouse customers", said, tuple(parts))


def _approach(found: IdentificationReport) -> Section:
    parts: list[Table] = [table("approach", KIND, _values(found.kinds))]
    for row in found.kinds:
        if listed := found.approach[row.kind]:
            rows = [(one.customer_id, one.reason, one.net_value, one.owner) for one in listed]
            title = words(row.kind).capitalize()
            note = _cut(row.customers, len(rows), "by net value").strip()
            parts.append(table(row.kind, APPROACH, rows, title=title, note=note))
    return Section(
        "approach",
        "To be approached with care",
        ("A customer may be of several kinds; who loses us most stands first.",),
        tuple(parts),
    )


def _prospects(found: IdentificationReport) -> Section:
    said = (
        f"{plural(found.prospects, 'customer')} known without a purchase or a campaign. What one is"
        " expected to be worth is the chance that customers of its source buy, times the CLV of"
        f" those who did, in {found.currency}."
        + _cut(found.prospects, len(found.prospect), "by expected value, then balance"),
    )
    parts: list[Table] = []
    if found.sources:
        parts.append(table("sources", SOURCES, _values(found.sources), title="By source"))
    if found.prospect:
        parts.append(table("prospects", PROSPECTS, _values(found.prospect), title="Prospects"))
    return Section("prospects", "Prospects", said, tuple(parts))


def _cut(all_of_them: int, listed: int, by: str) -> str:
    return f" The first {listed:,} {by} are listed." if listed < all_of_them else ""


def _values(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [msgspec.structs.astuple(row) for row in rows]


def _summary(found: IdentificationReport, about: About) -> tuple[str, ...]:
    careful = ", ".join(f"{row.customers:,} {words(row.kind)}" for row in found.kinds)
    return (
        f"{plural(found.customers, 'customer')} of {about.source}, as of {when(about.as_of)}.",
        f"{plural(found.lighthouses, 'lighthouse')}; to be approached with care: {careful};"
        f" {plural(found.prospects, 'prospect')}.",
    )


def _measures(portfolio: Identified) -> Sequence[Any]:
    kinds = (portfolio.of_kind[kind] for kind in KINDS)
    return portfolio.lighthouses, *kinds, portfolio.prospects

"""The report on campaigns: response, money, who answers, and how far its customers have come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from domain.campaigns.portfolio import BY_DEFAULT, CampaignPortfolio
from domain.campaigns.response import Row, row
from domain.policy import Policy
from domain.relationship.funnel import Funnel
from schemas.figures import CustomerFigures
from schemas.topics import CUSTOMER_TRANSITIONS
from streams.reports.campaigns import sections
from streams.reports.form.document import Document
from streams.reports.form.words import plural, when
from streams.reports.report import About


class CampaignsReport:
    """The report on campaigns, by segment, tier and ABC class, or by one group that is given."""

    kind = "campaigns"
    topics: tuple[str, ...] = (CUSTOMER_TRANSITIONS,)

    def __init__(self, policy: Policy, by: str | None = None) -> None:
        self._policy = policy
        self._portfolio = CampaignPortfolio(policy, BY_DEFAULT if by is None else (by,))
        self._funnel = Funnel()
        self._sent: defaultdict[str, list[str]] = defaultdict(list)
        self._customers = 0

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._customers += 1
        self._portfolio.add(customer)
        self._funnel.add(customer)
        for campaign, met in customer.campaigns.items():
            if met.sent_at is not None:
                self._sent[campaign].append(customer.customer_id)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take a transition."""
        self._funnel.add_transition(output)

    def document(self, about: About) -> Document:
        """The report of everything taken so far."""
        rules, book = self._policy.campaigns, about.campaigns
        rows = [row(name, sums, rules) for name, sums in book.campaigns()]
        total, currency = row("all", book.total(), rules), self._policy.currency.base
        newest = [each.campaign for each in rows[: sections.MOST_CUT]]
        funnels = [
            (
                name,
                self._funnel.steps(self._sent[name]),
                self._funnel.standing("lost", self._sent[name]),
            )
            for name in newest
        ]
        parts = [
            sections.campaigns(rows, total, book.dropped, self._policy),
            *(sections.by_group(kind, newest, self._portfolio, about) for kind in self._groups),
            sections.funnels(funnels),
        ]
        return Document(
            kind=self.kind,
            title="Campaigns",
            source=about.source,
            as_of=about.as_of,
            customers=self._customers,
            sentences=_summary(rows, total, about, self._customers, currency),
            sections=tuple(part for part in parts if part.parts),
        )

    @property
    def _groups(self) -> tuple[str, ...]:
        return self._portfolio.groups


def _summary(
    rows: list[Row], total: Row, about: About, customers: int, currency: str
) -> tuple[str, ...]:
    said = [
        f"{plural(customers, 'customer')} of {about.source}, as of {when(about.as_of)};"
        f" {plural(len(rows), 'campaign')}.",
    ]
    if rows:
        said.append(
            f"{total.spent:,.2f} {currency} was spent on all campaigns, and {total.revenue:,.2f}"
            f" {currency} bought through them."
        )
    return tuple(said)

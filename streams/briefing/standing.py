"""Figures as they stand: those of the four reports, added up by what the reports add up by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.complaints.portfolio import ComplaintPortfolio
from domain.experience.portfolio import ExperiencePortfolio
from domain.policy import Policy
from domain.relationship.portfolio import RelationshipPortfolio
from domain.value.portfolio import Portfolio
from schemas.figures import CustomerFigures
from streams.briefing.figures import Figure

STANDING: Final[Mapping[str, Figure]] = {
    each.key: each
    for each in (
        Figure("customers", "count", +1),
        Figure("satisfaction", "score", +1),
        Figure("nps", "index", +1),
        Figure("csat", "index", +1),
        Figure("ces", "score", +1),
        Figure("outraged", "share", -1),
        Figure("callbacks_kept", "share", +1),
        Figure("complaints_open", "count", -1),
        Figure("complaints_overdue", "count", -1),
        Figure("oldest_open", "hours", -1),
        Figure("promises_kept", "share", +1),
        Figure("compensation_due", "amount", -1),
        Figure("churn_risk", "score", -1),
        Figure("churn_risk_high", "count", -1),
        Figure("churn_year", "share", -1),
        Figure("attitude", "score", +1),
        Figure("buyers", "count", +1),
        Figure("value_of_year", "amount", +1),
        Figure("value_share_of_a", "share", 0),
    )
}
"""In the order of the reports: experience, complaints, relationship, value."""


class Standing:
    """What all customers add up to, by each of the reports."""

    def __init__(self, policy: Policy) -> None:
        self._experience = ExperiencePortfolio(policy)
        self._complaints = ComplaintPortfolio(policy)
        self._relationship = RelationshipPortfolio(policy)
        self._value = Portfolio(policy)

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._experience.add(customer)
        self._complaints.add(customer)
        self._relationship.add(customer)
        self._value.add(customer)

    def values(self) -> dict[str, float | None]:
        """Every figure by its key, as the reports have it."""
        lived, asked = self._experience.report(), self._complaints.report()
        bound, bought = self._relationship.report(), self._value.report()
        a_share = next((row.value_share for row in bought.abc if row.name == "A"), None)
        return {
            "customers": lived.customers,
            "satisfaction": lived.satisfaction.value,
            "nps": lived.nps.value,
            "csat": lived.csat.value,
            "ces": lived.ces.value,
            "outraged": lived.outrage.value,
            "callbacks_kept": lived.promises_kept.value,
            "complaints_open": asked.total.open,
            "complaints_overdue": asked.total.overdue,
            "oldest_open": asked.oldest_open_hours,
            "promises_kept": asked.total.promises_kept_share,
            "compensation_due": asked.total.compensation_due,
            "churn_risk": bound.churn.mean,
            "churn_risk_high": bound.churn.above,
            "churn_year": bound.retention.churn,
            "attitude": bound.attitude,
            "buyers": bought.customers,
            "value_of_year": bought.value,
            "value_share_of_a": a_share,
        }

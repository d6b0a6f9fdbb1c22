"""The campaigns of a customer as figures."""

from __future__ import annotations

from domain.customer.state import CAMPAIGNS, Customer
from domain.kernel.units import MICRO
from schemas.fields import moment, rfc3339
from schemas.figures.campaigns import CampaignFigures


def campaign_figures(customer: Customer) -> dict[str, CampaignFigures]:
    """Each campaign that is kept of the customer, by id."""
    if not customer.has(CAMPAIGNS):
        return {}
    return {
        name: CampaignFigures(
            sent_at=_text(mailing.sent),
            opened_at=_text(mailing.opened),
            clicked_at=_text(mailing.clicked),
            converted_at=_text(mailing.converted),
            opted_out_at=_text(mailing.opted_out),
            reminders=mailing.reminders,
            cost=mailing.cost / MICRO,
            revenue=mailing.revenue / MICRO,
            receipts=mailing.receipts / MICRO,
        )
        for name, mailing in sorted(customer.campaigns.mailings.items())
    }


def forgotten(customer: Customer) -> int:
    """How many campaigns of the customer are not kept any more."""
    return customer.campaigns.dropped if customer.has(CAMPAIGNS) else 0


def _text(at: int) -> str | None:
    return rfc3339(moment(at)) if at else None

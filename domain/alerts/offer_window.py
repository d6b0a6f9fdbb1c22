"""The window for an offer: a customer who clicked a campaign is interested now.

A marketing alert: it needs consent to the channel and waits until quiet hours end. A conversion
or an opt-out meanwhile closes the window.
"""

from __future__ import annotations

from domain.alerts import open_alerts
from domain.customer.cause import Cause
from domain.customer.consent import note_word
from domain.customer.state import DESK, Customer
from domain.kernel.scales import TIERS
from domain.policy.alerts import ALERT_INDEX
from schemas.touchpoints import Campaign


def take_campaign(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Open the window at a click, close it at a conversion or an opt-out."""
    if event.action in ("opted_out", "opted_in"):
        opted_in = event.action == "opted_in"
        note_word(customer, event.channel, (cause.at, event.event_id), opted_in)
    if event.action in ("converted", "opted_out"):
        _close(customer, event.campaign_id, cause)
    elif event.action == "clicked":
        tier = customer.core.tier
        cause.want(
            "offer_window",
            f"A {TIERS[tier]} customer clicked campaign {event.campaign_id} by {event.channel}"
            " and has not bought yet.",
            tier=tier,
            about=event.campaign_id,
        )


def _close(customer: Customer, campaign_id: str, cause: Cause) -> None:
    """Give up what waits about a campaign."""
    if not customer.has(DESK):
        return
    desk, kind = customer.desk, ALERT_INDEX["offer_window"]
    left = [each for each in desk.held if (each.kind, each.about) != (kind, campaign_id)]
    if len(left) < len(desk.held):
        desk.held = left
        customer.touch(DESK)
        open_alerts.tidy(customer, cause.policy.alerts)

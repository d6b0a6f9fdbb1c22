"""The window for an offer: a customer who clicked a campaign is interested now.

A marketing alert: it needs consent to the channel and waits until quiet hours end. Whether it is
made is looked at when it is due, whatever was known when it was planned: who has bought through
the campaign, be it before the click, needs no offer of it, nor who opted out after the click.
Bound: the newest 32 campaigns that a customer bought through or opted out of.
"""

from __future__ import annotations

from typing import Final

from domain.alerts import open_alerts
from domain.customer.cause import Cause
from domain.customer.consent import note_word
from domain.customer.parts import Held
from domain.customer.state import DESK, Customer
from domain.kernel.scales import TIERS
from domain.kernel.wording import Wording
from schemas.touchpoints import Campaign

MAX_CLOSED = 32

CLICKED: Final = Wording(
    "offer_window.clicked",
    "A {tier} customer clicked campaign {campaign} by {channel} and has not bought yet.",
)


def take_campaign(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Open the window at a click, close it at a conversion or an opt-out."""
    if event.action in ("opted_out", "opted_in"):
        opted_in = event.action == "opted_in"
        note_word(customer, event.channel, (cause.at, cause.mark), opted_in)
    if event.action in ("converted", "opted_out"):
        _close(customer, event.campaign_id, event.action == "converted", cause)
    elif event.action == "clicked":
        tier = customer.core.tier
        cause.want(
            "offer_window",
            CLICKED(tier=TIERS[tier], campaign=event.campaign_id, channel=event.channel),
            tier=tier,
            about=event.campaign_id,
        )


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let what closed the windows of another id close them for this one."""
    customer.touch(DESK)
    mine = customer.desk.closed
    for campaign_id, (at, bought) in other.desk.closed.items():
        known, was_bought = mine.get(campaign_id, (at, False))
        mine[campaign_id] = max(at, known), bought or was_bought
    _forget_oldest(mine)


def is_closed(customer: Customer, campaign_id: str, at: int) -> bool:
    """Whether a click at ``at`` (ms) is no reason for an offer: bought, or opted out since."""
    closed = customer.desk.closed.get(campaign_id) if customer.has(DESK) else None
    return closed is not None and (closed[1] or closed[0] >= at)


def _close(customer: Customer, campaign_id: str, bought: bool, cause: Cause) -> None:
    """Note that the campaign needs no offer, and give up what waits about it."""
    desk = customer.desk
    customer.touch(DESK)
    at, was_bought = desk.closed.get(campaign_id, (cause.at, False))
    desk.closed[campaign_id] = max(at, cause.at), was_bought or bought
    _forget_oldest(desk.closed)
    left = [each for each in desk.held if not _is_given_up(customer, each)]
    if len(left) < len(desk.held):
        desk.held = left
        open_alerts.tidy(customer, cause.policy.alerts)


def _forget_oldest(closed: dict[str, tuple[int, bool]]) -> None:
    while len(closed) > MAX_CLOSED:
        del closed[min(closed, key=lambda name: (closed[name], name))]


def _is_given_up(customer: Customer, held: Held) -> bool:
    return bool(held.about) and is_closed(customer, held.about, held.at)

"""Expenses of a campaign, which are of no customer: an event under the key of the campaign.

All expenses of a campaign come under one key (`schemas.touchpoints.expenses_of`), so they lie in
one partition and each counts once: what is kept under that key tells repeats of 7 days, as for a
customer, and is none. Nothing else may come under such a key.
"""

from __future__ import annotations

from typing import Final

from domain.customer.effects import Campaigned
from domain.kernel.units import micro
from schemas.touchpoints import CAMPAIGN_KEY, Campaign

REFUSED: Final = (
    f"customer_id: what begins with {CAMPAIGN_KEY} names a campaign, no customer; only an expense"
    " of the campaign may come under it"
)


def is_campaign(customer_id: str) -> bool:
    """Whether this is the key of a campaign's expenses.

    >>> is_campaign("campaign:m-1"), is_campaign("c-1")
    (True, False)
    """
    return customer_id.startswith(CAMPAIGN_KEY)


def spent(event: Campaign, at: int) -> Campaigned:
    """What an expense at ``at`` (ms) adds to its campaign."""
    return Campaigned(event.campaign_id, at, {"expenses": micro(event.cost or 0)})

"""The figures of the campaigns that a customer met."""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.figures.terms import Count, Time, says


class CampaignFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as a customer met it: the first time of each step, null where there was none."""

    sent_at: Annotated[Time | None, says("When it was sent to the customer.")] = None
    opened_at: Annotated[Time | None, says("When the customer opened it.")] = None
    clicked_at: Annotated[Time | None, says("When the customer clicked it.")] = None
    converted_at: Annotated[Time | None, says("When the customer bought through it.")] = None
    opted_out_at: Annotated[Time | None, says("When the customer opted out of it.")] = None
    reminders: Annotated[Count, says("How often it was sent again.")] = 0
    cost: Annotated[float, says("What its events cost, in base currency.")] = 0.0
    revenue: Annotated[float, says("What the customer bought through it, in base currency.")] = 0.0
    receipts: Annotated[
        float, says("Purchases within the policy's days after a click, in base currency.")
    ] = 0.0

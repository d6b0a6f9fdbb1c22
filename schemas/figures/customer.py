"""The public record of a customer: all figures of it as of one time.

A line of ``customers.jsonl`` is one, and so is what ``touchline state CUSTOMER --json`` prints.
"""

from __future__ import annotations

from typing import Annotated, Final, get_args

import msgspec

from schemas.fields import Factor, Tier
from schemas.figures.campaigns import CampaignFigures
from schemas.figures.care import CareFigures
from schemas.figures.complaints import ComplaintFigures
from schemas.figures.experience import ExperienceFigures
from schemas.figures.health import HealthFigures
from schemas.figures.identification import IdentificationFigures
from schemas.figures.mailings import MailingFigures
from schemas.figures.relationship import GroupFigures, RelationshipFigures
from schemas.figures.terms import Count, Time, among, says
from schemas.figures.value import ValueFigures


class BehaviourFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The behaviour vector: what was clicked in the app within 7 days."""

    behaviours: Annotated[Count, says("Clicks of every kind.")]
    app_launches: Annotated[Count, says("Launches of the app.")]
    account_messages: Annotated[Count, says("Account messages opened.")]
    push_share: Annotated[float, says("Share of launches that a push message led to, 0-1.")]
    tab_switches: Annotated[Count, says("Switches of tabs.")]
    functions_visited: Annotated[Count, says("Visits to functions.")]
    news_messages: Annotated[Count, says("News messages opened.")]
    news_views: Annotated[Count, says("News read.")]


class CustomerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as of a time: counts, money, satisfaction, complaints, value and relationship.

    What is not known is null; ``missing`` names the input that a figure lacks.
    """

    customer_id: Annotated[str, says("The customer's id.")]
    events: Annotated[Count, says("Events taken.")]
    repeats: Annotated[Count, says("Events left out because they had been taken before.")]
    event_xor: Annotated[
        str, says("XOR of 64-bit hashes of the ids of all events taken, in hexadecimal.")
    ]
    first_event_at: Annotated[Time | None, says("When the earliest event was.")]
    newest_event_at: Annotated[Time | None, says("When the newest event was.")]
    transactions: Annotated[Count, says("Transactions.")]
    transaction_sum: Annotated[float, says("Sum of their amounts, in base currency.")]
    first_purchase_at: Annotated[Time | None, says("When the first purchase was.")]
    accounts: Annotated[Count, says("Accounts of which a balance is known.")]
    balance: Annotated[float | None, says("Balance of all accounts, in base currency.")]
    tier: Annotated[Tier, says("Customer tier.")]
    owner_id: Annotated[str | None, says("The relationship manager, as the profile names one.")]
    satisfaction: Annotated[float | None, says("Satisfaction, 0-10, newer moments count more.")]
    satisfaction_by_factor: Annotated[
        dict[str, float], among(get_args(Factor)), says("Satisfaction by factor, 0-10.")
    ]
    complaints: Annotated[Count, says("Complaints ever.")]
    complaints_open: Annotated[Count, says("Complaints that wait for a resolution.")]
    complaints_overdue: Annotated[Count, says("Complaints with an overdue promise.")]
    irregular_steps: Annotated[Count, says("Steps of complaints that fit no status before them.")]
    complaint_cases: Annotated[
        list[ComplaintFigures],
        says("Complaints that are open or were closed within 40 days, the oldest first."),
    ]
    segment: Annotated[str | None, says("Id of the behavioural segment.")]
    features: Annotated[
        BehaviourFigures | None, says("Behaviour within 7 days; null without a click.")
    ]
    memory_overflows: Annotated[
        Count, says("Events that left the memory of repeats before their 7 days were over.")
    ]
    suppressed_alerts: Annotated[Count, says("Alerts held back by a cooldown or a limit.")]
    alerts_open: Annotated[Count, says("Alerts that nobody has acted on, not settled.")]
    alerts_acknowledged: Annotated[Count, says("Alerts acknowledged and not yet resolved.")]
    alerts_forgotten: Annotated[Count, says("Alerts that nobody acted on in time.")]
    desk_unmatched: Annotated[Count, says("Actions of the desk on alerts that are not known.")]
    value: Annotated[ValueFigures, says("Value of the customer.")]
    relationship: Annotated[RelationshipFigures, says("Relationship with the customer.")]
    experience: Annotated[ExperienceFigures, says("Experience of the customer.")]
    groups: Annotated[GroupFigures, says("Groups that reports are cut by.")]
    missing: Annotated[
        dict[str, str], says("Figures of this record that are null, each with the input lacking.")
    ]
    identification: Annotated[
        IdentificationFigures, says("How the customer stands out: lighthouse, care, prospect.")
    ] = msgspec.field(default_factory=IdentificationFigures)
    health: Annotated[HealthFigures, says("Service of late, and inspections.")] = msgspec.field(
        default_factory=HealthFigures
    )
    campaigns: Annotated[
        dict[str, CampaignFigures], says("The newest campaigns that the customer met, by id.")
    ] = {}
    campaigns_forgotten: Annotated[
        Count, says("Campaigns that the customer met and that are not kept any more.")
    ] = 0
    care: Annotated[CareFigures, says("Care for the customer.")] = CareFigures()
    mailings: Annotated[
        MailingFigures | None, says("Mailings to the customer, and whether the next is answered.")
    ] = None


decode: Final = msgspec.json.Decoder(CustomerFigures).decode
"""A record read back from its JSON. Raises msgspec.ValidationError where it is none, and names
the field; msgspec.DecodeError where it is no JSON.
"""

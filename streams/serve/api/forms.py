"""What the API answers with, beside records that go out as they are: values, and their schemas."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from schemas.fields import Tier
from schemas.figures import ComplaintFigures
from schemas.figures.relationship import State
from schemas.figures.terms import Count, says


class CustomerRow(Struct, frozen=True, kw_only=True):
    """A customer as a list shows it; null is what is not known."""

    customer_id: Annotated[str, says("The customer's id.")]
    tier: Annotated[Tier, says("Customer tier.")]
    segment: Annotated[str | None, says("Id of the behavioural segment.")]
    owner_id: Annotated[str | None, says("The relationship manager.")]
    state: Annotated[State | None, says("State of the relationship.")]
    balance: Annotated[float | None, says("Balance of all accounts, in base currency.")]
    satisfaction: Annotated[float | None, says("Satisfaction, 0-10.")]
    complaints_open: Annotated[Count, says("Complaints that wait for a resolution.")]
    alerts_open: Annotated[Count, says("Alerts that nobody has acted on, not settled.")]


class TimelineMoment(Struct, frozen=True, kw_only=True):
    """Something that happened to a customer, or that came of it.

    `counted` is false for what the state does not have yet, `refused` the reason of a dead letter.
    Where a day's clicks or small transactions are one line, `count` says how many.
    """

    at: Annotated[str, says("When (RFC 3339).")]
    source: Annotated[str, says("The topic it is of.")]
    type: Annotated[str, says("Its type.")]
    counted: Annotated[bool, says("Whether the customer's state has it.")]
    refused: Annotated[str | None, says("Why it was refused; null where it was not.")]
    count: Annotated[int, Meta(ge=1), says("How many are drawn together in this line.")]
    record: Annotated[Any, says("The record, as it stands in the topic.")]


class CountedAlerts(Struct, frozen=True, kw_only=True):
    """Alerts by status."""

    open: Count = 0
    acknowledged: Count = 0
    snoozed: Count = 0
    resolved: Count = 0
    settled: Count = 0


class PartitionAge(Struct, frozen=True, kw_only=True):
    """How current what is shown of a partition is."""

    partition: Count
    age_seconds: Annotated[float, Meta(ge=0), says("Seconds since it was last at the end.")]
    behind: Annotated[Count, says("Records not taken yet.")]


class AlertCounts(Struct, frozen=True, kw_only=True):
    """How many alerts there are, and whether a quiet list is quiet or old."""

    counts: CountedAlerts
    last_raised_at: Annotated[
        str | None, says("When the last alert of all was raised; null where none was.")
    ]
    partitions: Annotated[list[PartitionAge], says("Empty before anything has been read.")]


class Card(Struct, frozen=True, kw_only=True):
    """A segment as people see it; sizes are of when the model was made."""

    segment_id: str
    name: str
    strategy: Annotated[str, says("What to do for its customers.")]
    size: Annotated[Count, says("Its customers.")]
    share: Annotated[float, Meta(ge=0, le=1), says("Of all customers with behaviour.")]
    centroid: Annotated[dict[str, float], says("Means in real units, by feature.")]
    spread: Annotated[dict[str, float], says("Standard deviations in real units, by feature.")]
    telling: Annotated[
        list[dict[str, Any]], says("Features that tell it from the rest, the most telling first.")
    ] = []
    since_version: Annotated[int, says("Version of the model that had it first.")] = 1


class Segments(Struct, frozen=True, kw_only=True):
    """The segments in force; without a model yet `version` is null and there are none."""

    version: int | None
    made_at: str | None
    customers: Annotated[Count, says("Customers that the model was made over.")]
    quarantined: Annotated[Count, says("Of them, those whose behaviour is an outlier's.")]
    segments: list[Card]


class CustomerPage(Struct, frozen=True, kw_only=True):
    """Customers by id; `next_cursor` asks for those after them, null at the end."""

    items: list[CustomerRow]
    next_cursor: str | None


class TimelinePage(Struct, frozen=True, kw_only=True):
    """Moments, the newest first; `next_cursor` asks for older ones, null at the end."""

    items: list[TimelineMoment]
    next_cursor: str | None
    complete: Annotated[
        bool, says("False while events that came in are still being read: some may be missing.")
    ]


class AlertPage(Struct, frozen=True, kw_only=True):
    """Alerts by priority, tier and age; `next_cursor` asks for those after them."""

    items: list[msgspec.Raw]
    next_cursor: str | None


class CustomerComplaint(ComplaintFigures, frozen=True, kw_only=True):
    """A complaint, and whose it is."""

    customer_id: Annotated[str, says("The customer's id.")]


class ComplaintPage(Struct, frozen=True, kw_only=True):
    """Complaints by customer; `next_cursor` asks for those after them."""

    items: list[CustomerComplaint]
    next_cursor: str | None


ANSWERS: Final[tuple[type[Struct], ...]] = (
    CustomerPage, TimelinePage, AlertCounts, Segments, ComplaintPage,
)  # fmt: skip
"""Whose schemas are made of their own annotations."""

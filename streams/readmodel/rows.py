"""What the read model answers with: values, not rows of SQL."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from schemas.figures import CustomerFigures

Positions = dict[tuple[str, int], int]
"""By topic and partition number, the offset behind the last record that counts."""


class Found(NamedTuple):
    """A customer as a list shows it; ``None`` is what is not known."""

    customer_id: str
    tier: str
    segment: str | None
    owner_id: str | None
    state: str | None
    balance: float | None
    satisfaction: float | None
    complaints_open: int
    alerts_open: int


class Page(NamedTuple):
    """Some rows, and where the next ones begin: opaque, ``None`` at the end."""

    rows: list[Any]
    cursor: str | None


class CustomerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers are meant; what is empty or ``None`` asks nothing."""

    prefix: str = ""
    tier: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    owner_id: str | None = None
    state: tuple[str, ...] = ()
    complaint_open: bool | None = None


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are meant; what is empty or ``None`` asks nothing."""

    status: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    owner_id: str | None = None
    assignee: str | None = None
    priority: tuple[int, ...] = ()
    segment: tuple[str, ...] = ()
    customer_id: str | None = None


class AlertRow(NamedTuple):
    """An alert as its newest record in ``alert-states`` has it: ``value`` is that record (JSON)."""

    alert_id: str
    customer_id: str
    status: str
    value: bytes


class Moment(NamedTuple):
    """A line of a customer's timeline; ``at`` in ms, ``value`` the record (JSON).

    ``source`` is the topic. ``counted`` is false for what lies behind the checkpoint;
    ``refused`` names why a dead letter was made of it. ``count`` is above 1 where a day's clicks
    or small transactions are one line.
    """

    at: int
    source: str
    type: str
    counted: bool
    refused: str | None
    count: int  # type: ignore[assignment]
    value: bytes


class Whole(NamedTuple):
    """A customer with everything known: figures as ``touchline state`` tells them."""

    customer_id: str
    figures: CustomerFigures
    as_of: int
    """When it is told of (ms)."""


class Currency(NamedTuple):
    """How current a partition is: seconds since the follower was last at its end."""

    partition: int
    age_seconds: float
    behind: int


class Uncounted(NamedTuple):
    """Events of a partition that came in and that no worker has counted yet, so many or more.

    ``counted`` grows with every event that is counted: where it stays, nobody works.
    """

    partition: int
    events: int
    counted: int | None


class Change(NamedTuple):
    """Something that came out, in the order the follower read it.

    ``owner_before`` is whose customer's an alert was, where it is no longer theirs.
    """

    row: int
    topic: str
    partition: int
    offset: int
    customer_id: str | None
    value: bytes
    owner_before: str | None = None

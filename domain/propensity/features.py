"""What is known of a customer when a mailing is sent, as the inputs of the model.

Counts and amounts enter by their logarithm (log1p), the hour as a point on a circle, channel and
segment as one input of 0 or 1 each.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, log1p, pi, sin
from typing import Final, NamedTuple

from domain.customer.parts import Awaited
from domain.kernel.scales import CHANNELS
from domain.value.row import HUNDREDTHS

HOURS: Final = 24
CHANNEL: Final = "channel"
SEGMENT: Final = "segment"
HOUR: Final = "hour"

Inputs = dict[str, float]
"""By name, always in the same order: sums of floats depend on it."""


class Known(NamedTuple):
    """What is known at a mailing (see `Awaited`), with all that was sent and answered before it."""

    channel: int
    hour: int
    tier: int
    segment: str
    recency: int
    frequency: int
    monetary: int
    satisfaction: float
    sent: int
    answered: int


def known_at(mailing: Awaited, sent: int, answered: int) -> Known:
    """What was known at a mailing before which ``sent`` were sent and ``answered`` answered."""
    return Known(
        mailing.channel, mailing.hour, mailing.tier, mailing.segment, mailing.recency,
        mailing.frequency, mailing.monetary, mailing.satisfaction, sent, answered,
    )  # fmt: skip


def inputs(known: Known, segments: Sequence[str]) -> Inputs:
    """The inputs of the model, which tells these segments apart.

    >>> known = Known(0, 6, 2, "s-1", 9, 0, 0, 5.0, 4, 1)
    >>> found = inputs(known, ["s-1", "s-2"])
    >>> found["answered"], found["channel:app"], found["channel:sms"], found["segment:s-1"]
    (0.25, 1.0, 0.0, 1.0)
    >>> round(found["hour:sin"], 9), round(found["hour:cos"], 9), round(found["recency"], 3)
    (1.0, 0.0, 2.303)
    """
    angle = 2 * pi * known.hour / HOURS
    found = {
        "tier": float(known.tier),
        "recency": log1p(known.recency),
        "frequency": log1p(known.frequency),
        "monetary": log1p(max(known.monetary, 0) / HUNDREDTHS),
        "satisfaction": known.satisfaction,
        "sent": log1p(known.sent),
        "answered": known.answered / known.sent if known.sent else 0.0,
        "hour:sin": sin(angle),
        "hour:cos": cos(angle),
    }
    for index, channel in enumerate(CHANNELS):
        found[f"{CHANNEL}:{channel}"] = 1.0 if index == known.channel else 0.0
    for segment in segments:
        found[f"{SEGMENT}:{segment}"] = 1.0 if segment == known.segment else 0.0
    return found


def group_of(name: str) -> str:
    """What an input belongs to, in which people think of it.

    >>> group_of("hour:sin"), group_of("segment:s-1"), group_of("tier")
    ('hour', 'segment', 'tier')
    """
    return name.partition(":")[0]

"""Consistency: how far satisfaction spreads across the channels of one customer group.

spread = highest - lowest; above 2 points the group meets two different companies (omnichannel
integration quality: Sousa and Voss, "Service Quality in Multichannel Services", 2006).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from schemas.told import Told


class Channel(NamedTuple):
    """Satisfaction of a channel, 0-10, and the weight (or number) of what it rests on."""

    score: float
    weight: float


UNKNOWN: Final = Wording(
    "consistency.unknown",
    "The spread is unknown: channels with moments enough are {channels} of 2.",
)
_SPREAD: Final = (
    "Satisfaction is {high:.1f} by {highest} and {low:.1f} by {lowest}: a spread of {spread:.1f},"
)
ABOVE: Final = Wording("consistency.above", _SPREAD + " above {line:g}.")
WITHIN: Final = Wording("consistency.within", _SPREAD + " within {line:g}.")


class Consistency(NamedTuple):
    """The spread, between which channels, and whether it is a signal; ``None`` = unknown."""

    spread: float | None
    highest: str | None
    lowest: str | None
    inconsistent: bool
    reason: Told
    missing: tuple[str, ...] = ()


def consistency(channels: Mapping[str, Channel], rules: ExperienceRules) -> Consistency:
    """The spread across channels whose weight is enough; it takes two of them.

    >>> found = consistency({"app": Channel(8.5, 40), "branch": Channel(6.0, 9),
    ...     "sms": Channel(0.0, 0.3)}, ExperienceRules())
    >>> found.spread, found.inconsistent, found.reason
    (2.5, True, 'Satisfaction is 8.5 by app and 6.0 by branch: a spread of 2.5, above 2.')
    """
    limits = rules.consistency
    counted = {name: one.score for name, one in channels.items() if one.weight >= limits.min_weight}
    if len(counted) < 2:
        reason = UNKNOWN(channels=len(counted))
        return Consistency(None, None, None, False, reason, ("channels",))
    # Of channels that score alike, the alphabetically first: order must not matter.
    highest = min(counted, key=lambda name: (-counted[name], name))
    lowest = min(counted, key=lambda name: (counted[name], name))
    spread = counted[highest] - counted[lowest]
    above = round(spread, 9) > limits.spread
    reason = (ABOVE if above else WITHIN)(
        high=counted[highest],
        highest=highest,
        low=counted[lowest],
        lowest=lowest,
        spread=spread,
        line=limits.spread,
    )
    return Consistency(spread, highest, lowest, above, reason)

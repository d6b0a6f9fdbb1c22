"""The lapse point: after how long without a purchase this customer is overdue.

max(14 days, 80th percentile of the last 20 gaps between purchases), from 5 purchases on. The
percentile interpolates linearly between the sorted gaps (Hyndman and Fan 1996, definition 7;
the default of numpy): at rank share x (n - 1), counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import Final, NamedTuple

from domain.kernel.percentile import percentile
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.told import Told

GAP: Final = Wording("lapse.gap", "No purchase for {gap:days}; the lapse point is {point:days}.")
NO_PURCHASE: Final = Wording("lapse.no_purchase", "No purchase yet, so there is no lapse point.")
TOO_FEW: Final = Wording(
    "lapse.too_few",
    "No purchase for {gap:days}; there is a lapse point from {least} purchases on, here are"
    " {purchases:count purchase}.",
)


class Lapse(NamedTuple):
    """The gap since the last purchase and the lapse point, both in ms; ``None`` if unknown."""

    gap_ms: int | None
    point_ms: int | None
    reason: Told
    missing: tuple[str, ...] = ()


def lapse(times: Sequence[int], now: int, rules: RelationshipRules) -> Lapse:
    """Gap and lapse point as of ``now`` (ms), of the newest purchases ``times`` (ms, ascending).

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> bought = [day * DAY for day in (0, 10, 20, 30, 60)]
    >>> lapse(bought, 122 * DAY, RelationshipRules()).reason
    'No purchase for 62 days; the lapse point is 18 days.'
    >>> lapse(bought[:4], 122 * DAY, RelationshipRules()).missing
    ('5 purchases',)
    """
    if not times:
        missing = ("purchases",)
        return Lapse(None, None, NO_PURCHASE(), missing)
    gap = max(0, now - times[-1])
    least = rules.lapse.min_purchases
    if len(times) < least:
        reason = TOO_FEW(gap=gap, least=least, purchases=len(times))
        return Lapse(gap, None, reason, (f"{least} purchases",))
    point = lapse_point(times, rules)
    assert point is not None
    return Lapse(gap, point, GAP(gap=gap, point=point))


def lapse_point(times: Sequence[int], rules: RelationshipRules) -> int | None:
    """The lapse point alone, in ms; ``None`` while there are too few purchases.

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> lapse_point([day * DAY for day in (0, 10, 20, 30, 60)], RelationshipRules()) / DAY
    18.0
    """
    limits = rules.lapse
    if len(times) < limits.min_purchases:
        return None
    gaps = list(map(sub, times[1:], times))[-limits.gaps :]
    return max(rules.min_lapse_ms, round(percentile(gaps, limits.percentile)))

"""Value and customer state worked out a second time: all purchases at once, no state kept.

Numbers of the domain reference are written out; percentiles are numpy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

DAY = 86_400_000
R, ALPHA, A, B = 0.5248, 6.1830, 0.8914, 1.6140


def alive(days: list[int], now: int) -> float:
    """MBG/NBD of the UTC days with a purchase, as of ``now`` (ms)."""
    x, recency, age = len(days) - 1, (days[-1] - days[0]) / 7, (now / DAY - days[0]) / 7
    ratio = ((ALPHA + age) / (ALPHA + recency)) ** (R + x)
    return float(1 / (1 + A / (B + x) * ratio))


def lapse_point(times: list[int]) -> float | None:
    """The 80th percentile of the last 20 gaps, 14 days at least, from 5 purchases on."""
    if len(times) < 5:
        return None
    return max(14 * DAY, float(np.percentile(np.diff(times)[-20:], 80)))


def is_lost(times: list[int], now: int) -> bool:
    """Whether a customer with these purchases counts as lost at ``now``."""
    point = lapse_point(times)
    far = point is not None and now - times[-1] > 2 * point
    return far or alive(sorted({at // DAY for at in times}), now) < 0.4


def state(times: list[int], now: int, attitude: float | None, campaign: bool) -> str:
    """The customer state."""
    if not times:
        return "target" if campaign else "potential"
    if is_lost(times, now):
        return "lost"
    point = lapse_point(times)
    if point is not None and now - times[-1] > point:
        return "at_risk"
    if alive(sorted({at // DAY for at in times}), now) < 0.6:
        return "at_risk"
    for place in range(1, len(times)):
        recent = times[place] > now - 30 * DAY
        if recent and is_lost(times[:place], times[place] - 1):
            return "reactivated"
    recent_purchases = sum(at > now - 180 * DAY for at in times)
    if len(times) >= 2 and recent_purchases >= 3 and attitude is not None and attitude >= 7:
        return "loyal"
    return "repeat" if len(times) >= 2 else "first_time"


def value(purchases: list[tuple[int, float]], moved: list[tuple[int, float]], now: int) -> Any:
    """Sums over all time, 365 and 30 UTC days; pairs of time (ms) and amount."""
    today = now // DAY
    year = [amount for at, amount in purchases if today - at // DAY < 365]
    return {
        "purchases": len(purchases),
        "purchase_days": len({at // DAY for at, _ in purchases}),
        "total": sum(amount for _, amount in purchases),
        "purchases_365_days": len(year),
        "total_365_days": sum(year),
        "moved_30_days": sum(amount for at, amount in moved if today - at // DAY < 30),
    }


def phase(first: int, purchases: list[tuple[int, float]], now: int) -> str:
    """The lifecycle phase of a relationship since ``first`` (ms), of purchases up to ``now``."""
    if len(purchases) < 3 or now - first < 90 * DAY:
        return "exploration"
    today = now // DAY
    ages = [(today - at // DAY, amount) for at, amount in purchases]
    value = sum(amount for age, amount in ages if age < 90)
    before = sum(amount for age, amount in ages if 90 <= age < 180)
    if before == 0:
        return "stability" if value == 0 else "formation"
    if value < 0.7 * before:
        return "decline"
    return "formation" if value > 1.1 * before else "stability"


def stage(products: set[str], channels: set[str], share: float | None, loyal: bool) -> str | None:
    """The relationship stage; ``None`` where only the wallet share could tell."""
    if len(products) < 2 and len(channels) < 2:
        return "basic"
    if not loyal or (share is not None and share < 0.5):
        return "cooperative"
    return None if share is None else "interdependent"

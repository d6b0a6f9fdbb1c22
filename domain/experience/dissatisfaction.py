"""Satisfaction that gives way: it is below its line, or fell within days."""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause
from domain.customer.state import MOOD, Customer
from domain.experience.known_satisfaction import level
from domain.kernel.scales import TIERS, VIP
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording

LOW: Final = Wording(
    "satisfaction.low",
    "Satisfaction of a {tier} customer is {satisfaction:.1f}: below the line of {line:g}.",
)
LOW_NOW: Final = Wording(
    "satisfaction.low_now",
    "Satisfaction of a {tier} customer is {satisfaction:.1f}, from {before:.1f}: below the line of"
    " {line:g}.",
)
FELL: Final = Wording(
    "satisfaction.fell",
    "Satisfaction of a {tier} customer fell by {fall:.1f} to {satisfaction:.1f} within {days} days;"
    " {line:g} is the line.",
)


def watch(customer: Customer, before: float | None, cause: Cause) -> None:
    """Want ``vip_dissatisfied`` told when satisfaction has just given way; note the day's best."""
    after = level(customer, cause.policy)
    if after is None or after == before:
        return
    rule, mood = cause.policy.alerts, customer.mood
    customer.touch(MOOD)
    top = _highest(mood.days, cause.at // MS_PER_DAY, rule.dissatisfied_fall_days)
    top = max(top, after if before is None else before)
    _note_day(mood.days, cause.at // MS_PER_DAY, max(after, before or 0.0))
    is_low = after < rule.dissatisfied_below
    was_low = before is not None and before < rule.dissatisfied_below
    has_fallen = top - after >= rule.dissatisfied_fall
    had_fallen = before is not None and top - before >= rule.dissatisfied_fall
    if customer.core.tier < VIP or not (is_low > was_low or has_fallen > had_fallen):
        return
    tier = TIERS[customer.core.tier]
    if is_low > was_low:
        line = rule.dissatisfied_below
        if before is None:
            reason = LOW(tier=tier, satisfaction=after, line=line)
        else:
            reason = LOW_NOW(tier=tier, satisfaction=after, before=before, line=line)
    else:
        reason = FELL(
            tier=tier,
            fall=top - after,
            satisfaction=after,
            days=rule.dissatisfied_fall_days,
            line=rule.dissatisfied_fall,
        )
    figures = {"satisfaction": after, "highest": top}
    cause.want("vip_dissatisfied", reason, tier=customer.core.tier, figures=figures)


def _highest(days: list[tuple[int, float]], today: int, back: int) -> float:
    """The highest satisfaction noted since ``back`` days ago; forgets what lies before."""
    while days and days[0][0] < today - back:
        del days[0]
    return max((best for _, best in days), default=0.0)


def _note_day(days: list[tuple[int, float]], today: int, best: float) -> None:
    """Keep the day's highest; what a late event changes on an earlier day is not noted."""
    if not days or days[-1][0] < today:
        days.append((today, best))
    elif days[-1][0] == today and days[-1][1] < best:
        days[-1] = (today, best)

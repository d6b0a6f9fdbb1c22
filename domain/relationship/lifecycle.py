"""The lifecycle phase of a relationship, from its age and the way its value goes.

Phases after Dwyer, Schurr and Oh, "Developing Buyer-Seller Relationships" (1987); the first that
holds: exploration (first 90 days or fewer than 3 purchases), decline (value of 90 days below
0.7 x that of the 90 days before), formation (above 1.1 x), stability.

Where the value before was 0 or less no multiple of it means anything: less is then decline, more
is formation.
"""

from __future__ import annotations

from typing import Literal

from domain.policy_relationship import RelationshipRules
from domain.relationship.finding import Finding, unknown
from domain.relationship.phrases import counted, days

Phase = Literal["exploration", "decline", "formation", "stability"]


def lifecycle(
    began_at: int | None,
    purchases: int,
    value: float,
    value_before: float,
    *,
    now: int,
    rules: RelationshipRules,
) -> Finding[Phase]:
    """The phase as of ``now`` (ms) of a relationship that began at ``began_at`` (ms).

    ``value`` and ``value_before`` are of the newest 90 days and the 90 before, in base currency.

    >>> from domain.policy_sections import MS_PER_DAY as DAY
    >>> rules = RelationshipRules()
    >>> lifecycle(0, 5, 600.0, 1_000.0, now=200 * DAY, rules=rules)[:2]
    ('decline', 'Value of 600 within 90 days after 1,000 before, below 0.7 times.')
    """
    limits = rules.lifecycle
    if purchases < limits.exploration_purchases:
        have, least = counted(purchases, "purchase"), limits.exploration_purchases
        return Finding("exploration", f"{have}; exploration ends from {least} on.")
    if began_at is None:
        return unknown("The lifecycle phase", ("began_at",))
    age = now - began_at
    if age < rules.exploration_ms:
        reason = f"The relationship is {days(age)} old; exploration lasts"
        return Finding("exploration", f"{reason} {days(rules.exploration_ms)}.")
    return _by_value(value, value_before, rules)


def _by_value(value: float, before: float, rules: RelationshipRules) -> Finding[Phase]:
    low, high = rules.lifecycle.decline, rules.lifecycle.formation
    said = f"Value of {value:,.0f} within {rules.lifecycle.value_days:g} days"
    said += f" after {before:,.0f} before"
    if before <= 0:
        if value == before:
            return Finding("stability", f"{said}, no change.")
        return Finding("decline" if value < before else "formation", f"{said}.")
    if value < low * before:
        return Finding("decline", f"{said}, below {low:g} times.")
    if value > high * before:
        return Finding("formation", f"{said}, above {high:g} times.")
    return Finding("stability", f"{said}, within {low:g} to {high:g} times.")

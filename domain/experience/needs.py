"""Needs and outrage: security, justice and esteem (Schneider and Bowen, "Understanding Customer
Delight and Outrage", 1999).

A complaint says by its category that a need is violated. Violated security or justice is an
outrage, and so are two broken promises in 30 days. Esteem that is met is the lever of delight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from domain.kernel.finding import Finding
from domain.kernel.phrases import days
from domain.policy.experience import NEEDS, OUTRAGEOUS, ExperienceRules
from schemas.figures.experience import Need


class Violation(NamedTuple):
    """A need violated since ``at`` (ms), by a complaint of a category."""

    at: int
    complaint_id: str
    category: str
    need: Need


class Outrage(NamedTuple):
    """Whether the customer is outraged, by what needs, and why."""

    outraged: bool
    needs: tuple[Need, ...]
    reason: str


def need_of(category: str, rules: ExperienceRules) -> Need | None:
    """The need that a complaint of this category says is violated.

    >>> need_of("fraud", ExperienceRules()), need_of("waiting", ExperienceRules())
    ('security', None)
    """
    return rules.needs.categories.get(category)


def outrage(
    violations: Iterable[Violation], broken: Iterable[int], now: int, rules: ExperienceRules
) -> Outrage:
    """Whether these violations and promises broken at these times (ms) are an outrage at ``now``.

    The oldest violation that still holds is named first.

    >>> outrage([Violation(0, "k-1", "fraud", "security")], (), 0, ExperienceRules()).reason
    'Security is violated: complaint k-1 about fraud.'
    >>> outrage([], [0, 86_400_000], 2 * 86_400_000, ExperienceRules()).reason
    'Two or more promises were broken within 30 days: 2.'
    >>> outrage([], [0], 86_400_000, ExperienceRules())
    Outrage(outraged=False, needs=(), reason='No need is violated; broken promises: 1 of 2.')
    """
    found = sorted(each for each in violations if each.at <= now)
    graves = [each for each in found if each.need in OUTRAGEOUS]
    limits, start = rules.needs, now - rules.broken_promise_ms
    count = sum(1 for at in broken if start < at <= now)
    many = count >= limits.broken_promises
    reasons = []
    if graves:
        first = graves[0]
        more = f" and {len(graves) - 1} more" if len(graves) > 1 else ""
        reasons.append(
            f"{first.need.capitalize()} is violated: complaint {first.complaint_id} about"
            f" {first.category}{more}."
        )
    if many:
        least = NUMBERS.get(limits.broken_promises, str(limits.broken_promises))
        reasons.append(
            f"{least} or more promises were broken within {days(rules.broken_promise_ms)}: {count}."
        )
    if not reasons:
        esteem = "Only esteem" if found else "No need"
        reasons = [f"{esteem} is violated; broken promises: {count} of {limits.broken_promises}."]
    violated = {each.need for each in found}
    needs = tuple(need for need in NEEDS if need in violated)
    return Outrage(bool(graves) or many, needs, " ".join(reasons))


NUMBERS = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def esteem_met(
    relationship: float | None, violated: Iterable[Need], rules: ExperienceRules
) -> Finding[bool]:
    """Whether esteem is met: satisfaction with the relationship is good, and no esteem violated.

    >>> esteem_met(8.0, (), ExperienceRules())[:2]
    (True, 'Satisfaction with the relationship is 8.0; from 7 on esteem is met.')
    >>> esteem_met(None, ("esteem",), ExperienceRules())[:2]
    (False, 'A complaint says that esteem is violated.')
    """
    if "esteem" in violated:
        return Finding(False, "A complaint says that esteem is violated.")
    if relationship is None:
        reason = "Whether esteem is met is unknown without moments of the relationship."
        return Finding(None, reason, ("moments of the relationship",))
    good = rules.moments.good_from
    reason = f"Satisfaction with the relationship is {relationship:.1f}; from {good:g} on esteem is"
    return Finding(round(relationship, 9) >= good, f"{reason} met.")

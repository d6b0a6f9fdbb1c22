"""Needs and outrage: security, justice and esteem (Schneider and Bowen, "Understanding Customer
Delight and Outrage", 1999).

A complaint says by its category that a need is violated. Violated security or justice is an
outrage, and so are two broken promises in 30 days. Esteem that is met is the lever of delight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.kernel.finding import Finding
from domain.kernel.wording import Wording
from domain.policy.experience import NEEDS, OUTRAGEOUS, ExperienceRules
from schemas.figures.experience import Need
from schemas.told import Told

VIOLATED: Final = Wording(
    "need.violated", "{need:capital} is violated: complaint {complaint} about {category}."
)
VIOLATED_MORE: Final = Wording(
    "need.violated_more",
    "{need:capital} is violated: complaint {complaint} about {category} and {more} more.",
)
BROKEN: Final = Wording(
    "need.broken", "{least:spelt} or more promises were broken within {within:days}: {broken}."
)
ONLY_ESTEEM: Final = Wording(
    "need.only_esteem", "Only esteem is violated; broken promises: {broken} of {least}."
)
NO_NEED: Final = Wording("need.none", "No need is violated; broken promises: {broken} of {least}.")
BECAUSE: Final = Wording("need.because", "{reasons:said}")
ESTEEM_VIOLATED: Final = Wording("esteem.violated", "A complaint says that esteem is violated.")
ESTEEM_UNKNOWN: Final = Wording(
    "esteem.unknown", "Whether esteem is met is unknown without moments of the relationship."
)
ESTEEM: Final = Wording(
    "esteem.met",
    "Satisfaction with the relationship is {satisfaction:.1f}; from {line:g} on esteem is met.",
)


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
    reason: Told


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
        named = {"complaint": first.complaint_id, "category": first.category}
        if len(graves) > 1:
            reasons.append(VIOLATED_MORE(need=first.need, more=len(graves) - 1, **named))
        else:
            reasons.append(VIOLATED(need=first.need, **named))
    if many:
        within = rules.broken_promise_ms
        reasons.append(BROKEN(least=limits.broken_promises, within=within, broken=count))
    if not reasons:
        none = ONLY_ESTEEM if found else NO_NEED
        reasons = [none(broken=count, least=limits.broken_promises)]
    violated = {each.need for each in found}
    needs = tuple(need for need in NEEDS if need in violated)
    return Outrage(bool(graves) or many, needs, BECAUSE(reasons=reasons))


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
        return Finding(False, ESTEEM_VIOLATED())
    if relationship is None:
        return Finding(None, ESTEEM_UNKNOWN(), ("moments of the relationship",))
    good = rules.moments.good_from
    reason = ESTEEM(satisfaction=relationship, line=good)
    return Finding(round(relationship, 9) >= good, reason)

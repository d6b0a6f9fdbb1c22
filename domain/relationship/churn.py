"""Churn risk, 0-1, as independent causes to leave: 1 - product of (1 - r) over the terms.

r is: 1 - p_alive (MBG/NBD, Batislam, Denizel and Filiztekin 2007); 0.5 x clip(gap / lapse point
- 1, 0, 1); 0.3 with an open complaint, 0.5 with an overdue one; 0.3 x clip(fall of satisfaction
in 30 days / 3, 0, 1). The terms are the reasons. A term whose input is missing is left out and
the input named: the risk is then the least it can be. With no input at all it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.kernel.finding import absent
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from domain.relationship.lapse import GAP
from schemas.figures.relationship import TermName
from schemas.told import Told

UNKNOWN: Final = Wording("churn.unknown", "Churn risk is unknown without {missing:list}.")
NOTHING: Final = Wording("churn.nothing", "Nothing points to churn.")
BECAUSE: Final = Wording("churn.because", "{terms:said}")
P_ALIVE: Final = Wording("churn.p_alive", "The probability of being alive is {p_alive:cut}.")
OVERDUE: Final = Wording("churn.overdue", "A complaint is overdue.")
OPEN: Final = Wording("churn.open", "A complaint is open.")
FALL: Final = Wording(
    "churn.fall", "Satisfaction fell from {before:.1f} to {now:.1f} in {days:g} days."
)


class Causes(NamedTuple):
    """What the risk follows from; lengths in ms, satisfaction 0-10, ``None`` = not known."""

    p_alive: float | None = None
    gap: int | None = None
    lapse_point: int | None = None
    complaint_open: bool = False
    complaint_overdue: bool = False
    satisfaction: float | None = None
    satisfaction_before: float | None = None
    """As of ``churn.fall_days`` ago."""


class Term(NamedTuple):
    """One cause to leave: the risk it alone would give (0-1), and why."""

    name: TermName
    risk: float
    reason: Told


class ChurnRisk(NamedTuple):
    """The risk, and its terms above 0, the largest first."""

    risk: float | None
    terms: tuple[Term, ...]
    reason: Told
    missing: tuple[str, ...] = ()


def churn_risk(causes: Causes, rules: RelationshipRules) -> ChurnRisk:
    """The risk that the customer leaves.

    >>> found = churn_risk(Causes(p_alive=0.8, complaint_open=True), RelationshipRules())
    >>> round(found.risk, 2), found.missing
    (0.44, ('gap', 'lapse_point', 'satisfaction', 'satisfaction_before'))
    >>> found.reason
    'A complaint is open. The probability of being alive is 0.80.'
    """
    missing = absent(
        p_alive=causes.p_alive,
        gap=causes.gap,
        lapse_point=causes.lapse_point,
        satisfaction=causes.satisfaction,
        satisfaction_before=causes.satisfaction_before,
    )
    risks = _risks(causes, rules)
    if not risks:
        return ChurnRisk(None, (), UNKNOWN(missing=missing), missing)
    grounds = tuple(
        Term(name, risk, _why(name, causes, rules))
        for name, risk in sorted(risks, key=lambda each: -each[1])
        if risk > 0
    )
    reason = BECAUSE(terms=[term.reason for term in grounds]) if grounds else NOTHING()
    return ChurnRisk(_together(risks), grounds, reason, missing)


def risk_alone(causes: Causes, rules: RelationshipRules) -> float | None:
    """The risk without a sentence: it is asked for at every look, and seldom crosses a line.

    >>> round(risk_alone(Causes(p_alive=0.8, complaint_open=True), RelationshipRules()), 2)
    0.44
    """
    risks = _risks(causes, rules)
    return _together(risks) if risks else None


def _together(risks: Iterable[tuple[TermName, float]]) -> float:
    stays = 1.0
    for _, risk in risks:
        stays *= 1.0 - risk
    return 1.0 - stays


def _risks(causes: Causes, rules: RelationshipRules) -> list[tuple[TermName, float]]:
    """The risk by each cause that is known."""
    weights, found = rules.churn, list[tuple[TermName, float]]()
    if causes.p_alive is not None:
        found.append(("p_alive", _clip(1.0 - causes.p_alive)))
    if causes.gap is not None and causes.lapse_point is not None:
        found.append(("gap", weights.gap_weight * _clip(causes.gap / causes.lapse_point - 1.0)))
    if causes.complaint_overdue:
        found.append(("complaint", weights.overdue_complaint))
    elif causes.complaint_open:
        found.append(("complaint", weights.open_complaint))
    now, before = causes.satisfaction, causes.satisfaction_before
    if now is not None and before is not None:
        fall = _clip((before - now) / weights.fall_points)
        found.append(("satisfaction_fall", weights.fall_weight * fall))
    return found


def _why(name: TermName, causes: Causes, rules: RelationshipRules) -> Told:
    """A cause that counts, in words."""
    if name == "p_alive":
        return P_ALIVE(p_alive=causes.p_alive or 0.0)
    if name == "gap":
        return GAP(gap=causes.gap or 0, point=causes.lapse_point or 0)
    if name == "complaint":
        return OVERDUE() if causes.complaint_overdue else OPEN()
    now, before = causes.satisfaction or 0.0, causes.satisfaction_before or 0.0
    return FALL(before=before, now=now, days=rules.churn.fall_days)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))

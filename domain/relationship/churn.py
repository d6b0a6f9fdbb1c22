"""Churn risk, 0-1, as independent causes to leave: 1 - product of (1 - r) over the terms.

r is: 1 - p_alive (MBG/NBD, Batislam, Denizel and Filiztekin 2007); 0.5 x clip(gap / lapse point
- 1, 0, 1); 0.3 with an open complaint, 0.5 with an overdue one; 0.3 x clip(fall of satisfaction
in 30 days / 3, 0, 1). The terms are the reasons. A term whose input is missing is left out and
the input named: the risk is then the least it can be. With no input at all it is unknown.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.kernel.finding import absent, listed
from domain.kernel.phrases import cut, days
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import TermName


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
    reason: str


class ChurnRisk(NamedTuple):
    """The risk, and its terms above 0, the largest first."""

    risk: float | None
    terms: tuple[Term, ...]
    reason: str
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
    found = (
        _p_alive(causes),
        _gap(causes, rules),
        _complaint(causes, rules),
        _fall(causes, rules),
    )
    terms = [term for term in found if term is not None]
    if not terms:
        return ChurnRisk(None, (), f"Churn risk is unknown without {listed(missing)}.", missing)
    stays = 1.0
    for term in terms:
        stays *= 1.0 - term.risk
    grounds = tuple(sorted((term for term in terms if term.risk > 0), key=lambda term: -term.risk))
    reason = " ".join(term.reason for term in grounds) or "Nothing points to churn."
    return ChurnRisk(1.0 - stays, grounds, reason, missing)


def _p_alive(causes: Causes) -> Term | None:
    if causes.p_alive is None:
        return None
    reason = f"The probability of being alive is {cut(causes.p_alive)}."
    return Term("p_alive", _clip(1.0 - causes.p_alive), reason)


def _gap(causes: Causes, rules: RelationshipRules) -> Term | None:
    gap, point = causes.gap, causes.lapse_point
    if gap is None or point is None:
        return None
    risk = rules.churn.gap_weight * _clip(gap / point - 1.0)
    return Term("gap", risk, f"No purchase for {days(gap)}; the lapse point is {days(point)}.")


def _complaint(causes: Causes, rules: RelationshipRules) -> Term | None:
    if causes.complaint_overdue:
        return Term("complaint", rules.churn.overdue_complaint, "A complaint is overdue.")
    if causes.complaint_open:
        return Term("complaint", rules.churn.open_complaint, "A complaint is open.")
    return None


def _fall(causes: Causes, rules: RelationshipRules) -> Term | None:
    now, before = causes.satisfaction, causes.satisfaction_before
    if now is None or before is None:
        return None
    risk = rules.churn.fall_weight * _clip((before - now) / rules.churn.fall_points)
    reason = f"Satisfaction fell from {before:.1f} to {now:.1f} in {rules.churn.fall_days:g} days."
    return Term("satisfaction_fall", risk, reason)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))

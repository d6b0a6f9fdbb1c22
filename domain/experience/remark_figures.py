"""Suggestions and comment cards of one customer as they leave the product."""

from __future__ import annotations

from typing import Any

from domain.customer.parts import Remark, Remarks
from domain.customer.profile import owner_of
from domain.customer.state import Customer
from domain.experience.remarks import (
    KIND_INDEX,
    KINDS,
    PER_KIND,
    answered,
    due_at,
    remarks_of,
    standing,
)
from domain.kernel.scales import CHANNELS, FACTORS
from domain.policy import Policy
from domain.policy.experience import RemarkRules
from schemas.fields import moment, rfc3339
from schemas.figures.experience import RemarkFigures, RemarkKind

NO_FACTOR = "none"


def remark_figures(customer: Customer, clock: int, policy: Policy) -> dict[str, Any]:
    """The fields of ``ExperienceFigures`` on remarks, as of ``clock`` (ms)."""
    remarks, rules = remarks_of(customer), policy.experience.remarks
    if not remarks.counts:
        return {}
    owner, told = owner_of(customer) or rules.owner, answered(remarks, clock, rules)
    return {
        "suggestions": by_factor(remarks, "suggestion"),
        "comment_cards": by_factor(remarks, "comment_card"),
        "remarks": [_figures(each, owner, clock, rules) for each in remarks.kept],
        "answers_in_time": told.in_time,
        "answers_late": told.late,
        "answers_owed": told.owed,
        "answers_overdue": told.overdue,
    }


def by_factor(remarks: Remarks, kind: RemarkKind) -> dict[str, int]:
    """How many of a kind there ever were, by factor; ``none`` for those that name none.

    >>> by_factor(Remarks(counts={17: 2, 16: 1, 34: 5}), "suggestion")
    {'none': 1, 'product': 2}
    """
    first = KIND_INDEX[kind] * PER_KIND
    names = enumerate((NO_FACTOR, *FACTORS), first)
    return {name: remarks.counts[code] for code, name in names if code in remarks.counts}


def _figures(remark: Remark, owner: str, clock: int, rules: RemarkRules) -> RemarkFigures:
    return RemarkFigures(
        event_id=remark.event_id,
        kind=KINDS[remark.kind - 1],
        factor=FACTORS[remark.factor - 1] if remark.factor else None,
        channel=CHANNELS[remark.channel],
        occurred_at=rfc3339(moment(remark.at)),
        owed_by=owner,
        due_at=rfc3339(moment(due_at(remark, rules))),
        answered_at=rfc3339(moment(remark.answered_at)) if remark.answered_at else None,
        status=standing(remark, clock, rules),
    )

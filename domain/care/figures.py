"""Care for a customer as it leaves the product."""

from __future__ import annotations

from collections import Counter
from math import fsum
from typing import Final

from domain.care import life
from domain.customer.state import CARE, Customer
from domain.policy import Policy
from schemas.fields import moment, rfc3339
from schemas.figures.care import CareFigures

NONE: Final = CareFigures()


def care_figures(customer: Customer, clock: int, policy: Policy) -> CareFigures:
    """All figures of care as of ``clock`` (ms); feedback 1-5, costs in base currency."""
    if not customer.has(CARE):
        return NONE
    care, rules = customer.care, policy.care
    counts: Counter[int] = Counter(care.gone)
    awaited = overdue = 0
    for task in care.tasks:
        state = life.state_of(task, clock)
        counts[state] += 1
        if state == life.DONE:
            due = life.feedback_due(task, rules)
            assert due is not None
            awaited += clock < due
            overdue += clock >= due
    scores = [score for task in care.tasks if (score := life.score_of(task)) is not None]
    rated = care.rated + len(scores)
    dues = [task.due for task in care.tasks if life.state_of(task, clock) in life.OPEN]
    return CareFigures(
        proposed=counts[life.PROPOSED],
        approved=counts[life.APPROVED],
        done=counts[life.DONE] + counts[life.FEEDBACK],
        declined=counts[life.DECLINED],
        expired=counts[life.EXPIRED],
        feedback=counts[life.FEEDBACK],
        feedback_awaited=awaited,
        feedback_overdue=overdue + care.gone.get(life.DONE, 0),
        satisfaction=(care.score_sum + fsum(scores)) / rated if rated else None,
        spent=care.spent + fsum(map(life.spent_on, care.tasks)),
        last_done_at=rfc3339(moment(care.last_done)) if care.last_done else None,
        next_due_at=rfc3339(moment(min(dues))) if dues else None,
        left_out=care.left_out,
        unmatched=care.unmatched,
    )

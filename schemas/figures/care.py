"""The figures of care for a customer: tasks by how far they came, and what was said of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.figures.terms import Count, Time, says


class CareFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Care tasks of a customer, of every kind: what was planned, and what other rules proposed."""

    proposed: Annotated[Count, says("Care tasks that wait for approval.")] = 0
    approved: Annotated[Count, says("Care tasks that are approved and not yet done.")] = 0
    done: Annotated[Count, says("Care tasks done, with feedback or without.")] = 0
    declined: Annotated[Count, says("Care tasks declined.")] = 0
    expired: Annotated[Count, says("Care tasks that were not done in time.")] = 0
    feedback: Annotated[Count, says("Care tasks whose feedback was collected.")] = 0
    feedback_awaited: Annotated[Count, says("Care tasks done whose feedback is not yet due.")] = 0
    feedback_overdue: Annotated[Count, says("Care tasks done whose feedback is overdue.")] = 0
    satisfaction: Annotated[float | None, says("Mean feedback on care, 1-5.")] = None
    spent: Annotated[float, says("Cost of the care tasks done, in base currency.")] = 0.0
    last_done_at: Annotated[Time | None, says("When a care task was last done.")] = None
    next_due_at: Annotated[Time | None, says("When the soonest open care task is due.")] = None
    left_out: Annotated[Count, says("Occasions left out because the week was full.")] = 0
    unmatched: Annotated[Count, says("Care events that moved no task.")] = 0

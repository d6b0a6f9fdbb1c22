"""The figures of a complaint: where it stands, its promises and its compensation."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.fields import Channel, Factor, Tier
from schemas.figures.terms import Count, Reasoned, Time, says

Status = Literal["opened", "acknowledged", "resolved", "reopened", "withdrawn"]


class PlaybookStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the playbook; a complaint that is reopened begins all steps anew."""

    step: Annotated[str, says("Its name, as the policy has it.")]
    done_at: Annotated[Time | None, says("When it was first ticked off; null if it was not.")] = (
        None
    )
    by: Annotated[str | None, says("Who ticked it off.")] = None


class ComplaintFigures(Reasoned, frozen=True, kw_only=True):
    """One complaint that is open, or was closed within 40 days.

    Promises and hours are of the newest cycle, from its opening or reopening, where nothing else
    is said. Whether a promise was kept is null while it may still be, or was never given.
    """

    complaint_id: Annotated[str, says("Its id.")]
    status: Annotated[Status, says("Its status by the newest step.")]
    open: Annotated[bool, says("Whether it waits for a resolution.")]
    overdue: Annotated[bool, says("Whether a promise is overdue.")]
    tier: Annotated[Tier, says("The customer's tier when the newest cycle began.")]
    severity: Annotated[int | None, says("Severity, 1-5; 5 is the worst.")]
    factor: Annotated[Factor | None, says("The factor that it is about.")]
    category: Annotated[str | None, says("Its category, as told at the opening.")]
    product: Annotated[str | None, says("The product that it is about.")]
    channel: Annotated[Channel, says("The channel by which it came.")]
    complex: Annotated[bool, says("Whether the regulator's longer limit holds.")]
    opened_at: Annotated[Time, says("When its first step was.")]
    cycle_began_at: Annotated[Time, says("When the newest cycle began.")]
    reopened: Annotated[Count, says("How many times it was reopened.")]
    open_hours: Annotated[float | None, says("Hours that the newest cycle waits; null if closed.")]
    acknowledged_in_time: Annotated[
        bool | None, says("Whether the promise to acknowledge was kept.")
    ]
    resolved_in_time: Annotated[bool | None, says("Whether the promise to resolve was kept.")]
    acknowledge_hours: Annotated[float | None, says("Hours that the acknowledgement took.")]
    resolve_hours: Annotated[float | None, says("Hours that the resolution took.")]
    acknowledge_due_at: Annotated[
        Time | None, says("When the acknowledgement is due, while it is owed.")
    ]
    resolve_due_at: Annotated[Time | None, says("When the resolution is due, while it is owed.")]
    regulator_due_at: Annotated[
        Time | None, says("When the regulator's limit ends, while a resolution is owed.")
    ]
    promises_kept: Annotated[Count, says("Promises kept, over all cycles.")]
    promises_broken: Annotated[Count, says("Promises broken, over all cycles.")]
    escalated_to: Annotated[int, says("Highest level of escalation reached, 0-3; 0 is none.")]
    compensation_given: Annotated[float, says("Compensation given, in base currency.")]
    compensation_due: Annotated[
        float, says("Compensation still due for late resolutions, in base currency.")
    ]
    reason: Annotated[str, says("Where it stands, in a sentence.")]
    steps: Annotated[
        list[PlaybookStep], says("The steps of its category's playbook, in order.")
    ] = msgspec.field(default_factory=list)
    next_step: Annotated[
        str | None, says("The first step that is not done; null if all are, or it was withdrawn.")
    ] = None
    solution: Annotated[
        str | None,
        says("Text key of what solves complaints of its category, while a step is left."),
    ] = None

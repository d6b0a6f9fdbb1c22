"""The figures of service before the complaint: what went wrong of late, the grade, inspections."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.figures.terms import Count, Reason, Reasoned, Time, says

Grade = Literal["good", "watch", "poor"]
InspectionPlan = Literal["vip", "organisation", "key"]


class HealthFigures(Reasoned, frozen=True, kw_only=True):
    """The health record of a customer: counts of the last 30 days, or of what the policy says."""

    grade: Annotated[Grade, says("How the service of the last days was.")] = "good"
    grade_reason: Reason = ""
    products: Annotated[
        list[str], says("Products held: the alphabetically first 8 that were bought.")
    ] = msgspec.field(default_factory=list)
    errors: Annotated[Count, says("App errors.")] = 0
    long_waits: Annotated[Count, says("Contacts with a wait longer than the policy's line.")] = 0
    failed_contacts: Annotated[Count, says("Contacts left unresolved or abandoned.")] = 0
    complaints_open: Annotated[Count, says("Complaints that wait for a resolution now.")] = 0
    promises_broken: Annotated[
        Count, says("Callback promises broken, the newest 16 at most beside open ones.")
    ] = 0
    promises_open: Annotated[Count, says("Callbacks promised and not due yet.")] = 0
    inspection_plan: Annotated[
        InspectionPlan | None, says("The plan by which an inspection is due next; null: none is.")
    ] = None
    inspection_due_at: Annotated[Time | None, says("When the next inspection is due.")] = None
    inspection_overdue: Annotated[bool, says("Whether that is past.")] = False
    inspected_at: Annotated[Time | None, says("When the newest inspection was.")] = None
    inspection_found: Annotated[str | None, says("What it found, in the inspector's words.")] = None

"""The figures of how a customer stands out: as a lighthouse, to be approached with care."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import field

from schemas.fields import Origin
from schemas.figures.terms import Count, Reason, Reasoned, says

Condition = Literal["clv_class", "loyal", "feedback", "commitment"]
Approach = Literal["bargain_hunter", "self_reliant", "impatient", "loss_making"]


class ApproachFigures(Reasoned, frozen=True, kw_only=True):
    """A kind of customer to approach with care, and how."""

    kind: Annotated[Approach, says("The kind.")]
    reason: Annotated[str, says("Why the customer is of this kind, in a sentence.")]
    measure: Annotated[str, says("What to do, in a sentence.")]


class IdentificationFigures(Reasoned, frozen=True, kw_only=True):
    """How a customer stands out, and by what."""

    lighthouse: Annotated[
        bool, says("Whether the customer qualifies as a lighthouse; reports list the first of all.")
    ] = False
    lighthouse_reason: Reason = ""
    lighthouse_missing: Annotated[
        list[Condition], says("Conditions of a lighthouse that are not met.")
    ] = field(default_factory=list)
    approach: Annotated[
        list[ApproachFigures], says("Why and how to approach the customer with care.")
    ] = field(default_factory=list)
    feedbacks: Annotated[
        Count, says("Feedbacks given within the policy's days (365), at most 32.")
    ] = 0
    commitment: Annotated[float | None, says("Commitment to us, 0-10, as last answered.")] = None
    declined_tasks: Annotated[Count, says("Care tasks that were declined, at most 16.")] = 0
    abandoned_waits: Annotated[Count, says("Waits for the service that were given up.")] = 0
    source: Annotated[
        Origin | None,
        says("Where the customer came from, by the profile; who names a referrer by referral."),
    ] = None

"""The figures of the relationship with a customer: states, phases, loyalty and the risk to leave;
and the groups that customers are cut by.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from schemas.figures.terms import Reason, Reasoned, among, says
from schemas.figures.value import Liquidity

State = Literal[
    "potential", "target", "first_time", "repeat", "loyal", "at_risk", "lost", "reactivated"
]
LifecyclePhase = Literal["exploration", "decline", "formation", "stability"]
RelationshipStage = Literal["basic", "cooperative", "interdependent"]
DiamondClass = Literal["loyal", "habitual", "variety_seeker", "switcher"]
LoyaltyPhase = Literal["none", "cognitive", "affective", "conative", "action"]
ContactType = Literal["relationship", "pseudo", "encounter"]
TermName = Literal["p_alive", "gap", "complaint", "satisfaction_fall"]


class RelationshipFigures(Reasoned, frozen=True, kw_only=True):
    """Where the relationship with a customer stands, every class with its reason."""

    state: Annotated[State, says("Customer state.")]
    state_reason: Reason
    attitude: Annotated[float | None, says("Attitude towards us, 0-10.")]
    attitude_reason: Reason
    lifecycle_phase: Annotated[LifecyclePhase | None, says("Phase of the customer lifecycle.")]
    lifecycle_phase_reason: Reason
    stage: Annotated[RelationshipStage | None, says("How closely the customer works with us.")]
    stage_reason: Reason
    loyalty_diamond: Annotated[
        DiamondClass | None, says("Loyalty by attitude and by how many brands are used.")
    ]
    loyalty_diamond_reason: Reason
    contact_type: Annotated[
        ContactType | None, says("Whether contacts are with the same agents and branches.")
    ]
    contact_type_reason: Reason
    age_band: Annotated[str | None, says("Age band of the policy, in years, such as 35-44.")]
    age_band_reason: Reason
    lapse_days: Annotated[
        float | None, says("The lapse point: days without a purchase after which one is overdue.")
    ]
    lapse_reason: Reason
    p_alive: Annotated[float | None, says("Probability that the customer still buys, 0-1.")]
    loyalty_phase: Annotated[
        LoyaltyPhase | None, says("Phase of loyalty: cognitive to action (Oliver).")
    ]
    loyalty_phase_reason: Reason
    quality: Annotated[
        float | None, says("Relationship quality: trust, satisfaction and commitment, 0-10.")
    ]
    quality_reason: Reason
    churn_risk: Annotated[float | None, says("Risk that the customer leaves, 0-1.")]
    churn_terms: Annotated[
        dict[str, float],
        among(get_args(TermName)),
        says("Causes to leave, the largest first: the risk that each alone would give, 0-1."),
    ]
    churn_reason: Reason
    began_at: Annotated[
        str | None,
        says("When the relationship began: first_seen of the profile, or an earlier first event."),
    ] = None
    lost_days: Annotated[
        float | None, says("For how many days the customer has been lost; null for who is not.")
    ] = None


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The groups that a customer is in, by which any figure can be cut.

    Null stands for what the profile does not tell, or for a group that cannot be told.
    """

    age_band: Annotated[str | None, says("Age band of the policy, in years.")]
    liquidity: Annotated[Liquidity | None, says("Class of the deposit.")]
    sex: Annotated[str | None, says("Sex, as the profile names it.")]
    occupation: Annotated[str | None, says("Occupation, as the profile names it.")]
    position: Annotated[str | None, says("Position, as the profile names it.")]
    region: Annotated[str | None, says("Region, as the profile names it.")]
    organisation_id: Annotated[str | None, says("The organisation that the customer belongs to.")]
    key_person: Annotated[bool | None, says("Whether the customer is a key person of it.")]

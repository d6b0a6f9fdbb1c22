"""Two views of loyalty: what customers do crossed with what they feel.

Matrix (Dick and Basu, "Customer Loyalty: Toward an Integrated Conceptual Framework", 1994):
repeat purchase above the median x attitude of 7 or more. Diamond (Knox, "Loyalty-based
segmentation and the customer development process", 1998): commitment, taken to be the attitude,
x how many brands the customer uses. Every class needs both inputs; without one it is unknown.
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding, absent, unknown
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.policy.relationship import RelationshipRules
from domain.value.classes import NO_PURCHASE
from domain.value.row import Row
from schemas.figures.relationship import DiamondClass
from schemas.figures.value import MatrixClass
from schemas.standings import Standings

YEAR_DAYS: Final = 365


_FELT: Final = " attitude {attitude:.1f}, high is from {high:g} on."
A_YEAR: Final = Wording(
    "loyalty.matrix_year",
    "{purchases:g} purchases a year against a median of {median:g};" + _FELT,
)
IN_DAYS: Final = Wording(
    "loyalty.matrix",
    "{purchases:g} purchases in {days} days against a median of {median:g};" + _FELT,
)
BRANDS: Final = Wording("loyalty.diamond", "{brands:g} brands used, few is up to {few};" + _FELT)


def loyalty_matrix(
    frequency: float | None,
    median_frequency: float | None,
    attitude: float | None,
    rules: RelationshipRules,
    days: int = YEAR_DAYS,
) -> Finding[MatrixClass]:
    """The class of a customer of so many purchases in ``days``; the median is of all customers.

    >>> loyalty_matrix(9, 4.0, 5.5, RelationshipRules())[:2]
    ('spurious', '9 purchases a year against a median of 4; attitude 5.5, high is from 7 on.')
    """
    if frequency is None or median_frequency is None or attitude is None:
        lacking = absent(frequency=frequency, median_frequency=median_frequency, attitude=attitude)
        return unknown("The loyalty class", lacking)
    often, fond = frequency > median_frequency, attitude >= rules.attitude.high
    felt = {"attitude": attitude, "high": rules.attitude.high}
    often_as = {"purchases": frequency, "median": median_frequency}
    if days == YEAR_DAYS:
        reason = A_YEAR(**often_as, **felt)
    else:
        reason = IN_DAYS(days=days, **often_as, **felt)
    if often:
        return Finding("loyal" if fond else "spurious", reason)
    return Finding("latent" if fond else "none", reason)


def loyalty(
    row: Row | None, standings: Standings | None, attitude: float | None, policy: Policy
) -> Finding[MatrixClass]:
    """The loyalty matrix by the median of all customers with purchases."""
    if row is None:
        return unknown("The loyalty class", NO_PURCHASE)
    median = None if standings is None else standings.median_frequency
    days = policy.value.rfm.window_days
    return loyalty_matrix(row.facts.frequency, median, attitude, policy.relationship, days)


def loyalty_diamond(
    attitude: float | None, brands_used: float | None, rules: RelationshipRules
) -> Finding[DiamondClass]:
    """The class of a customer who uses so many brands of our kind, ours included.

    >>> loyalty_diamond(8.0, 3, RelationshipRules())[:2]
    ('variety_seeker', '3 brands used, few is up to 2; attitude 8.0, high is from 7 on.')
    """
    if attitude is None or brands_used is None:
        lacking = absent(attitude=attitude, brands_used=brands_used)
        return unknown("The place in the loyalty diamond", lacking)
    few, fond = brands_used <= rules.loyalty.few_brands, attitude >= rules.attitude.high
    reason = BRANDS(
        brands=brands_used,
        few=rules.loyalty.few_brands,
        attitude=attitude,
        high=rules.attitude.high,
    )
    if few:
        return Finding("loyal" if fond else "habitual", reason)
    return Finding("variety_seeker" if fond else "switcher", reason)

"""Word of mouth by published rules of thumb, which stand in the policy.

exposure = 8 x satisfied - 25 x dissatisfied customers; unheard = 20 x complaints; balance = good
moments - 12 x bad ones (rules of the kind of the TARP studies, "Consumer Complaint Handling in
America", 1979 and 1986). They are rough: a way to compare groups, not a count of people.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.policy.experience import ExperienceRules


class Told(NamedTuple):
    """What the rules start from: customers, complaints and moments of a group."""

    satisfied: int
    dissatisfied: int
    complaints: int
    good: float
    bad: float


class WordOfMouth(NamedTuple):
    """People reached (bad ones below 0), unhappy who did not complain, and the moments' balance."""

    exposure: float
    unheard: float
    balance: float
    reason: str


def word_of_mouth(told: Told, rules: ExperienceRules) -> WordOfMouth:
    """What a group's customers pass on.

    >>> found = word_of_mouth(Told(10, 4, 3, 30, 2), ExperienceRules())
    >>> found[:3]
    (-20.0, 60.0, 6.0)
    >>> found.reason
    '8 x 10 satisfied - 25 x 4 dissatisfied; 20 x 3 complaints; 30 good - 12 x 2 bad moments.'
    """
    say = rules.word_of_mouth
    exposure = (
        say.prospects_of_satisfied * told.satisfied
        - say.reached_by_dissatisfied * told.dissatisfied
    )
    reason = (
        f"{say.prospects_of_satisfied:g} x {told.satisfied:,} satisfied -"
        f" {say.reached_by_dissatisfied:g} x {told.dissatisfied:,} dissatisfied;"
        f" {say.unheard_of_complaint:g} x {told.complaints:,} complaints;"
        f" {told.good:,.0f} good - {say.good_for_bad:g} x {told.bad:,.0f} bad moments."
    )
    unheard = say.unheard_of_complaint * told.complaints
    return WordOfMouth(exposure, unheard, told.good - say.good_for_bad * told.bad, reason)
